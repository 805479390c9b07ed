//! Points in time and where they come from.
//!
//! Nothing in the family asks the operating system for the time except
//! [`SystemClock`]; everything else is handed a [`Clock`], so that tests can
//! turn it.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::ConfigError;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, never overflowing.
///
/// Tokens carry seconds (`NumericDate`, RFC 7519 section 2); rotation is
/// decided in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From whole seconds since the epoch; saturates.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This point rounded down to its second, as a token can carry it.
    pub const fn floor_to_second(self) -> Self {
        Self::from_secs(self.as_secs())
    }

    /// Later by `duration`; saturates.
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// Earlier by `duration`; saturates.
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(millis(duration)))
    }

    /// How long ago `earlier` was; zero if it lies in the future.
    pub fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// Where the time comes from.
///
/// # Example
///
/// ```
/// use portcullis::time::{Clock, Timestamp};
///
/// struct Noon;
///
/// impl Clock for Noon {
///     fn now(&self) -> Timestamp {
///         Timestamp::from_secs(1_700_000_000)
///     }
/// }
/// assert_eq!(Noon.now().as_secs(), 1_700_000_000);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a clock",
    note = "use `SystemClock`, or `FakeClock` of portcullis-testing in tests"
)]
pub trait Clock: Send + Sync + 'static {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The operating system's clock.
///
/// `wasm32-unknown-unknown` has no operating system: there it says the end of time, at
/// which every token has expired, and builders that were told no other clock fail.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        if !IS_THERE {
            return NEVER;
        }
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp(millis(since_epoch))
    }
}

/// Whether the target has a clock: asking for the time panics otherwise.
const IS_THERE: bool = !cfg!(all(target_family = "wasm", target_os = "unknown"));

const NEVER: Timestamp = Timestamp(i64::MAX);

/// A clock that can be shared and cloned.
#[derive(Clone)]
pub struct SharedClock(Arc<dyn Clock>);

impl SharedClock {
    /// Shares `clock`.
    pub fn new(clock: impl Clock) -> Self {
        Self(Arc::new(clock))
    }

    /// Refuses the clock of a system that has none.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        if !IS_THERE && self.now() == NEVER {
            return Err(ConfigError::new(
                "this target has no clock: give one that is told the time, with `clock`",
            ));
        }
        Ok(())
    }
}

impl Clock for SharedClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl Default for SharedClock {
    fn default() -> Self {
        Self::new(SystemClock)
    }
}

impl fmt::Debug for SharedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedClock")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_overflows() {
        let last = Timestamp::from_secs(i64::MAX);
        assert_eq!(last.saturating_add(Duration::MAX), last);
        assert_eq!(
            Timestamp::from_millis(i64::MIN).saturating_sub(Duration::MAX),
            Timestamp::from_millis(i64::MIN)
        );
    }

    #[test]
    fn seconds_round_down_before_the_epoch_too() {
        assert_eq!(Timestamp::from_millis(-1).as_secs(), -1);
        assert_eq!(Timestamp::from_millis(1999).as_secs(), 1);
    }

    #[test]
    fn the_future_is_not_a_negative_age() {
        let now = Timestamp::from_secs(10);
        assert_eq!(
            now.saturating_duration_since(Timestamp::from_secs(11)),
            Duration::ZERO
        );
    }
}
