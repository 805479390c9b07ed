//! What a verifier trusts.

use std::{
    ops::Deref,
    sync::{Arc, Weak},
};

use super::{KeySource, LiveKeys, key_table::KeyTable, live_keys::CurrentTable};
use crate::{
    jose::{Algorithm, KeySet, MAX_SIGNATURE},
    time::Timestamp,
};

/// The keys of one issuer: fixed, or as they are at each moment.
#[derive(Clone)]
pub(super) enum TrustedKeys {
    Fixed(Arc<KeyTable>),
    Live { keys: LiveKeys, source: Source },
}

/// Who is asked about keys that are missing.
#[derive(Clone)]
pub(super) enum Source {
    Kept(Arc<dyn KeySource>),
    /// As long as somebody else keeps it.
    Lent(Weak<dyn KeySource>),
}

/// The keys of a moment.
pub(super) enum Current<'k> {
    Fixed(&'k KeyTable),
    Live(CurrentTable),
}

impl TrustedKeys {
    pub(super) fn fixed(keys: KeySet) -> Self {
        Self::Fixed(Arc::new(KeyTable::new(keys, Vec::new())))
    }

    pub(super) fn live(source: impl KeySource) -> Self {
        Self::Live {
            keys: source.keys().clone(),
            source: Source::Kept(Arc::new(source)),
        }
    }

    /// The same, without keeping who is asked.
    pub(super) fn lent(&self) -> Self {
        match self {
            Self::Live {
                keys,
                source: Source::Kept(source),
            } => Self::Live {
                keys: keys.clone(),
                source: Source::Lent(Arc::downgrade(source)),
            },
            keys => keys.clone(),
        }
    }

    /// The keys to verify with; none if they are too old, or not there yet.
    pub(super) fn current(&self, now: impl FnOnce() -> Timestamp) -> Option<Current<'_>> {
        match self {
            Self::Fixed(table) => Some(Current::Fixed(table)),
            Self::Live { keys, .. } => keys.is_good(now()).then(|| Current::Live(keys.table())),
        }
    }

    /// Whether there can never be any.
    pub(super) fn are_none(&self) -> bool {
        match self {
            Self::Fixed(table) => table.keys().is_empty(),
            Self::Live { keys, .. } => keys.algorithms().is_empty(),
        }
    }

    /// Whether one of them is, or may come to be, of such an algorithm.
    pub(super) fn any(&self, mut is_meant: impl FnMut(Algorithm) -> bool) -> bool {
        match self {
            Self::Fixed(table) => {
                let mut keys = table.keys().iter();
                keys.any(|key| is_meant(key.algorithm()))
            }
            Self::Live { keys, .. } => keys.algorithms().iter().copied().any(is_meant),
        }
    }

    /// The longest signature that one of them makes, or may come to make, in bytes.
    pub(super) fn longest_signature(&self) -> usize {
        let mut longest = MAX_SIGNATURE;
        self.any(|algorithm| {
            longest = longest.max(algorithm.longest_signature());
            false
        });
        longest
    }

    /// For a log.
    pub(super) fn keys(&self) -> KeySet {
        match self {
            Self::Fixed(table) => table.keys().clone(),
            Self::Live { keys, .. } => keys.keys(),
        }
    }

    /// Whether they may become others.
    pub(super) fn change(&self) -> bool {
        matches!(self, Self::Live { .. })
    }

    /// How often they have changed.
    pub(super) fn changes(&self) -> u64 {
        match self {
            Self::Fixed(_) => 0,
            Self::Live { keys, .. } => keys.changes(),
        }
    }
}

impl Source {
    /// Nobody, once it was let go.
    pub(super) fn get(&self) -> Option<Arc<dyn KeySource>> {
        match self {
            Self::Kept(source) => Some(source.clone()),
            Self::Lent(source) => source.upgrade(),
        }
    }
}

impl Deref for Current<'_> {
    type Target = KeyTable;

    fn deref(&self) -> &KeyTable {
        match self {
            Self::Fixed(table) => table,
            Self::Live(table) => table,
        }
    }
}
