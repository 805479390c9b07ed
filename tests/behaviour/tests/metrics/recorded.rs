//! What the recorder of this process has.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Series with their values, as Prometheus reads them.
pub(crate) type Series = BTreeMap<String, f64>;

/// The recorder, for one test at a time.
pub(crate) struct Recorder(#[expect(dead_code)] MutexGuard<'static, ()>);

static HANDLE: LazyLock<PrometheusHandle> = LazyLock::new(|| {
    let handle = PrometheusBuilder::new().install_recorder().unwrap();
    portcullis::metrics::describe();
    handle
});

/// Begins a test.
pub(crate) fn recorder() -> Recorder {
    static ONE: Mutex<()> = Mutex::new(());
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    LazyLock::force(&HANDLE);
    Recorder(one)
}

impl Recorder {
    /// All as it would be scraped.
    pub(crate) fn text(&self) -> String {
        HANDLE.render()
    }

    /// All series.
    pub(crate) fn series(&self) -> Series {
        let text = self.text();
        let lines = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines
            .map(|line| {
                let (series, value) = line.rsplit_once(' ').unwrap();
                (series.to_owned(), value.parse().unwrap())
            })
            .collect()
    }

    /// By how much the series of a metric have grown since `before`.
    pub(crate) fn growth(&self, before: &Series, metric: &str) -> Series {
        let mut grown = self.series();
        grown.retain(|series, value| {
            *value -= before.get(series).copied().unwrap_or_default();
            series.split('{').next() == Some(metric) && *value != 0.0
        });
        grown
    }

    /// One series, which is there.
    pub(crate) fn value(&self, series: &str) -> f64 {
        let all = self.series();
        *all.get(series)
            .unwrap_or_else(|| panic!("`{series}` is not among {all:#?}"))
    }
}

/// A series as it is written in tests: `name label=value`.
pub(crate) fn series<'a>(expected: impl IntoIterator<Item = (&'a str, f64)>) -> Series {
    let written = |text: &str| {
        let mut words = text.split(' ');
        let name = words.next().unwrap();
        let labels: Vec<_> = words
            .map(|label| {
                let (label, value) = label.split_once('=').unwrap();
                format!("{label}=\"{value}\"")
            })
            .collect();
        match labels.is_empty() {
            true => name.to_owned(),
            false => format!("{name}{{{}}}", labels.join(",")),
        }
    };
    expected
        .into_iter()
        .map(|(text, value)| (written(text), value))
        .collect()
}
