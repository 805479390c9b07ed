//! What may be used once.

use std::time::Duration;

use super::AttemptId;

/// Whether something that may be used once was used before.
///
/// Exhaustive on purpose: whoever asks has to say what becomes of both.
#[must_use = "a repeated use is to be refused, or answered as the first one was"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneUse {
    /// This attempt is the first, or is asked about again.
    First,
    /// Another attempt came first.
    Repeated {
        /// The name of the first attempt.
        first: AttemptId,
        /// How long ago it was, by the store's clock; zero if that went back.
        elapsed: Duration,
    },
}

impl OneUse {
    /// What to answer `attempt`, where the store remembers that `first` came
    /// first, so long ago; for stores.
    ///
    /// ```
    /// use std::time::Duration;
    /// use portcullis::session::{AttemptId, OneUse};
    ///
    /// let [one, two] = [[1; 16], [2; 16]].map(AttemptId::from_bytes);
    /// let second = Duration::from_secs(1);
    /// assert_eq!(OneUse::of(one, one, second), OneUse::First);
    /// let repeated = OneUse::Repeated { first: one, elapsed: second };
    /// assert_eq!(OneUse::of(two, one, second), repeated);
    /// ```
    pub fn of(attempt: AttemptId, first: AttemptId, elapsed: Duration) -> Self {
        if attempt == first {
            Self::First
        } else {
            Self::Repeated { first, elapsed }
        }
    }
}
