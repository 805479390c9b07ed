//! Agreeing with other nodes on how long what is over is kept.

use std::{sync::atomic::Ordering, time::Duration};

use portcullis::session::StoreError;
use serde::Serialize;

use crate::{RedisStore, ask::number, row};

impl RedisStore {
    /// Learns how long everybody keeps what is over, and lengthens it to what this node
    /// needs.
    pub(crate) async fn agree_on_keep(&self) -> Result<(), StoreError> {
        #[derive(Serialize)]
        struct What {
            at_least: String,
        }
        let keep = &self.0.keep;
        let what = What {
            at_least: keep.least.load(Ordering::Relaxed).to_string(),
        };
        let key = self.0.layout.keep_key();
        let agreed: String = self.run(&self.0.scripts.keep, &[key], what).await?;
        keep.agreed.store(row::number(&agreed)?, Ordering::Relaxed);
        Ok(())
    }

    /// Needs it for a snapshot, from the next agreement on.
    pub(crate) fn keep_for(&self, needed: Duration) {
        let keep = &self.0.keep;
        let before = keep.least.fetch_max(number(needed), Ordering::Relaxed);
        if before < number(needed) {
            let (keep, needed) = (Duration::from_millis(before), needed);
            tracing::warn!(
                ?keep,
                ?needed,
                "revocations are kept for longer than `keep` says: access tokens live for longer"
            );
        }
    }
}
