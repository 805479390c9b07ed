//! Rows, attempts and outcomes, small enough to be compared and hashed by the million.

use std::{sync::Arc, time::Duration};

use portcullis::{
    session::{
        AttemptId, Device, Grant, NewSession, RevocationReason, Revoked, RotationAttempt,
        RotationMode, RotationOutcome, RotationRules, SecretDigest, SessionId, SessionRecord,
        Successor,
    },
    subject::Subject,
    time::Timestamp,
};

/// One tick of the model's clocks: the shortest time within which an attempt may be on
/// its way, whatever the grace window is.
pub const TICK: Duration = Duration::from_secs(1);

/// How many ticks a refresh token may lie unused, and a session last. The second is
/// within what is explored, so that tokens meet it.
pub const IDLE: i8 = 12;
/// The end of the session, in ticks.
pub const ABSOLUTE: i8 = 14;

/// What stays the same about the session.
pub fn session() -> SessionRecord {
    NewSession {
        id: SessionId::parse("936da01f-9abd-4d9d-80c7-02af85c822a8").unwrap_or_else(|| {
            unreachable!("a UUID");
        }),
        subject: Subject::new("users", "alice"),
        client: Some("web".to_owned()),
        idle_ttl: ticks(IDLE),
        absolute_ttl: ticks(ABSOLUTE),
        secret_digest: SecretDigest::of(b"secret"),
        refresh_key: key(0),
        grant: Grant::new(),
        device: device(false),
        limit: None,
    }
    .into_record(time(0))
}

/// The row, without what never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// As in [`SessionRecord`].
    pub generation: u8,
    /// The tick of the last rotation.
    pub rotated: i8,
    /// The tick at which the current token expires.
    pub idle: i8,
    /// Which node's key the current token is made with.
    pub key: u8,
    /// Whether the thief's device rotated last.
    pub thiefs: bool,
    /// As in [`SessionRecord::rotated_by`].
    pub by: Option<u8>,
    /// As in [`SessionRecord::rotated_from`].
    pub from: u8,
    /// As in [`SessionRecord::late_retry_by`].
    pub late: Option<u8>,
    /// When it was revoked, and by which attempt; by none for a log-out.
    pub revoked: Option<(i8, Option<u8>)>,
}

impl Row {
    /// The row as it is made.
    pub fn first() -> Self {
        Self::of(&session())
    }

    /// The small form of `record`.
    pub fn of(record: &SessionRecord) -> Self {
        Self {
            generation: small(record.generation),
            rotated: tick(record.rotated_at),
            idle: tick(record.idle_deadline),
            key: u8::from(*record.refresh_key == *key(1)),
            thiefs: record.device == device(true),
            by: record.rotated_by.map(name),
            from: small(record.rotated_from),
            late: record.late_retry_by.map(name),
            revoked: record.revoked.map(|r| (tick(r.at), r.by.map(name))),
        }
    }

    /// The row as the rules take it.
    pub fn record(&self) -> SessionRecord {
        SessionRecord {
            generation: self.generation.into(),
            rotated_at: time(self.rotated),
            idle_deadline: time(self.idle),
            refresh_key: key(self.key),
            device: device(self.thiefs),
            rotated_by: self.by.map(id),
            rotated_from: self.from.into(),
            late_retry_by: self.late.map(id),
            revoked: self.revoked.map(|(at, by)| Revoked {
                at: time(at),
                reason: match by {
                    Some(_) => RevocationReason::Reuse,
                    None => RevocationReason::Logout,
                },
                by: by.map(id),
            }),
            ..session()
        }
    }
}

/// What kind of attempt it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A refresh.
    Refresh,
    /// The token as a credential, without using it up ([`RotationMode::Keep`]).
    Authorize,
    /// A refresh with another secret than the session's.
    Forged,
}

