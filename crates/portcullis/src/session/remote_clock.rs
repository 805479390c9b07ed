//! What is known of a server's clock.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::time::Timestamp;

/// How long what was heard is gone by. Two clocks that run differently by a
/// thousandth are then a few hundredths of a second apart.
const FRESH: Duration = Duration::from_secs(60);

/// The clock of a store's server, known without asking for it: each answer that
/// carries the server's time sets it, and between answers it is carried on by
/// this machine's monotonic clock. So it does not matter how the wall clocks of
/// nodes and server differ, only that all of them run at about the same speed.
///
/// For [`SessionStore::current_time`](super::SessionStore::current_time).
///
/// ```
/// use std::time::{Duration, Instant};
/// use portcullis::{session::RemoteClock, time::Timestamp};
///
/// let clock = RemoteClock::default();
/// let now = Instant::now();
/// assert_eq!(clock.at(now), None);
/// let told = Timestamp::from_secs(1_800_000_000);
/// clock.heard(told, now);
/// let second = Duration::from_secs(1);
/// assert_eq!(clock.at(now + second), Some(told.saturating_add(second)));
/// ```
#[derive(Debug, Default)]
pub struct RemoteClock(Mutex<Option<Heard>>);

#[derive(Clone, Copy, Debug)]
struct Heard {
    arrived: Instant,
    time: Timestamp,
}

impl RemoteClock {
    /// Takes in the time that an answer of the server carried. It arrived at
    /// `arrived`, by this machine's monotonic clock.
    pub fn heard(&self, time: Timestamp, arrived: Instant) {
        let heard = Heard { arrived, time };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(heard);
    }

    /// The server's time at `now`, or earlier by no more than the last answer was
    /// on its way. `None` when none has come for a minute: then the server must
    /// be asked.
    pub fn at(&self, now: Instant) -> Option<Timestamp> {
        let heard = (*self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        let passed = now.saturating_duration_since(heard.arrived);
        (passed < FRESH).then(|| heard.time.saturating_add(passed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_from_the_last_answer_for_a_minute() {
        let clock = RemoteClock::default();
        let (arrived, time) = (Instant::now(), Timestamp::from_secs(5));
        assert_eq!(clock.at(arrived), None);
        clock.heard(time, arrived);
        assert_eq!(clock.at(arrived), Some(time));
        let almost = FRESH - Duration::from_millis(1);
        let later = time.saturating_add(almost);
        assert_eq!(clock.at(arrived + almost), Some(later));
        assert_eq!(clock.at(arrived + FRESH), None);
    }

    #[test]
    fn the_last_answer_counts_even_if_the_server_went_back() {
        let (clock, now) = (RemoteClock::default(), Instant::now());
        clock.heard(Timestamp::from_secs(1_000_000), now);
        clock.heard(Timestamp::from_secs(5), now);
        assert_eq!(clock.at(now), Some(Timestamp::from_secs(5)));
    }
}
