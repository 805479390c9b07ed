//! Counters, gauges and histograms whose functions are empty without the feature
//! `metrics`, so that the places that are measured look the same with and without.
//!
//! The recorder is asked at each event: a handle that was kept would be that of whoever
//! was installed when it was made, perhaps of nobody.

use super::metric::{Metric, MetricKind};

#[cfg(feature = "metrics")]
use ::metrics::{Key, Label, Metadata, with_recorder};
#[cfg(feature = "metrics")]
use std::time::Instant;

/// Whether anything is reported: for what has to be worked out only to be told.
pub const ARE_ON: bool = cfg!(feature = "metrics");

/// With which recorders filter.
#[cfg(feature = "metrics")]
static METADATA: Metadata<'static> = Metadata::new(
    "portcullis",
    ::metrics::Level::INFO,
    Some("portcullis::metrics"),
);

/// Only ever grows. With `N` labels.
#[derive(Clone, Copy, Debug)]
pub struct Counter<const N: usize>(pub(super) Instrument<N>);

/// Goes up and down.
#[derive(Clone, Copy, Debug)]
pub struct Gauge<const N: usize>(pub(super) Instrument<N>);

/// Many times.
#[derive(Clone, Copy, Debug)]
pub struct Histogram<const N: usize>(pub(super) Instrument<N>);

/// What all of them have: its name, those of its labels, and what it says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instrument<const N: usize> {
    name: &'static str,
    labels: &'static [&'static str; N],
    description: &'static str,
}

impl<const N: usize> Instrument<N> {
    pub(super) const fn new(
        name: &'static str,
        labels: &'static [&'static str; N],
        description: &'static str,
    ) -> Self {
        Self {
            name,
            labels,
            description,
        }
    }

    const fn metric(self, kind: MetricKind) -> Metric {
        Metric {
            name: self.name,
            kind,
            labels: self.labels,
            description: self.description,
        }
    }

    #[cfg(feature = "metrics")]
    fn key(self, values: [&'static str; N]) -> Key {
        if N == 0 {
            return Key::from_static_name(self.name);
        }
        let labels = self.labels.iter().zip(values);
        let labels = labels.map(|(name, value)| Label::from_static_parts(name, value));
        Key::from_parts(self.name, labels.collect::<Vec<_>>())
    }
}

impl<const N: usize> Counter<N> {
    pub(super) const fn metric(self) -> Metric {
        self.0.metric(MetricKind::Counter)
    }

    /// Counts one, under these values of its labels.
    #[inline]
    pub fn count(self, values: [&'static str; N]) {
        self.add(1, values);
    }

    /// Counts several at once.
    #[inline]
    pub fn add(self, number: u64, values: [&'static str; N]) {
        #[cfg(feature = "metrics")]
        count_by(number, &self.0.key(values));
        #[cfg(not(feature = "metrics"))]
        let _ = (number, values);
    }
}

/// Counts what happens with every request: the key is made when it is compiled.
macro_rules! count_often {
    ($counter:ident, $($label:literal => $value:literal),+) => {{
        #[cfg(feature = "metrics")]
        {
            static LABELS: &[::metrics::Label] =
                &[$(::metrics::Label::from_static_parts($label, $value)),+];
            static KEY: ::metrics::Key = ::metrics::Key::from_static_parts($counter.name(), LABELS);
            super::instruments::count_by(1, &KEY);
        }
    }};
}
pub(super) use count_often;

impl<const N: usize> Counter<N> {
    #[cfg(feature = "metrics")]
    pub(super) const fn name(self) -> &'static str {
        self.0.name
    }
}

#[cfg(feature = "metrics")]
pub(super) fn count_by(number: u64, key: &Key) {
    with_recorder(|recorder| recorder.register_counter(key, &METADATA).increment(number));
}

impl<const N: usize> Gauge<N> {
    pub(super) const fn metric(self) -> Metric {
        self.0.metric(MetricKind::Gauge)
    }

    /// What it is now.
    #[inline]
    pub fn set(self, value: f64, values: [&'static str; N]) {
        #[cfg(feature = "metrics")]
        self.change(values, |gauge| gauge.set(value));
        #[cfg(not(feature = "metrics"))]
        let _ = (value, values);
    }

    /// By how much it is more; less, if that is negative. So several of a kind add up.
    #[inline]
    pub fn add(self, difference: f64, values: [&'static str; N]) {
        #[cfg(feature = "metrics")]
        if difference != 0.0 {
            self.change(values, |gauge| gauge.increment(difference));
        }
        #[cfg(not(feature = "metrics"))]
        let _ = (difference, values);
    }

    #[cfg(feature = "metrics")]
    fn change(self, values: [&'static str; N], change: impl FnOnce(::metrics::Gauge)) {
        let key = self.0.key(values);
        with_recorder(|recorder| change(recorder.register_gauge(&key, &METADATA)));
    }
}

impl<const N: usize> Histogram<N> {
    pub(super) const fn metric(self) -> Metric {
        self.0.metric(MetricKind::Histogram)
    }

    /// How long something took.
    #[inline]
    pub fn record(self, time: Stopwatch, values: [&'static str; N]) {
        #[cfg(feature = "metrics")]
        if let Some(since) = time.0 {
            let (key, secs) = (self.0.key(values), since.elapsed().as_secs_f64());
            with_recorder(|recorder| recorder.register_histogram(&key, &METADATA).record(secs));
        }
        #[cfg(not(feature = "metrics"))]
        let _ = (time, values);
    }

    /// How long a future takes from its first poll on, under the labels of its output.
    /// One that is dropped before its end is not counted.
    #[cfg(feature = "metrics")]
    pub(crate) async fn time<F: Future>(
        self,
        future: F,
        values: impl FnOnce(&F::Output) -> [&'static str; N],
    ) -> F::Output {
        let time = Stopwatch::start();
        let output = future.await;
        self.record(time, values(&output));
        output
    }

    /// The future as it is.
    #[cfg(not(feature = "metrics"))]
    #[inline]
    pub(crate) fn time<F: Future>(
        self,
        future: F,
        _: impl FnOnce(&F::Output) -> [&'static str; N],
    ) -> F {
        future
    }
}

/// Since when something takes its time; nothing without the feature, nor where there is
/// no operating system to ask.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(#[cfg(feature = "metrics")] Option<Instant>);

/// Elsewhere `Instant::now` panics.
#[cfg(feature = "metrics")]
const IS_TIME_THERE: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

impl Stopwatch {
    /// From now on.
    #[inline]
    pub fn start() -> Self {
        Self(
            #[cfg(feature = "metrics")]
            IS_TIME_THERE.then(Instant::now),
        )
    }
}
