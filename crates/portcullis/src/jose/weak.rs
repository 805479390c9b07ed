//! Keys that are too weak, and are being retired.

use std::{
    fmt,
    sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use crate::time::Timestamp;

/// How often the log tells of a weak key that is used.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Until when a weak key is trusted, and how often it was used since the log told.
pub(crate) struct Retiring {
    until: Timestamp,
    uses: AtomicU64,
    told: AtomicI64,
}

impl Retiring {
    pub(super) fn new(until: Timestamp) -> Self {
        Self {
            until,
            uses: AtomicU64::new(0),
            told: AtomicI64::new(i64::MIN),
        }
    }

    pub(crate) fn until(&self) -> Timestamp {
        self.until
    }

    /// A token was accepted on its account: how many it were, if it is time to tell.
    pub(crate) fn note_use(&self, now: Timestamp) -> Option<u64> {
        self.uses.fetch_add(1, Relaxed);
        let told = self.told.load(Relaxed);
        let next = Timestamp::from_millis(told).saturating_add(TOLD_EVERY);
        if told != i64::MIN && now < next {
            return None;
        }
        let swap = self
            .told
            .compare_exchange(told, now.as_millis(), Relaxed, Relaxed);
        swap.is_ok().then(|| self.uses.swap(0, Relaxed))
    }
}

impl fmt::Debug for Retiring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Retiring").field(&self.until).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::{Algorithm, KeyErrorKind, VerifyingKey};

    fn weak(algorithm: Algorithm, secret: &[u8]) -> Result<VerifyingKey, KeyErrorKind> {
        let key = VerifyingKey::dangerous().weak_secret(algorithm, secret, Timestamp::from_secs(9));
        key.map_err(|error| error.kind())
    }

    #[test]
    fn only_weak_secrets_are_weak() {
        assert!(weak(Algorithm::HS256, b"super-secret").is_ok());
        assert!(weak(Algorithm::HS512, &[7; 63]).is_ok());
        assert_eq!(weak(Algorithm::HS256, b""), Err(KeyErrorKind::TooWeak));
        assert!(weak(Algorithm::HS256, &[7; 32]).is_err());
        assert_eq!(
            weak(Algorithm::ES256, b"super-secret"),
            Err(KeyErrorKind::WrongType)
        );
        assert_eq!(
            weak(Algorithm::HS256, b"-----BEGIN PUBLIC KEY-"),
            Err(KeyErrorKind::WrongType)
        );
    }

    #[test]
    fn uses_are_told_once_a_minute() {
        let retiring = Retiring::new(Timestamp::from_secs(1000));
        let at = Timestamp::from_secs;
        assert_eq!(retiring.note_use(at(0)), Some(1));
        assert_eq!(retiring.note_use(at(1)), None);
        assert_eq!(retiring.note_use(at(59)), None);
        assert_eq!(retiring.note_use(at(60)), Some(3));
        assert_eq!(retiring.note_use(at(61)), None);
    }
}
