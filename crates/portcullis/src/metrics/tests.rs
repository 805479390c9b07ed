//! The names keep to what Prometheus wants.

use std::collections::BTreeSet;

use super::*;

#[test]
fn names_are_unique_and_say_what_they_are() {
    let names: BTreeSet<_> = ALL.iter().map(Metric::name).collect();
    assert_eq!(names.len(), ALL.len());
    for metric in ALL {
        let name = metric.name();
        let end = name.rsplit('_').next().unwrap();
        assert!(name.starts_with("portcullis_"), "{name}");
        assert_eq!(
            end == "total",
            metric.kind() == MetricKind::Counter,
            "{name}"
        );
        if metric.kind() == MetricKind::Histogram {
            assert_eq!(end, "seconds", "{name}");
        }
        let is_plain = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        assert!(is_plain(name), "{name}");
        assert!(
            metric.labels().iter().all(|label| is_plain(label)),
            "{name}"
        );
        assert!(!metric.description().ends_with('.'), "{name}");
    }
}
