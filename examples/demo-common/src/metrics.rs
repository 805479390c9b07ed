//! What the demo counts and times, for Prometheus.

use std::{fmt, time::Duration};

use bytes::Bytes;
use http::{HeaderValue, Response, header};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::time;

use crate::start::StartError;

/// In seconds: from a store in memory to one that is about to be given up.
const BUCKETS: [f64; 12] = [
    0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0,
];

/// How often what was timed is put into its buckets, if nobody asks.
const UPKEEP: Duration = Duration::from_secs(5);

/// What `GET /metrics` answers. There is nothing secret in it, but how much a service is
/// used and refuses is nobody's business either: a real one serves it where only
/// Prometheus gets to, such as on a port of its own.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Where it is.
    pub const PATH: &'static str = "/metrics";

    /// Begins to count, for the whole process.
    pub(crate) fn install() -> Result<Self, StartError> {
        let times = Matcher::Suffix("_duration_seconds".to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(times, &BUCKETS)
            .map_err(StartError::new)?;
        let handle = builder.install_recorder().map_err(StartError::new)?;
        portcullis::metrics::describe();
        Ok(Self(handle))
    }

    /// Everything, as it is now, in Prometheus' text format.
    pub fn reply(&self) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(self.0.render()));
        let text = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, text);
        response
    }

    /// Keeps what was timed from piling up while nobody asks.
    pub(crate) async fn keep_small(self) {
        loop {
            time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
