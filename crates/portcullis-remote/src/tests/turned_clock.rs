//! A clock that a test turns.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use portcullis::time::{Clock, SharedClock, Timestamp};

#[derive(Clone, Default)]
pub(super) struct TurnedClock(Arc<AtomicI64>);

impl TurnedClock {
    pub(super) fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(super) fn shared(&self) -> SharedClock {
        SharedClock::new(self.clone())
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
