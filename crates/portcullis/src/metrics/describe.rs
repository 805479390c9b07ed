//! What a recorder is told before anything happens.

use ::metrics::{Unit, with_recorder};

use super::{
    list::{ALL, begin_at_zero},
    metric::{Metric, MetricKind},
};

/// Tells the installed recorder what each metric says and in which unit, and begins
/// those counters at zero whose first count should wake somebody: of a series that
/// begins with one, Prometheus sees no increase. To be called once, after the recorder
/// was installed.
pub fn describe() {
    with_recorder(|recorder| {
        for metric in ALL {
            let (name, unit) = (metric.name.into(), Some(unit(metric)));
            let description = metric.description.into();
            match metric.kind {
                MetricKind::Counter => recorder.describe_counter(name, unit, description),
                MetricKind::Gauge => recorder.describe_gauge(name, unit, description),
                MetricKind::Histogram => recorder.describe_histogram(name, unit, description),
            }
        }
    });
    begin_at_zero();
}

/// In what it is measured.
fn unit(metric: &Metric) -> Unit {
    match metric.name.rsplit('_').next() {
        Some("seconds") => Unit::Seconds,
        Some("bytes") => Unit::Bytes,
        _ => Unit::Count,
    }
}
