//! The presentation of a refresh token, and how it can end.

use std::{sync::Arc, time::Duration};

use super::{AttemptId, Device, SecretDigest, SessionId, SessionRecord};
use crate::{subject::Subject, time::Timestamp};

/// The highest generation there is: what JSON numbers keep exactly
/// (RFC 8259 section 6). A refresh every second reaches it in 285 million years.
pub const MAX_GENERATION: u64 = (1 << 53) - 1;

/// One presentation of a refresh token whose signature, kind and expiry are
/// good and whose client has been authenticated where that is needed.
///
/// Exhaustive on purpose: stores that state the rules in their own language heed
/// all of it, and one that takes it apart by a pattern does not compile when
/// there is more to heed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationAttempt {
    /// Its name: asked again under the same name within the grace window, the
    /// store gives the same answer.
    pub id: AttemptId,
    /// From when on it changes nothing, by the clock of the
    /// [store](super::SessionStore::current_time): an attempt that was held up
    /// on its way must not be taken for reuse when it arrives at last.
    pub deadline: Timestamp,
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

    /// When it set out, as its deadline tells. As long as it is in time, what is
    /// younger than the window then is so when it arrives, too.
    pub fn set_out(&self) -> Timestamp {
        self.deadline.saturating_sub(self.rules.attempt_limit())
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
    /// How long after a rotation the token that was exchanged still gives the
    /// same successor, and that successor rests: it is given again, not
    /// exchanged. In whole milliseconds, rounded up; zero for not at all.
    pub grace: Duration,
    /// Whether the predecessor of a token that was never exchanged is accepted
    /// however late, once for each rotation: of several requests that come late
    /// at once, the second is reuse. A token that was presented while it rested
    /// was not exchanged. The price: a thief and the owner who take turns are forgiven
    /// each time, and are noticed only when one of them refreshes twice in a row.
    pub until_used: bool,
    /// Whether what is forgiven depends on who asks. The current token is no
    /// matter of forgiving, so that a resting one is given to whoever has it.
    pub replay: ReplayPolicy,
}

impl RotationRules {
    /// Ten seconds of grace: two tabs, a burst of requests, a retried one or a
    /// lost answer do not log anybody out.
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

    /// How long an attempt may be on its way before it changes nothing any
    /// more: the grace window, but a second at least. What happened since it set
    /// out is then younger than the window, and forgiven; of a window that is
    /// shorter than a second, one exchange is. Without a window, three seconds:
    /// whatever comes second is reuse, however late.
    pub fn attempt_limit(&self) -> Duration {
        match self.window() {
            Duration::ZERO => Duration::from_secs(3),
            window => window.max(Duration::from_secs(1)),
        }
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
    /// The current token, younger than the grace window: it rests while its
    /// predecessor is still forgiven. The same token again; nothing has changed.
    Rested {
        /// The presented token.
        current: Successor,
        /// How long ago it was made.
        elapsed: Duration,
        /// Whether another device made it.
        device_changed: bool,
    },
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
    /// The attempt would have changed the row, and reached the store after its
    /// [`deadline`](RotationAttempt::deadline); or it would have been reuse, and the
    /// current token was made after it [set out](RotationAttempt::set_out). Nothing
    /// has changed and nothing was refused: it can be made again.
    Overdue {
        /// How long after the deadline; zero if it was in time.
        by: Duration,
    },
}

impl RotationOutcome {
    /// A stable name, for logs and counters.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Rotated(_) => "rotated",
            Self::RolledBack(_) => "rolled_back",
            Self::Rested { .. } => "rested",
            Self::Replayed { .. } => "replayed",
            Self::Valid { .. } => "valid",
            Self::Reused { .. } => "reused",
            Self::Refused(_) => "refused",
            Self::Overdue { .. } => "overdue",
        }
    }

    /// The data of the refresh token to answer with, where there is one: the
    /// successor, or the presented token if that rests.
    pub fn successor(&self) -> Option<&Successor> {
        match self {
            Self::Rotated(successor)
            | Self::RolledBack(successor)
            | Self::Rested {
                current: successor, ..
            }
            | Self::Replayed { successor, .. } => Some(successor),
            _ => None,
        }
    }
}

/// All that the row adds to the presented token to make its successor, byte for
/// byte, as often as needed: the data of the session's current token.
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

impl Successor {
    /// The current token of this row.
    pub fn of(row: &SessionRecord) -> Self {
        Self {
            generation: row.generation,
            rotated_at: row.rotated_at,
            idle_deadline: row.idle_deadline,
            absolute_deadline: row.absolute_deadline,
            refresh_key: row.refresh_key.clone(),
        }
    }
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
    /// Nobody has proven to have the key that the session is bound to.
    SenderBinding,
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
            Self::SenderBinding => "sender_binding",
            Self::Scope => "scope",
            Self::Generation => "generation",
            Self::OtherDevice => "other_device",
        }
    }
}
