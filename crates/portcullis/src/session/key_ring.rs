//! Key rings and the store that their nodes meet in.

use super::{SessionStore, StoreError, StoredRing};
use crate::{
    issue::{Change, KeyRing},
    time::{Clock, Timestamp},
};

/// How often a change is tried when other nodes are first.
const TRIES: usize = 16;

impl KeyRing {
    /// Tells the store which keys this node has, and learns which one signs. To
    /// be called after each [`scan`](Self::scan).
    ///
    /// It writes once per half a lease unless something changes.
    ///
    /// # Errors
    ///
    /// When the store fails, or holds a record of a newer version; the ring goes
    /// on with what it knows for as long as it
    /// [may](crate::issue::KeyRingBuilder::max_silence).
    pub async fn sync(&self, store: &impl SessionStore) -> Result<(), StoreError> {
        let synced = self.change(store, |stored| {
            let record = (stored.version > 0).then_some(&*stored.record);
            self.report(record, stored.now).map(Some)
        });
        match synced.await {
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::warn!(
                    event = "ring_not_synced",
                    ring = self.name(),
                    error = &error as &dyn std::error::Error,
                    "the key ring cannot be read from the store or written to it"
                );
                Err(error)
            }
        }
    }

    /// Ends this node's part in the ring, so that no key waits for it until its
    /// lease is over. To be called when the process stops, after the last
    /// [`sync`](Self::sync).
    ///
    /// # Errors
    ///
    /// When the store fails: then its lease ends by itself.
    pub async fn leave(&self, store: &impl SessionStore) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let stored = store.key_ring(self.name()).await?;
            if stored.version == 0 {
                return Ok(());
            }
            let change = self
                .without_this_node(&stored.record)
                .map_err(StoreError::corrupt)?;
            let Some(text) = change.text else {
                return Ok(());
            };
            if store
                .replace_key_ring(self.name(), stored.version, &text)
                .await?
            {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// Withdraws a key, such as one that was stolen: this node refuses its tokens
    /// at once, the others when they read the store the next time, nodes that
    /// cannot read it after their [silence](crate::issue::KeyRingBuilder::max_silence).
    /// Foreign verifiers go on until they fetch the key set again. False if the
    /// store knows no key of this id.
    ///
    /// If it was the key that signs, the newest one that every node has takes over
    /// without waiting; if there is none, nothing is signed until there is. A key
    /// that was withdrawn never comes back, whatever becomes of its file.
    ///
    /// # Errors
    ///
    /// When the store fails; it is then unknown whether the key was withdrawn.
    pub async fn withdraw(
        &self,
        store: &impl SessionStore,
        key_id: &str,
    ) -> Result<bool, StoreError> {
        let takes_part = self.is_read();
        let changed = self
            .change(store, |stored| match stored.version {
                0 => Ok(None),
                _ => self.without_key(&stored.record, key_id, stored.now),
            })
            .await?;
        // A tool that only withdraws keys is no node to wait for.
        if changed && takes_part {
            self.sync(store).await?;
        }
        Ok(changed)
    }

    /// Changes what is kept, whoever else does so at once. False if there is
    /// nothing to change.
    async fn change(
        &self,
        store: &impl SessionStore,
        change: impl Fn(&StoredRing) -> Result<Option<Change>, serde_json::Error>,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let asked_at: Timestamp = self.clock().now();
            let stored = store.key_ring(self.name()).await?;
            let Some(change) = change(&stored).map_err(StoreError::corrupt)? else {
                return Ok(false);
            };
            if let Some(text) = &change.text
                && !store
                    .replace_key_ring(self.name(), stored.version, text)
                    .await?
            {
                continue;
            }
            self.adopt(change, asked_at, stored.now);
            return Ok(true);
        }
        Err(contended())
    }
}

fn contended() -> StoreError {
    StoreError::unavailable("too many nodes write the key ring at once: ask again later")
}