/// An attempt, without what is the same in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attempt {
    /// Its name.
    pub id: u8,
    /// The generation it presents.
    pub generation: u8,
    /// From this tick of the store's clock on it changes nothing.
    pub deadline: i8,
    /// The node that makes it, and whose key it brings.
    pub node: u8,
    /// Whether it comes from the thief's device.
    pub thiefs: bool,
    /// Its kind.
    pub kind: Kind,
}

impl Attempt {
    /// The attempt as the rules take it.
    pub fn full(&self, rules: RotationRules) -> RotationAttempt {
        let session = session();
        let secret: &[u8] = match self.kind {
            Kind::Forged => b"guess",
            Kind::Refresh | Kind::Authorize => b"secret",
        };
        RotationAttempt {
            id: id(self.id),
            deadline: time(self.deadline),
            session: session.id,
            subject: session.subject,
            generation: self.generation.into(),
            secret_digest: SecretDigest::of(secret),
            client: session.client,
            scope_allowed: true,
            mode: match self.kind {
                Kind::Authorize => RotationMode::Keep,
                Kind::Refresh | Kind::Forged => RotationMode::Rotate,
            },
            idle_ttl: ticks(IDLE),
            refresh_key: key(self.node),
            device: device(self.thiefs),
            rules,
        }
    }
}

/// A refresh token: all that makes it what it is, byte for byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    /// Its generation.
    pub generation: u8,
    /// The tick at which it was made.
    pub rotated: i8,
    /// The tick at which it expires.
    pub idle: i8,
    /// The key it is made with.
    pub key: u8,
}

impl Token {
    /// The current token of a row.
    pub fn of(row: &Row) -> Self {
        Self::from(&Successor::of(&row.record()))
    }
}

impl From<&Successor> for Token {
    fn from(successor: &Successor) -> Self {
        Self {
            generation: small(successor.generation),
            rotated: tick(successor.rotated_at),
            idle: tick(successor.idle_deadline),
            key: u8::from(*successor.refresh_key == *key(1)),
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Answer {
    /// A token: the next one, the current one again, or the presented one.
    Token(Token),
    /// The token was good for what else it was presented for.
    Valid,
    /// The session is over, or this token.
    Refused,
    /// Nobody can say: to be asked again.
    Undecided,
}

impl From<&RotationOutcome> for Answer {
    fn from(outcome: &RotationOutcome) -> Self {
        match (outcome.successor(), outcome) {
            (Some(successor), _) => Self::Token(successor.into()),
            (None, RotationOutcome::Valid { .. }) => Self::Valid,
            (None, RotationOutcome::Overdue { .. }) => Self::Undecided,
            (None, _) => Self::Refused,
        }
    }
}

/// The moment of a tick, by the store's clock.
pub fn time(tick: i8) -> Timestamp {
    Timestamp::from_secs(1_800_000_000 + i64::from(tick))
}

fn tick(time: Timestamp) -> i8 {
    let tick = i8::try_from(time.as_secs() - 1_800_000_000);
    tick.unwrap_or_else(|_| unreachable!("the model's times are small"))
}

fn ticks(count: i8) -> Duration {
    TICK * u32::from(count.unsigned_abs())
}

fn small(generation: u64) -> u8 {
    u8::try_from(generation).unwrap_or_else(|_| unreachable!("the model's generations are small"))
}

fn id(name: u8) -> AttemptId {
    AttemptId::from_bytes([name; 16])
}

fn name(id: AttemptId) -> u8 {
    id.as_bytes()[0]
}

fn key(node: u8) -> Arc<str> {
    match node {
        0 => "k0".into(),
        _ => "k1".into(),
    }
}

fn device(thiefs: bool) -> Device {
    Device::new(Some(if thiefs { "curl" } else { "browser" }), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back() {
        let row = Row {
            generation: 3,
            rotated: -2,
            idle: 9,
            key: 1,
            thiefs: true,
            by: Some(4),
            from: 1,
            late: Some(2),
            revoked: Some((7, Some(2))),
        };
        assert_eq!(Row::of(&row.record()), row);
        assert_eq!(Row::first().record(), session());
    }
}
