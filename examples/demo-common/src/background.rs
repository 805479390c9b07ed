//! What goes on beside the requests.

use std::time::Duration;

use portcullis::session::{DynSessionStore, Revocations, SessionStore};
use tokio::{task::JoinSet, time};

/// How often the snapshot of revocations is read again: so long another
/// process's log-out may take to arrive here.
const SYNC: Duration = Duration::from_secs(1);

/// How often what is over is forgotten.
const PURGE: Duration = Duration::from_secs(60);

/// Tasks that end when this is dropped.
#[derive(Debug)]
pub(crate) struct Background {
    _tasks: JoinSet<()>,
}

impl Background {
    pub(crate) fn start(revocations: &Revocations, store: &DynSessionStore) -> Self {
        let mut tasks = JoinSet::new();
        tasks.spawn(keep_in_sync(revocations.clone()));
        tasks.spawn(keep_small(store.clone(), revocations.keep()));
        Self { _tasks: tasks }
    }
}

async fn keep_in_sync(revocations: Revocations) {
    let mut failing = false;
    loop {
        time::sleep(SYNC).await;
        let result = revocations.sync().await;
        // One line when it begins and one when it ends, not one each second.
        match &result {
            Err(error) if !failing => tracing::warn!(%error, "revocations cannot be read"),
            Ok(()) if failing => tracing::info!("revocations can be read again"),
            _ => {}
        }
        failing = result.is_err();
    }
}

async fn keep_small(store: DynSessionStore, keep: Duration) {
    loop {
        match store.purge(keep).await {
            Ok(0) => {}
            Ok(rows) => tracing::debug!(rows, "forgot what is over"),
            Err(error) => tracing::warn!(%error, "what is over cannot be forgotten"),
        }
        time::sleep(PURGE).await;
    }
}
