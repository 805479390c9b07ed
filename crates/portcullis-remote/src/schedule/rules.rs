//! The times of a schedule.

use std::time::Duration;

use portcullis::ConfigError;

use crate::freshness::UNSAID;

/// A point in time: how long it is since the schedule began.
pub(crate) type Moment = Duration;

/// How long a set counts as new: a key that is not in it is not fetched again.
pub(crate) const SETTLED: Duration = Duration::from_secs(5);

/// How long a request waits for a fetch.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);

/// How many requests wait at once.
pub(crate) const MOST_WAITING: usize = 1024;

/// How soon after a failure somebody's need makes another attempt.
pub(crate) const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Attempts that nobody waits for: the first comes this long after a failure, each
/// further one after twice the time, up to the second.
const BACK_OFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// For how long an issuer can keep us away by `Retry-After`.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);

/// The whole of the range from which jitter is drawn.
pub(crate) const JITTER: u32 = 1000;

/// What can be set about a schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    stale_limit: Duration,
    longest_fresh: Duration,
}

/// Longer than anybody looks ahead, and short enough to be added up.
const EVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

impl Rules {
    pub(crate) const STALE_LIMIT: Duration = Duration::from_secs(3600);

    /// `stale_limit` is how long keys are good without being seen again,
    /// `interval` for how long they count as fresh at most, whatever is said of
    /// them.
    ///
    /// # Errors
    ///
    /// If keys would go stale before they are fetched again.
    pub(crate) fn new(
        stale_limit: Duration,
        interval: Option<Duration>,
    ) -> Result<Self, ConfigError> {
        if interval.is_some_and(|interval| interval < SETTLED) {
            return Err(ConfigError::new(format!(
                "an issuer cannot be asked for its keys so often: make the interval {SETTLED:?} at \
                 least"
            )));
        }
        let usual = interval.unwrap_or(UNSAID);
        if stale_limit <= usual {
            return Err(ConfigError::new(format!(
                "the stale limit of {stale_limit:?} does not exceed the interval of {usual:?}: keys \
                 would go stale before they are fetched again"
            )));
        }
        let stale_limit = stale_limit.min(EVER);
        Ok(Self {
            stale_limit,
            longest_fresh: interval.map_or(stale_limit, |interval| interval.min(stale_limit)),
        })
    }

    pub(super) fn stale_limit(&self) -> Duration {
        self.stale_limit
    }

    /// How long after a fetch the next one begins: about four fifths of the time
    /// for which the set is fresh.
    pub(super) fn refresh_after(&self, fresh_for: Duration, jitter: u32) -> Duration {
        let fresh = fresh_for.min(self.longest_fresh).max(AFTER_FAILURE);
        fresh / 100 * 75 + fresh / 10 * jitter.min(JITTER) / JITTER
    }

    /// How long after the last of `failures` the next attempt is made.
    pub(super) fn back_off(&self, failures: u32, jitter: u32) -> Duration {
        let (first, longest) = BACK_OFF;
        let doubled = first.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let delay = doubled.min(longest);
        delay + delay / 2 * jitter.min(JITTER) / JITTER
    }

    /// How long `Retry-After` is obeyed.
    pub(super) fn obeyed(&self, retry_after: Option<Duration>) -> Duration {
        retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn rules() -> Rules {
        Rules::new(Rules::STALE_LIMIT, None).unwrap()
    }

    #[test]
    fn keys_do_not_go_stale_between_two_fetches() {
        assert!(Rules::new(10 * MINUTE, None).is_err());
        assert!(Rules::new(10 * MINUTE, Some(10 * MINUTE)).is_err());
        assert!(Rules::new(10 * MINUTE, Some(MINUTE / 20)).is_err());
        let rules = Rules::new(11 * MINUTE, Some(10 * MINUTE)).unwrap();
        assert!(rules.refresh_after(60 * MINUTE, JITTER) < 10 * MINUTE);
        let rules = Rules::new(11 * MINUTE, None).unwrap();
        assert!(rules.refresh_after(60 * MINUTE, JITTER) < 11 * MINUTE);
    }

    #[test]
    fn nothing_overflows() {
        let rules = Rules::new(Duration::MAX, Some(Duration::MAX - MINUTE)).unwrap();
        assert!(rules.refresh_after(Duration::MAX, JITTER) < rules.stale_limit());
    }

    #[test]
    fn a_fetch_comes_at_about_four_fifths() {
        let rules = rules();
        let after = |jitter| rules.refresh_after(10 * MINUTE, jitter).as_secs();
        assert_eq!([0, JITTER / 2, JITTER].map(after), [450, 480, 510]);
        assert!(rules.refresh_after(Duration::ZERO, 0) >= 3 * AFTER_FAILURE / 4);
    }

    #[test]
    fn attempts_become_rarer() {
        let rules = rules();
        let delays: Vec<_> = (1..9).map(|n| rules.back_off(n, 0).as_secs()).collect();
        assert_eq!(delays, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(rules.back_off(u32::MAX, JITTER).as_secs(), 90);
        assert_eq!(rules.obeyed(Some(Duration::MAX)), LONGEST_RETRY_AFTER);
    }
}
