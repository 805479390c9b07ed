//! Runs one case some times, for callgrind to count its instructions:
//! `instructions HS256/verification 100`. Without arguments it lists the cases.

use performance::hot_paths;

fn main() {
    #[cfg(feature = "metrics")]
    metrics_exporter_prometheus::PrometheusBuilder::new()
        .install_recorder()
        .expect("no recorder is installed");
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        hot_paths::NAMES.iter().for_each(|name| println!("{name}"));
        return;
    };
    let iterations = arguments.next().and_then(|text| text.parse().ok());
    let mut case = hot_paths::case(&name).expect("no such case");
    for _ in 0..iterations.unwrap_or(1) {
        case.run();
    }
}
