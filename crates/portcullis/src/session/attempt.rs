//! The presentation of a refresh token, and how it can end.

use std::{sync::Arc, time::Duration};

use super::{AttemptId, Device, SecretDigest, SessionId, rules::MAX_GENERATION};
use crate::{subject::Subject, time::Timestamp};

/// One presentation of a refresh token whose signature, kind and expiry are
/// good and whose client has been authenticated where that is needed.
///
/// Exhaustive on purpose: stores that state the rules in their own language heed
/// all of it, and one that takes it apart by a pattern does not compile when
/// there is more to heed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationAttempt {
    /// Its name: asked again under the same name, the store gives the same
    /// answer.
    pub id: AttemptId,
    /// The session that the token names.
    pub session: SessionId,
    /// The subject that the token names.
    pub subject: Subject,
    /// The generation that the token names.
    pub generation: u64,
    /// The digest of the secret that the token carries.
    pub secret_digest: SecretDigest,
    /// The client that the token names; the session's must be the same, or none
    /// if this is none. Whether it has authenticated is not the store's affair.
    pub client: Option<String>,
    /// Whether the scope asked for, if any, is within the one granted.
    pub scope_allowed: bool,
    /// What happens to the token.
    pub mode: RotationMode,
    /// How long the successor may lie unused.
    pub idle_ttl: Duration,
    /// The key that a successor is to be made with.
    pub refresh_key: Arc<str>,
    /// What the request came from.
    pub device: Device,
    /// What is forgiven.
    pub rules: RotationRules,
}

impl RotationAttempt {
    /// Whether the attempt can change a row at all. One that cannot may be
    /// decided on a copy, without the cost of a write.
    pub fn may_change(&self) -> bool {
        self.mode == RotationMode::Rotate && self.scope_allowed && self.generation < MAX_GENERATION
    }
}

/// Whether the refresh tokens of an API are exchanged when used.
///
/// Exhaustive on purpose: they are or they are not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RotationMode {
    /// Each refresh token is good once: its use gives the next one.
    #[default]
    Rotate,
    /// The token stays as it is until it expires; nothing changes.
    Keep,
}

/// What is forgiven when a refresh token is presented a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RotationRules {
    /// How long after a rotation the token that was rotated still gives the
    /// same successor, in whole milliseconds, rounded up; zero for not at all.
    pub grace: Duration,
    /// Whether the predecessor of a token that was never presented is accepted
    /// once more, however late. A thief who uses a stolen token first is then
    /// noticed one refresh later than otherwise.
    pub until_used: bool,
    /// Whether what is forgiven depends on who asks.
    pub replay: ReplayPolicy,
}

impl RotationRules {
    /// Ten seconds of grace: two tabs, a retried request or a lost answer do
    /// not log anybody out.
    pub const DEFAULT_GRACE: Duration = Duration::from_secs(10);

    /// The default rules with another grace window; zero switches it off.
    pub const fn with_grace(grace: Duration) -> Self {
        Self {
            grace,
            until_used: false,
            replay: ReplayPolicy::Anyone,
        }
    }

    /// The grace window as every store counts it: whole milliseconds, as times
    /// are, rounded up.
    pub fn window(&self) -> Duration {
        let millis = self.grace.as_nanos().div_ceil(1_000_000);
        Duration::from_millis(u64::try_from(millis).unwrap_or(u64::MAX))
    }
}

impl Default for RotationRules {
    fn default() -> Self {
        Self::with_grace(Self::DEFAULT_GRACE)
    }
}

/// Who may present a token again where that is forgiven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplayPolicy {
    /// Whoever holds it.
    #[default]
    Anyone,
    /// The device that rotated it; another is refused, and nothing is revoked.
    SameDevice,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RotationOutcome {
    /// The current token was exchanged for the next one.
    Rotated(Successor),
    /// The token was newer than the store: the store lost writes. It was
    /// exchanged all the same.
    RolledBack(Successor),
    /// The token before the current one, forgiven: the current one again.
    Replayed {
        /// The successor, the same as when it was made.
        successor: Successor,
        /// How long ago it was made.
        elapsed: Duration,
        /// Whether the grace window had passed.
        late: bool,
        /// Whether another device made it.
        device_changed: bool,
    },
    /// The current token of a session that does not rotate.
    Valid {
        /// When the token expires.
        idle_deadline: Timestamp,
        /// When the session ends.
        absolute_deadline: Timestamp,
    },
    /// A token that had been used up; the session is revoked.
    Reused {
        /// How long ago the current token was made.
        elapsed: Duration,
        /// Whether another device made it.
        device_changed: bool,
    },
    /// Refused; nothing has changed.
    Refused(RefusalReason),
}

impl RotationOutcome {
    /// The data of the successor, where there is one.
    pub fn successor(&self) -> Option<&Successor> {
        match self {
            Self::Rotated(successor)
            | Self::RolledBack(successor)
            | Self::Replayed { successor, .. } => Some(successor),
            _ => None,
        }
    }
}

/// All that the row adds to the presented token to make its successor, byte for
/// byte, as often as needed.
///
/// Exhaustive on purpose: it is made from a row alone, and nothing may be
/// missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// Its generation.
    pub generation: u64,
    /// When it was made.
    pub rotated_at: Timestamp,
    /// When it expires.
    pub idle_deadline: Timestamp,
    /// When its session ends.
    pub absolute_deadline: Timestamp,
    /// The key that it is made with.
    pub refresh_key: Arc<str>,
}

/// Why an attempt was refused. For logs: every refusal looks the same from
/// outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// There is no such session, or it is somebody else's.
    Unknown,
    /// A good signature over a wrong secret: somebody has the refresh key.
    SecretMismatch,
    /// The session was revoked.
    Revoked,
    /// The token lay unused for too long.
    IdleDeadline,
    /// The session has lasted too long.
    AbsoluteDeadline,
    /// The session belongs to another client.
    Client,
    /// More scope was asked for than was granted.
    Scope,
    /// A generation that the session cannot have.
    Generation,
    /// Forgiven in general, but not from this device.
    OtherDevice,
}

impl RefusalReason {
    /// A stable name, for logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::SecretMismatch => "secret_mismatch",
            Self::Revoked => "revoked",
            Self::IdleDeadline => "idle_deadline",
            Self::AbsoluteDeadline => "absolute_deadline",
            Self::Client => "client",
            Self::Scope => "scope",
            Self::Generation => "generation",
            Self::OtherDevice => "other_device",
        }
    }
}
