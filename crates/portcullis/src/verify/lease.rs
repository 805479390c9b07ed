//! How long a key may be trusted.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use crate::time::Timestamp;

/// The time until which a key is good, which may be moved: further away while
/// its issuer goes on publishing it, to the beginning of time when it does not.
///
/// What was verified with the key holds its lease: one look at it tells whether
/// the key was withdrawn, or nobody has seen it for too long.
#[derive(Debug)]
pub(super) struct Lease(AtomicI64);

/// Shared by a key and the tokens that were verified with it.
pub(super) type SharedLease = Arc<Lease>;

impl Lease {
    /// One that holds at no time.
    pub(super) fn none() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }

    /// One that holds until then.
    pub(super) fn until(end: Timestamp) -> Self {
        Self(AtomicI64::new(end.as_millis()))
    }

    pub(super) fn holds(&self, now: Timestamp) -> bool {
        // Nothing else is read on its account.
        now.as_millis() < self.0.load(Relaxed)
    }

    pub(super) fn move_to(&self, end: Timestamp) {
        self.0.store(end.as_millis(), Relaxed);
    }

    pub(super) fn end(&self) {
        self.0.store(i64::MIN, Relaxed);
    }
}
