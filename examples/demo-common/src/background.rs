//! What goes on beside the requests.

use std::{sync::Arc, time::Duration};

use portcullis::session::{DynSessionStore, Revocations, SessionStore};
use tokio::{task::JoinSet, time};

use crate::{feed::Relay, metrics::Metrics, store::Store, trust_file::TrustFile};

/// How often what is over is forgotten.
const PURGE: Duration = Duration::from_secs(60);

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
        relay: Relay,
        trusted: Option<TrustFile>,
        metrics: &Metrics,
    ) -> Self {
        let mut tasks = JoinSet::new();
        let watch = (store.clone(), revocations.clone());
        tasks.spawn(async move { watch.0.watch(watch.1).await });
        tasks.spawn(keep_small(store.sessions(), revocations.keep()));
        tasks.spawn(relay.run());
        if let Some(file) = trusted {
            tasks.spawn(file.follow());
        }
        tasks.spawn(metrics.clone().keep_small());
        Self { _tasks: tasks }
    }
}

async fn keep_small(store: DynSessionStore, keep: Duration) {
    loop {
        match store.purge(keep).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "forgot what is over"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "what is over cannot be forgotten"
            ),
        }
        time::sleep(PURGE).await;
    }
}
