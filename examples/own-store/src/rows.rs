//! What is kept, and how it is read back in full.

use std::time::Duration;

use portcullis::{
    session::{
        ApplicationToken, AttemptId, Device, Grant, RevocationReason, Revoked, SecretDigest,
        SessionId, SessionRecord, StoreError,
    },
    subject::Subject,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A session, and the ticket that it began with.
#[derive(Serialize, Deserialize)]
pub(crate) struct SessionRow {
    pub(crate) ticket: u64,
    realm: String,
    name: String,
    client: Option<String>,
    generation: u64,
    created_at: i64,
    rotated_at: i64,
    idle_deadline: i64,
    absolute_deadline: i64,
    secret_digest: [u8; 32],
    refresh_key: String,
    grant: Grant,
    device: Device,
    rotated_by: Option<[u8; 16]>,
    rotated_from: u64,
    late_retry_by: Option<[u8; 16]>,
    revoked: Option<RevokedRow>,
}

#[derive(Serialize, Deserialize)]
struct RevokedRow {
    at: i64,
    reason: String,
    by: Option<[u8; 16]>,
}

impl SessionRow {
    pub(crate) fn new(record: SessionRecord, ticket: u64) -> Self {
        // Whole, so that it does not compile when there is more to keep.
        let SessionRecord {
            id: _,
            subject,
            client,
            generation,
            created_at,
            rotated_at,
            idle_deadline,
            absolute_deadline,
            secret_digest,
            refresh_key,
            grant,
            device,
            rotated_by,
            rotated_from,
            late_retry_by,
            revoked,
        } = record;
        Self {
            ticket,
            realm: subject.realm().to_owned(),
            name: subject.name().to_owned(),
            client,
            generation,
            created_at: created_at.as_millis(),
            rotated_at: rotated_at.as_millis(),
            idle_deadline: idle_deadline.as_millis(),
            absolute_deadline: absolute_deadline.as_millis(),
            secret_digest: *secret_digest.as_bytes(),
            refresh_key: refresh_key.to_string(),
            grant,
            device,
            rotated_by: rotated_by.map(|id| *id.as_bytes()),
            rotated_from,
            late_retry_by: late_retry_by.map(|id| *id.as_bytes()),
            revoked: revoked.map(|Revoked { at, reason, by }| RevokedRow {
                at: at.as_millis(),
                reason: reason.as_str().to_owned(),
                by: by.map(|id| *id.as_bytes()),
            }),
        }
    }

    pub(crate) fn into_record(self, id: &str) -> Result<SessionRecord, StoreError> {
        Ok(SessionRecord {
            id: id.parse::<SessionId>().map_err(StoreError::corrupt)?,
            subject: Subject::new(self.realm, self.name),
            client: self.client,
            generation: self.generation,
            created_at: Timestamp::from_millis(self.created_at),
            rotated_at: Timestamp::from_millis(self.rotated_at),
            idle_deadline: Timestamp::from_millis(self.idle_deadline),
            absolute_deadline: Timestamp::from_millis(self.absolute_deadline),
            secret_digest: SecretDigest::from_bytes(self.secret_digest),
            refresh_key: self.refresh_key.into(),
            grant: self.grant,
            device: self.device,
            rotated_by: self.rotated_by.map(AttemptId::from_bytes),
            rotated_from: self.rotated_from,
            late_retry_by: self.late_retry_by.map(AttemptId::from_bytes),
            revoked: self.revoked.map(|row| Revoked {
                at: Timestamp::from_millis(row.at),
                reason: RevocationReason::from_stored(Some(&row.reason)),
                by: row.by.map(AttemptId::from_bytes),
            }),
        })
    }
}

/// An application token, on the live list or taken off it.
#[derive(Serialize, Deserialize)]
pub(crate) struct ApplicationTokenRow {
    pub(crate) ticket: u64,
    pub(crate) realm: String,
    name: String,
    created_at: i64,
    pub(crate) removed_at: Option<i64>,
}

impl ApplicationTokenRow {
    pub(crate) fn new(token: &ApplicationToken, ticket: u64) -> Self {
        let ApplicationToken {
            id: _,
            subject,
            created_at,
        } = token;
        Self {
            ticket,
            realm: subject.realm().to_owned(),
            name: subject.name().to_owned(),
            created_at: created_at.as_millis(),
            removed_at: None,
        }
    }

    pub(crate) fn token(&self, id: &str) -> ApplicationToken {
        ApplicationToken {
            id: id.to_owned(),
            subject: Subject::new(&*self.realm, &*self.name),
            created_at: Timestamp::from_millis(self.created_at),
        }
    }
}

/// The last log-out of a subject everywhere, or of a whole realm: its number in the order
/// of all of them, and when it was.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct LogOutRow {
    pub(crate) sequence: u64,
    pub(crate) at: i64,
}

/// An access token that was revoked by itself.
#[derive(Serialize, Deserialize)]
pub(crate) struct RevokedTokenRow {
    pub(crate) name: String,
    pub(crate) at: i64,
    pub(crate) until: i64,
}

/// Something that was used that may be used once.
#[derive(Serialize, Deserialize)]
pub(crate) struct UseRow {
    pub(crate) first: [u8; 16],
    pub(crate) at: i64,
    pub(crate) until: i64,
}

impl UseRow {
    pub(crate) fn new(attempt: AttemptId, now: Timestamp, keep: Duration) -> Self {
        Self {
            first: *attempt.as_bytes(),
            at: now.as_millis(),
            until: now.saturating_add(keep).as_millis(),
        }
    }
}

/// The record of a key ring.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct RingRow {
    pub(crate) version: u64,
    pub(crate) record: String,
}

/// Something that the feed tells, by the key of its row.
#[derive(Serialize, Deserialize)]
pub(crate) enum Told {
    Session(String),
    ApplicationToken(String),
    Token { realm: String, id: String },
    Subject { realm: String, name: String },
    Realm(String),
}
