//! The issuers that were asked for lately.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use portcullis::{time::Timestamp, verify::Verifier};

/// A bounded number of verifiers, without those that nobody uses.
pub(super) struct Table {
    entries: RwLock<HashMap<Arc<str>, Entry>>,
    /// How often one was taken out because it is not to be trusted any more;
    /// changed under the lock.
    removals: AtomicU64,
    most: usize,
    idle: Duration,
}

struct Entry {
    verifier: Verifier,
    used_at: AtomicI64,
}

impl Table {
    pub(super) fn new(most: usize, idle: Duration) -> Self {
        Self {
            entries: RwLock::default(),
            removals: AtomicU64::new(0),
            most,
            idle,
        }
    }

    pub(super) fn find(&self, issuer: &str, now: Timestamp) -> Option<Verifier> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(issuer)?;
        entry.used_at.store(now.as_millis(), Relaxed);
        Some(entry.verifier.clone())
    }

    /// The same, which does not count as a use.
    pub(super) fn peek(&self, issuer: &str) -> Option<Verifier> {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.get(issuer).map(|entry| entry.verifier.clone())
    }

    /// How often one was taken out.
    pub(super) fn removals(&self) -> u64 {
        self.removals.load(Relaxed)
    }

    /// Keeps a verifier, unless somebody was quicker: there is one for each issuer.
    /// Nor is it kept if one was taken out since there were so many `removals`: what
    /// was asked before that may have been answered before, too.
    pub(super) fn keep(
        &self,
        issuer: &str,
        verifier: Verifier,
        now: Timestamp,
        removals: u64,
    ) -> Verifier {
        if let Some(earlier) = self.find(issuer, now) {
            return earlier;
        }
        let mut dropped = self.sweep(now);
        let mut entries = self.write();
        if self.removals() != removals {
            return verifier;
        }
        while entries.len() >= self.most
            && let Some(oldest) = oldest(&entries)
        {
            dropped.extend(entries.remove(&oldest));
        }
        let entry = entries.entry(issuer.into()).or_insert(Entry {
            verifier,
            used_at: AtomicI64::new(now.as_millis()),
        });
        let kept = entry.verifier.clone();
        drop(entries);
        // Outside of the lock: what a verifier drags along is the application's.
        drop(dropped);
        kept
    }

    pub(super) fn remove(&self, issuer: &str) -> bool {
        let mut entries = self.write();
        self.removals.fetch_add(1, Relaxed);
        let removed = entries.remove(issuer);
        drop(entries);
        removed.is_some()
    }

    pub(super) fn len(&self) -> usize {
        let entries = self.entries.read().unwrap_or_else(PoisonError::into_inner);
        entries.len()
    }

    /// Lets go of those that nobody has used for a while.
    pub(super) fn sweep_idle(&self, now: Timestamp) {
        drop(self.sweep(now));
    }

    fn sweep(&self, now: Timestamp) -> Vec<Entry> {
        let mut entries = self.write();
        let idle = entries.extract_if(|_, entry| {
            let used_at = Timestamp::from_millis(entry.used_at.load(Relaxed));
            now.saturating_duration_since(used_at) >= self.idle
        });
        idle.map(|(_, entry)| entry).collect()
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<Arc<str>, Entry>> {
        self.entries.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn oldest(entries: &HashMap<Arc<str>, Entry>) -> Option<Arc<str>> {
    let oldest = entries
        .iter()
        .min_by_key(|(_, entry)| entry.used_at.load(Relaxed));
    oldest.map(|(issuer, _)| issuer.clone())
}
