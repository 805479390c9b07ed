//! Slows down guessing without locking anybody out.

use std::{collections::HashMap, net::IpAddr, time::Duration};

use aws_lc_rs::digest::{self, SHA256};
use portcullis::time::Timestamp;

/// Counts failures per name and source: a bucket of failures that refills with
/// time.
///
/// Not [`governor`]: its limiters take a cell when they are asked, so that good
/// logins would count, too, and none can be given back, looked at, or cleared by
/// a success; nor does it bound how many names it keeps, which whoever guesses
/// chooses.
///
/// [`governor`]: https://docs.rs/governor
///
/// Pure: whoever calls says what time it is. Somebody who guesses from one
/// source keeps only that source out, and only until the next refill. Names
/// that do not exist are counted like any other.
#[derive(Debug)]
pub(crate) struct Throttle {
    buckets: HashMap<Attempt, Bucket>,
    limits: Limits,
}

/// What a [`Throttle`] allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Failures in a row before it has to be waited.
    pub(crate) burst: u32,
    /// How long it takes until one more is allowed.
    pub(crate) refill: Duration,
    /// Buckets kept at most.
    pub(crate) buckets: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            burst: 10,
            refill: Duration::from_secs(3),
            buckets: 16 * 1024,
        }
    }
}

/// Who tries to be whom: of a fixed size, whatever was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Attempt {
    name: [u8; 32],
    source: Option<IpAddr>,
}

impl Attempt {
    pub(crate) fn new(realm: &str, name: &str, source: Option<IpAddr>) -> Self {
        let mut context = digest::Context::new(&SHA256);
        // A zero byte is in no realm.
        context.update(realm.as_bytes());
        context.update(&[0]);
        context.update(name.as_bytes());
        let mut digest = [0; 32];
        digest.copy_from_slice(context.finish().as_ref());
        Self {
            name: digest,
            source: source.map(network),
        }
    }
}

/// An IPv6 host has a whole /64 to itself.
fn network(source: IpAddr) -> IpAddr {
    match source.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(network.into())
        }
        address => address,
    }
}

/// When the bucket will be as if nothing had happened: each failure moves it
/// one refill further.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    clear_at: Timestamp,
}

