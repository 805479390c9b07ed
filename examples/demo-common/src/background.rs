//! What goes on beside the requests.

use std::sync::Arc;

use portcullis::session::{Maintenance, Revocations};
use tokio::{task::JoinSet, time};

use crate::{feed::Relay, metrics::Metrics, store::Store, trust_file::TrustFile};

/// Tasks that end when this is dropped.
#[derive(Debug)]
pub(crate) struct Background {
    _tasks: JoinSet<()>,
}

impl Background {
    /// Keeps the snapshot up to date, and the store small, tells of what happens to
    /// sessions, and reads the file again that says what is trusted.
    pub(crate) fn start(
        store: &Arc<Store>,
        revocations: &Revocations,
        maintenance: Maintenance,
        relay: Relay,
        trusted: Option<TrustFile>,
        metrics: &Metrics,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let watch = (store.clone(), revocations.clone());
        tasks.spawn(async move { watch.0.watch(watch.1).await });
        tasks.spawn(async move { match maintenance.run(time::sleep).await {} });
        tasks.spawn(relay.run());
        if let Some(file) = trusted {
            tasks.spawn(file.follow());
        }
        tasks.spawn(metrics.clone().keep_small());
        Self { _tasks: tasks }
    }
}
