//! A clock that stands until it is turned.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use portcullis::time::{Clock, SharedClock, Timestamp};

/// A clock for tests. Clones are the same clock.
///
/// ```
/// use std::time::Duration;
/// use portcullis::time::Clock;
/// use portcullis_testing::clock::FakeClock;
///
/// let clock = FakeClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_millis(1500));
/// assert_eq!(clock.now().as_millis() - before.as_millis(), 1500);
/// ```
#[derive(Clone, Debug)]
pub struct FakeClock(Arc<AtomicI64>);

impl FakeClock {
    /// Where a new clock stands, in seconds since the epoch: in 2027, on a
    /// whole second.
    pub const START: i64 = 1_800_000_000;

    /// A clock that stands at [`START`](Self::START).
    pub fn new() -> Self {
        Self::at(Timestamp::from_secs(Self::START))
    }

    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(Arc::new(AtomicI64::new(now.as_millis())))
    }

    /// Turns the clock forward.
    pub fn advance(&self, by: Duration) {
        let advance = |now| Some(Timestamp::from_millis(now).saturating_add(by).as_millis());
        // The closure always answers, so this cannot fail.
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, advance);
    }

    /// Sets the clock, backwards too.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// The same clock, as builders want it.
    pub fn shared(&self) -> SharedClock {
        SharedClock::new(self.clone())
    }
}

impl Default for FakeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
