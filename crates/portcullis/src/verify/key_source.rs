//! Who is asked about keys that are missing.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use super::LiveKeys;

/// Where a verifier's keys come from, and who is asked about one that is
/// missing.
///
/// Tokens are verified with what [`keys`](Self::keys) holds, without asking
/// anybody. [`missing`](Self::missing) is called off the hot path, about a token
/// for which everything but the key speaks.
///
/// ```
/// use portcullis::verify::{KeySource, LiveKeys, MissingKey};
///
/// /// Keys that somebody publishes when they change.
/// struct Pushed(LiveKeys);
///
/// impl KeySource for Pushed {
///     fn keys(&self) -> &LiveKeys {
///         &self.0
///     }
///
///     fn missing(&self) -> MissingKey {
///         MissingKey::Absent
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no source of keys that change",
    note = "use the `Issuer` of portcullis-remote, or implement `KeySource`; keys that never change go to `keys`"
)]
pub trait KeySource: Send + Sync + 'static {
    /// The keys; always the same handle.
    fn keys(&self) -> &LiveKeys;

    /// No key verifies a token that would otherwise be accepted, and the keys
    /// are not [settled](super::KeyTerms::settled_until), too old, or not there
    /// yet: what shall become of it?
    fn missing(&self) -> MissingKey;
}

impl<S: KeySource + ?Sized> KeySource for Arc<S> {
    fn keys(&self) -> &LiveKeys {
        (**self).keys()
    }

    fn missing(&self) -> MissingKey {
        (**self).missing()
    }
}

/// What a [`KeySource`] says about a key that is missing.
pub enum MissingKey {
    /// There is none: the token is refused.
    Absent,
    /// Nobody can say, because the issuer cannot be reached: 503.
    Unavailable(KeysUnavailable),
    /// The issuer is being asked. Once that is over the token is looked at once
    /// more, and that is final: if no key verifies it, it is refused after `Ok`,
    /// and 503 after an error.
    Wait(WaitForKeys),
}

/// Resolves once the keys are as they were published after it was made.
pub type WaitForKeys = Pin<Box<dyn Future<Output = Result<(), KeysUnavailable>> + Send>>;

/// The issuer's keys cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeysUnavailable {
    /// After which time it is worth asking again; in the answer's `Retry-After`
    /// in whole seconds.
    pub retry_after: Duration,
}

impl fmt::Display for KeysUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.retry_after.as_secs_f32();
        write!(f, "the issuer's keys are not available; again in {after} s")
    }
}

impl std::error::Error for KeysUnavailable {}

impl fmt::Debug for MissingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Unavailable(error) => f.debug_tuple("Unavailable").field(error).finish(),
            Self::Wait(_) => f.write_str("Wait(..)"),
        }
    }
}
