//! The pages say what the code does.

use std::{collections::BTreeSet, fs, path::PathBuf};

use portcullis::metrics::{ALL, Metric, MetricKind};

fn page(name: &str) -> String {
    let docs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    fs::read_to_string(docs.join(name)).unwrap()
}

/// A row for each metric, and none for another: name, kind, labels.
#[test]
fn every_metric_has_its_row() {
    let page = page("metrics.md");
    let rows: BTreeSet<_> = page
        .lines()
        .filter(|line| line.starts_with("| `portcullis_"))
        .map(|line| {
            let cells = line.split('|').map(str::trim).skip(1).take(3);
            cells.collect::<Vec<_>>().join(" | ")
        })
        .collect();
    let declared: BTreeSet<_> = ALL.iter().map(row).collect();
    assert_eq!(rows, declared);
}

fn row(metric: &Metric) -> String {
    let kind = match metric.kind() {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
        kind => panic!("{kind:?} has no name in the page"),
    };
    let labels: Vec<_> = metric.labels().iter().map(|it| format!("`{it}`")).collect();
    format!("`{}` | {kind} | {}", metric.name(), labels.join(", "))
}

/// Alerts are about metrics that there are, with labels that they have.
#[test]
fn alerts_are_about_metrics_that_there_are() {
    let rules = page("alerts.yaml");
    let mut seen = BTreeSet::new();
    for (at, _) in rules.match_indices("portcullis_") {
        let rest = &rules[at..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
        let plain = ["_bucket", "_sum", "_count"]
            .iter()
            .find_map(|end| name.strip_suffix(end))
            .unwrap_or(name);
        let metric = ALL.iter().find(|metric| metric.name() == plain);
        let metric = metric.unwrap_or_else(|| panic!("there is no `{name}`"));
        seen.insert(plain);
        let Some(matchers) = rest.strip_prefix('{').and_then(|it| it.split('}').next()) else {
            continue;
        };
        for matcher in matchers.split(',') {
            let label = matcher.split(['=', '!']).next().unwrap().trim();
            assert!(metric.labels().contains(&label), "{name} has no `{label}`");
        }
    }
    assert!(seen.len() > 6, "{seen:?}");
}
