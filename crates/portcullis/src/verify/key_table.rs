//! The keys that are trusted at one moment.

use super::{
    known::{KnownHeader, KnownHeaders},
    lease::SharedLease,
    typ::TypRule,
};
use crate::jose::{KeySet, VerifyingKey};

/// A set of keys with the headers they were seen with: never changed, only
/// replaced.
#[derive(Debug)]
pub(super) struct KeyTable {
    keys: KeySet,
    /// In the order of the keys; none for keys that never change.
    leases: Vec<SharedLease>,
    known: KnownHeaders,
}

impl KeyTable {
    pub(super) fn new(keys: KeySet, leases: Vec<SharedLease>) -> Self {
        Self {
            keys,
            leases,
            known: KnownHeaders::default(),
        }
    }

    pub(super) fn keys(&self) -> &KeySet {
        &self.keys
    }

    pub(super) fn leases(&self) -> &[SharedLease] {
        &self.leases
    }

    pub(super) fn lease(&self, place: usize) -> Option<&SharedLease> {
        self.leases.get(place)
    }

    /// What is known about a header of a token of this type.
    pub(super) fn find(&self, segment: &[u8], typ: TypRule) -> Option<&KnownHeader> {
        self.known.find(segment, typ)
    }

    /// Remembers the header of a token whose signature the key in this place
    /// verified.
    pub(super) fn remember(
        &self,
        segment: &[u8],
        typ: TypRule,
        (place, key): (usize, &VerifyingKey),
        is_sole: bool,
    ) {
        self.known.remember(KnownHeader {
            segment: segment.into(),
            typ,
            key: key.clone(),
            lease: self.lease(place).cloned(),
            is_sole,
        });
    }
}
