//! How long what is over is kept: what all nodes agree on.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::ask::number;
use portcullis::session::StoreError;

/// How long it is unless anybody says otherwise: a day.
pub(crate) const DEFAULT: Duration = Duration::from_secs(24 * 60 * 60);

/// How much longer than access tokens live revocations are kept: what
/// [`Revocations`](portcullis::session::Revocations) adds unless its clocks are set
/// further apart.
const MARGIN: Duration = Duration::from_secs(122);

/// How long this node wants it to be at least.
pub(crate) fn least(keep: Option<Duration>, longest: Duration) -> Result<Duration, StoreError> {
    let needed = match longest.is_zero() {
        true => Duration::ZERO,
        false => longest.saturating_add(MARGIN),
    };
    match keep {
        None => Ok(DEFAULT.max(needed)),
        Some(keep) if keep >= needed => Ok(keep),
        Some(keep) => Err(StoreError::unsupported(format!(
            "`keep` is {keep:?}, but revocations are needed for {needed:?}, as access tokens \
             live for {longest:?} (`access_tokens_live_for`)"
        ))),
    }
}

/// Milliseconds, as scripts are told.
pub(crate) struct Keep {
    /// What this node needs.
    pub(crate) least: AtomicU64,
    /// What all have agreed on.
    pub(crate) agreed: AtomicU64,
}

impl Keep {
    pub(crate) fn new(least: Duration) -> Self {
        let least = number(least);
        Self {
            least: least.into(),
            agreed: least.into(),
        }
    }

    /// What is done now.
    pub(crate) fn now(&self) -> u64 {
        self.agreed.load(Ordering::Relaxed)
    }

    pub(crate) fn text(&self) -> String {
        self.now().to_string()
    }
}

#[cfg(test)]
mod tests {
    use portcullis::{
        session::{DynSessionStore, MemoryStore, Revocations, StoreErrorKind},
        time::SharedClock,
    };

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_margin_is_that_of_a_snapshot() {
        let clock = SharedClock::default();
        let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
        let snapshot = Revocations::new(store, clock, HOUR);
        assert_eq!(snapshot.keep(), HOUR + MARGIN);
    }

    #[test]
    fn what_access_tokens_need_decides() {
        let day = DEFAULT;
        assert_eq!(least(None, Duration::ZERO).unwrap(), day);
        assert_eq!(least(None, HOUR).unwrap(), day);
        assert_eq!(least(None, day).unwrap(), day + MARGIN);
        assert_eq!(least(Some(HOUR), Duration::ZERO).unwrap(), HOUR);
        assert_eq!(least(Some(HOUR + MARGIN), HOUR).unwrap(), HOUR + MARGIN);
        let conflict = least(Some(HOUR), HOUR).unwrap_err();
        assert_eq!(conflict.kind(), StoreErrorKind::Unsupported);
        let message = conflict.cause().to_string();
        assert!(message.contains("`keep` is 3600s"), "{message}");
        assert!(message.contains("`access_tokens_live_for`"), "{message}");
    }
}
