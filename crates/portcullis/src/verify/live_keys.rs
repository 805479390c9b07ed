//! Keys that change.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{
            AtomicI64, AtomicU64,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
};

use arc_swap::{ArcSwap, Guard};

use super::{
    key_table::KeyTable,
    lease::{Lease, SharedLease},
};
use crate::{
    jose::{Algorithm, KeySet, VerifyingKey},
    time::Timestamp,
};

/// Keys that change while verifiers use them. Cheap to clone, and all clones are
/// one; verifiers that [use them](super::VerifierBuilder::keys_from) see every
/// change at once.
///
/// A verification works with the keys of one moment. A token that was verified
/// and [remembered](super::TokenCache) is good for as long as its key is: it is
/// checked anew once that was withdrawn, and when nobody has seen it for too
/// long. Tokens that no key verified are looked at again after every change.
///
/// ```
/// use std::time::Duration;
/// use portcullis::{
///     jose::{Algorithm, KeySet, SigningKey},
///     time::{Clock, SystemClock},
///     verify::{KeyTerms, LiveKeys},
/// };
///
/// let keys = LiveKeys::new(&[Algorithm::ES256]);
/// let first = SigningKey::generate(Algorithm::ES256)?.with_key_id("first");
/// let now = SystemClock.now();
/// let terms = KeyTerms {
///     settled_until: now.saturating_add(Duration::from_secs(5)),
///     good_until: now.saturating_add(Duration::from_secs(3600)),
/// };
/// assert!(keys.publish(KeySet::from(first.verifying_key()), terms));
/// // The same keys again: nothing has changed.
/// assert!(!keys.publish(KeySet::from(first.verifying_key()), terms));
/// # Ok::<(), portcullis::jose::KeyError>(())
/// ```
#[derive(Clone)]
pub struct LiveKeys(Arc<Live>);

struct Live {
    algorithms: Box<[Algorithm]>,
    table: ArcSwap<KeyTable>,
    /// How often the set has changed.
    changes: AtomicU64,
    settled_until: AtomicI64,
    good: Lease,
    /// One publishes at a time.
    publishing: Mutex<()>,
}

/// What [`LiveKeys`] hold at one moment.
pub(super) type CurrentTable = Guard<Arc<KeyTable>>;

/// For how long a set of keys counts, in the time of the verifiers' clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyTerms {
    /// Until then nobody is asked about a key that is not in the set: there is
    /// none, and the token that names it is refused.
    pub settled_until: Timestamp,
    /// Until then the keys verify. Afterwards nobody can say whether they still
    /// are the issuer's: a 503, never a 401.
    pub good_until: Timestamp,
}

impl LiveKeys {
    /// No keys yet; tokens of these algorithms may come to have one.
    pub fn new(algorithms: &[Algorithm]) -> Self {
        Self(Arc::new(Live {
            algorithms: algorithms.into(),
            table: ArcSwap::from_pointee(KeyTable::new(KeySet::default(), Vec::new())),
            changes: AtomicU64::new(0),
            settled_until: AtomicI64::new(i64::MIN),
            good: Lease::none(),
            publishing: Mutex::new(()),
        }))
    }

    /// Trusts `keys`, and none that is not among them. Those that were trusted
    /// before under the same key id stay what they were, and so does whatever was
    /// verified with them. Whether anything has changed.
    pub fn publish(&self, keys: KeySet, terms: KeyTerms) -> bool {
        let live = &*self.0;
        let _one = live.publishing.lock();
        let old = live.table.load_full();
        let is_same = old.keys().len() == keys.len()
            && keys
                .iter()
                .zip(old.keys().iter())
                .all(|(new, old)| new.is_interchangeable_with(old));
        if is_same {
            live.set_terms(&old, terms);
            return false;
        }
        let leases: Vec<_> = keys
            .iter()
            .map(|key| lease_of(&old, key).unwrap_or_else(|| Lease::none().into()))
            .collect();
        let table = Arc::new(KeyTable::new(keys, leases));
        for lease in table.leases() {
            lease.move_to(terms.good_until);
        }
        live.table.store(table.clone());
        // Only now, so that what is found bad by the old table does not count for
        // the new; and before the terms, by which it would be final.
        live.changes.fetch_add(1, Release);
        live.set_terms(&table, terms);
        let kept = |lease: &SharedLease| table.leases().iter().any(|new| Arc::ptr_eq(new, lease));
        old.leases()
            .iter()
            .filter(|lease| !kept(lease))
            .for_each(|lease| lease.end());
        true
    }

    /// The issuer was asked again, and has the same keys.
    pub fn extend(&self, terms: KeyTerms) {
        let _one = self.0.publishing.lock();
        let table = self.0.table.load_full();
        self.0.set_terms(&table, terms);
    }

    /// Trusts none any more: it is as before the first were published.
    pub fn withdraw(&self) {
        let live = &*self.0;
        let _one = live.publishing.lock();
        let empty = KeyTable::new(KeySet::default(), Vec::new());
        let old = live.table.swap(Arc::new(empty));
        live.changes.fetch_add(1, Release);
        live.settled_until.store(i64::MIN, Relaxed);
        live.good.end();
        old.leases().iter().for_each(|lease| lease.end());
    }

    /// The keys that are trusted now.
    pub fn keys(&self) -> KeySet {
        self.0.table.load().keys().clone()
    }

    /// The algorithms of tokens that may come to have a key.
    pub fn algorithms(&self) -> &[Algorithm] {
        &self.0.algorithms
    }

    pub(super) fn table(&self) -> CurrentTable {
        self.0.table.load()
    }

    pub(super) fn changes(&self) -> u64 {
        self.0.changes.load(Acquire)
    }

    /// Whether a key that is not among them is none.
    pub(super) fn is_settled(&self, now: Timestamp) -> bool {
        now.as_millis() < self.0.settled_until.load(Acquire)
    }

    /// Whether they may be used at all.
    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        self.0.good.holds(now)
    }
}

impl Live {
    fn set_terms(&self, table: &KeyTable, terms: KeyTerms) {
        for lease in table.leases() {
            lease.move_to(terms.good_until);
        }
        self.good.move_to(terms.good_until);
        let settled_until = terms.settled_until.as_millis();
        self.settled_until.store(settled_until, Release);
    }
}

fn lease_of(table: &KeyTable, key: &VerifyingKey) -> Option<SharedLease> {
    let mut keys = table.keys().iter();
    let place = keys.position(|own| own.is_interchangeable_with(key))?;
    table.lease(place).cloned()
}

impl fmt::Debug for LiveKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LiveKeys").field(&self.keys()).finish()
    }
}