impl Throttle {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            buckets: HashMap::new(),
            limits,
        }
    }

    /// Whether one more try is allowed now.
    ///
    /// # Errors
    ///
    /// How long to wait for it.
    pub(crate) fn check(&self, attempt: &Attempt, now: Timestamp) -> Result<(), Duration> {
        let Some(bucket) = self.buckets.get(attempt) else {
            return Ok(());
        };
        let owed = bucket.clear_at.saturating_duration_since(now);
        let wait = owed.saturating_sub(self.limits.refill * self.limits.burst.saturating_sub(1));
        // More than a refill: the clock was turned back since.
        if wait.is_zero() || wait > self.limits.refill {
            Ok(())
        } else {
            Err(wait)
        }
    }

    /// Notes a failure.
    pub(crate) fn failed(&mut self, attempt: Attempt, now: Timestamp) {
        if !self.buckets.contains_key(&attempt) && self.buckets.len() >= self.limits.buckets {
            self.make_room(now);
        }
        // A full bucket gets no fuller.
        let latest = now.saturating_add(self.limits.refill * self.limits.burst);
        let bucket = self
            .buckets
            .entry(attempt)
            .or_insert(Bucket { clear_at: now });
        bucket.clear_at = bucket
            .clear_at
            .max(now)
            .saturating_add(self.limits.refill)
            .min(latest);
    }

    /// Notes a success: the failures before it are forgotten.
    pub(crate) fn succeeded(&mut self, attempt: &Attempt) {
        self.buckets.remove(attempt);
    }

    /// Forgets what is over; if nothing is, the bucket that is nearest to it.
    fn make_room(&mut self, now: Timestamp) {
        self.buckets.retain(|_, bucket| bucket.clear_at > now);
        if self.buckets.len() < self.limits.buckets {
            return;
        }
        let nearest = self
            .buckets
            .iter()
            .min_by_key(|(_, bucket)| bucket.clear_at);
        if let Some(attempt) = nearest.map(|(attempt, _)| *attempt) {
            self.buckets.remove(&attempt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn after(secs: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_secs(secs))
    }

    fn attempt(name: &str, source: &str) -> Attempt {
        Attempt::new("users", name, Some(source.parse().unwrap()))
    }

    fn exhausted(who: Attempt) -> Throttle {
        let mut throttle = Throttle::new(Limits::default());
        for _ in 0..10 {
            assert_eq!(throttle.check(&who, NOW), Ok(()));
            throttle.failed(who, NOW);
        }
        throttle
    }

    #[test]
    fn ten_failures_then_one_every_three_seconds() {
        let alice = attempt("alice", "192.0.2.1");
        let mut throttle = exhausted(alice);
        assert_eq!(throttle.check(&alice, NOW), Err(Duration::from_secs(3)));
        assert_eq!(
            throttle.check(&alice, after(2)),
            Err(Duration::from_secs(1))
        );
        assert_eq!(throttle.check(&alice, after(3)), Ok(()));
        throttle.failed(alice, after(3));
        assert_eq!(
            throttle.check(&alice, after(3)),
            Err(Duration::from_secs(3))
        );
        assert_eq!(throttle.check(&alice, after(33)), Ok(()));
    }

    #[test]
    fn other_names_sources_and_realms_are_left_alone() {
        let throttle = exhausted(attempt("alice", "192.0.2.1"));
        for other in [
            attempt("alice", "192.0.2.2"),
            attempt("bob", "192.0.2.1"),
            Attempt::new("apis", "alice", Some([192, 0, 2, 1].into())),
            Attempt::new("users", "alice", None),
        ] {
            assert_eq!(throttle.check(&other, NOW), Ok(()));
        }
    }

    #[test]
    fn a_host_is_its_whole_network() {
        let throttle = exhausted(attempt("alice", "2001:db8::1"));
        assert!(
            throttle
                .check(&attempt("alice", "2001:db8::ffff"), NOW)
                .is_err()
        );
        assert!(
            throttle
                .check(&attempt("alice", "2001:db8:0:1::1"), NOW)
                .is_ok()
        );
        let throttle = exhausted(attempt("alice", "::ffff:192.0.2.1"));
        assert!(throttle.check(&attempt("alice", "192.0.2.1"), NOW).is_err());
        assert!(throttle.check(&attempt("alice", "192.0.2.2"), NOW).is_ok());
    }

    #[test]
    fn a_success_forgets_the_failures() {
        let alice = attempt("alice", "192.0.2.1");
        let mut throttle = exhausted(alice);
        throttle.succeeded(&alice);
        assert_eq!(throttle.check(&alice, NOW), Ok(()));
        assert!(throttle.buckets.is_empty());
    }

    #[test]
    fn nobody_waits_for_longer_than_a_full_bucket() {
        let alice = attempt("alice", "192.0.2.1");
        let mut throttle = exhausted(alice);
        for _ in 0..100 {
            throttle.failed(alice, NOW);
        }
        assert_eq!(throttle.check(&alice, NOW), Err(Duration::from_secs(3)));
    }

    #[test]
    fn a_clock_that_is_turned_back_locks_nobody_out() {
        let alice = attempt("alice", "192.0.2.1");
        let mut throttle = exhausted(alice);
        let before = Timestamp::from_secs(1_600_000_000);
        assert_eq!(throttle.check(&alice, before), Ok(()));
        throttle.failed(alice, before);
        assert_eq!(throttle.check(&alice, before), Err(Duration::from_secs(3)));
    }

    #[test]
    fn memory_is_bounded_and_the_worst_offender_stays() {
        let limits = Limits {
            buckets: 8,
            ..Limits::default()
        };
        let mut throttle = Throttle::new(limits);
        let alice = attempt("alice", "192.0.2.1");
        for _ in 0..10 {
            throttle.failed(alice, NOW);
        }
        for number in 0..100 {
            throttle.failed(attempt(&number.to_string(), "192.0.2.1"), NOW);
            assert!(throttle.buckets.len() <= 8);
        }
        assert!(throttle.check(&alice, NOW).is_err());
        throttle.failed(attempt("late", "192.0.2.1"), after(60));
        assert_eq!(throttle.buckets.len(), 1);
    }
}
