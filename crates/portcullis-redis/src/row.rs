//! Rows as records. Every number is a decimal string: the JSON of Redis' Lua
//! rounds numbers.

use std::{fmt::Display, str::FromStr};

use portcullis::{
    session::{
        ApplicationToken, AttemptId, Device, Grant, NewSession, OneUse, RevocationReason, Revoked,
        SecretDigest, SessionId, SessionRecord, StoreError,
    },
    subject::Subject,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::layout::{parse_subject, subject_text};

/// A session as it is kept. The scripts know these names, too.
#[derive(Serialize, Deserialize)]
pub(crate) struct SessionRow {
    id: String,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    generation: String,
    created: String,
    rotated: String,
    idle: String,
    absolute: String,
    digest: String,
    key: String,
    grant: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotated_by: Option<String>,
    from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    late: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// The number of the ticket that it was opened with.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
}

impl SessionRow {
    /// The first row of a session; the script puts in the times.
    pub(crate) fn new(session: &NewSession, ticket: &str) -> Result<Self, StoreError> {
        Ok(Self {
            id: session.id.as_str().to_owned(),
            subject: subject_text(&session.subject),
            client: session.client.clone(),
            generation: "0".to_owned(),
            created: String::new(),
            rotated: String::new(),
            idle: String::new(),
            absolute: String::new(),
            digest: digest_text(&session.secret_digest),
            key: session.refresh_key.to_string(),
            grant: session.grant.to_json()?,
            agent: session.device.user_agent.clone(),
            address: address_text(&session.device),
            rotated_by: None,
            from: "0".to_owned(),
            late: None,
            revoked: None,
            why: None,
            by: None,
            ticket: Some(ticket.to_owned()),
        })
    }
}

/// Reads a session.
pub(crate) fn session(text: &str) -> Result<SessionRecord, StoreError> {
    let row: SessionRow = serde_json::from_str(text).map_err(StoreError::corrupt)?;
    Ok(SessionRecord {
        id: session_id(&row.id)?,
        subject: parse_subject(&row.subject)?,
        client: row.client,
        generation: number(&row.generation)?,
        created_at: time(&row.created)?,
        rotated_at: time(&row.rotated)?,
        idle_deadline: time(&row.idle)?,
        absolute_deadline: time(&row.absolute)?,
        secret_digest: digest(&row.digest)?,
        refresh_key: row.key.into(),
        grant: Grant::from_json(&row.grant)?,
        device: Device::from_stored(row.agent, row.address.as_deref()),
        rotated_by: row.rotated_by.as_deref().map(attempt_id).transpose()?,
        rotated_from: number(&row.from)?,
        late_retry_by: row.late.as_deref().map(attempt_id).transpose()?,
        revoked: match (&row.revoked, &row.why) {
            (None, _) => None,
            (Some(at), why) => Some(Revoked {
                at: time(at)?,
                reason: RevocationReason::from_stored(why.as_deref()),
                by: row.by.as_deref().map(attempt_id).transpose()?,
            }),
        },
    })
}

/// The name of a session or application token, whatever else is in its row.
pub(crate) fn id(text: &str) -> Result<String, StoreError> {
    #[derive(Deserialize)]
    struct Named {
        id: String,
    }
    let named: Named = serde_json::from_str(text).map_err(StoreError::corrupt)?;
    Ok(named.id)
}

/// An application token as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct TokenRow {
    id: String,
    subject: String,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    removed: Option<String>,
    /// The number of the ticket that it was listed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
}

impl TokenRow {
    pub(crate) fn new(token: &ApplicationToken, ticket: &str) -> Self {
        Self {
            id: token.id.clone(),
            subject: subject_text(&token.subject),
            created: token.created_at.as_millis().to_string(),
            removed: None,
            ticket: Some(ticket.to_owned()),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(StoreError::corrupt)
    }

    pub(crate) fn is_live_for(&self, subject: &Subject) -> bool {
        self.removed.is_none() && self.subject == subject_text(subject)
    }

    pub(crate) fn into_token(self) -> Result<ApplicationToken, StoreError> {
        Ok(ApplicationToken {
            subject: parse_subject(&self.subject)?,
            created_at: time(&self.created)?,
            id: self.id,
        })
    }
}

/// Who used something first that may be used once, as it is kept.
#[derive(Deserialize)]
struct UsedRow {
    first: String,
    at: String,
}

/// Reads who used first what `attempt` uses at `now`.
pub(crate) fn one_use(
    text: &str,
    attempt: AttemptId,
    now: Timestamp,
) -> Result<OneUse, StoreError> {
    let row: UsedRow = serde_json::from_str(text).map_err(StoreError::corrupt)?;
    let elapsed = now.saturating_duration_since(time(&row.at)?);
    Ok(OneUse::of(attempt, attempt_id(&row.first)?, elapsed))
}

pub(crate) fn time(text: &str) -> Result<Timestamp, StoreError> {
    number(text).map(Timestamp::from_millis)
}

pub(crate) fn number<T>(text: &str) -> Result<T, StoreError>
where
    T: FromStr<Err: Display>,
{
    text.parse()
        .map_err(|error: T::Err| StoreError::corrupt(error.to_string()))
}

/// One of several rows or entries. One that cannot be read is left out, and said so: it
/// must not hide the others.
pub(crate) fn readable<T>(row: Result<T, StoreError>) -> Option<T> {
    row.inspect_err(|error| {
        tracing::error!(error = error.cause(), "a row cannot be read");
    })
    .ok()
}

pub(crate) fn session_id(text: &str) -> Result<SessionId, StoreError> {
    SessionId::parse(text).ok_or_else(|| StoreError::corrupt("not a session id"))
}

pub(crate) fn attempt_text(id: &AttemptId) -> String {
    hex::encode(id.as_bytes())
}

pub(crate) fn digest_text(digest: &SecretDigest) -> String {
    hex::encode(digest.as_bytes())
}

pub(crate) fn address_text(device: &Device) -> Option<String> {
    device.address.map(|address| address.to_string())
}

fn attempt_id(text: &str) -> Result<AttemptId, StoreError> {
    bytes(text).map(AttemptId::from_bytes)
}

fn digest(text: &str) -> Result<SecretDigest, StoreError> {
    bytes(text).map(SecretDigest::from_bytes)
}

/// Exactly so many bytes, in hexadecimal.
fn bytes<const N: usize>(text: &str) -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).map_err(StoreError::corrupt)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_and_attempts_come_back() {
        let of = SecretDigest::of(b"abc");
        assert!(digest_text(&of).starts_with("ba7816bf"));
        assert_eq!(digest(&digest_text(&of)).unwrap(), of);
        let id = AttemptId::from_bytes([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]);
        assert_eq!(attempt_id(&attempt_text(&id)).unwrap(), id);
    }

    #[test]
    fn what_is_no_row_is_corrupt() {
        for text in ["", "{}", "[]", "null", r#"{"id":"x"}"#] {
            assert!(session(text).is_err(), "{text}");
            assert!(TokenRow::parse(text).is_err(), "{text}");
        }
        for text in ["", "0", "é", &"+".repeat(64), &"é".repeat(32)] {
            assert!(digest(text).is_err(), "{text}");
        }
    }
}
