//! A metric, as others see it.

/// A metric of the family: what `docs/metrics.md` has a row about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: MetricKind,
    pub(super) labels: &'static [&'static str],
    pub(super) description: &'static str,
}

/// How a [`Metric`] is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MetricKind {
    /// It only ever grows.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Many values, such as times.
    Histogram,
}

impl Metric {
    /// Its name, as Prometheus wants them: the unit at the end, `_total` for counters.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// How it is to be read.
    pub const fn kind(&self) -> MetricKind {
        self.kind
    }

    /// The names of its labels.
    pub const fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    /// What it says, in a few words.
    pub const fn description(&self) -> &'static str {
        self.description
    }
}
