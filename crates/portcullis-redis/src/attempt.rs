//! What the script that rotates is told.

use portcullis::{
    session::{ReplayPolicy, RevocationReason, RotationAttempt, StoreError},
    time::Timestamp,
};
use serde::Serialize;

use crate::{
    ask::{millis, span},
    layout::subject_text,
    row,
};

/// An attempt, as rotate.lua reads it.
#[derive(Serialize)]
pub(crate) struct Presented<'a> {
    id: &'a str,
    deadline: String,
    set_out: String,
    subject: String,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    generation: String,
    attempt: String,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    idle_ttl: String,
    grace: String,
    until_used: bool,
    same_device: bool,
    reuse: &'static str,
}

/// What stays the same of a row, in the order of `encode` in subject.lua.
#[derive(Serialize)]
struct Own<'a> {
    digest: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<&'a str>,
    subject: &'a str,
}

/// What becomes of it, in the same order.
#[derive(Serialize)]
struct Next<'a> {
    rotated_by: &'a str,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a str>,
}

impl<'a> Presented<'a> {
    pub(crate) fn new(attempt: &'a RotationAttempt) -> Self {
        Self {
            id: attempt.session.as_str(),
            deadline: millis(attempt.deadline),
            set_out: millis(attempt.set_out()),
            subject: subject_text(&attempt.subject),
            digest: row::digest_text(&attempt.secret_digest),
            client: attempt.client.as_deref(),
            generation: attempt.generation.to_string(),
            attempt: row::attempt_text(&attempt.id),
            key: &attempt.refresh_key,
            agent: attempt.device.user_agent.as_deref(),
            address: row::address_text(&attempt.device),
            idle_ttl: span(attempt.idle_ttl),
            grace: span(attempt.rules.window()),
            until_used: attempt.rules.until_used,
            same_device: attempt.rules.replay == ReplayPolicy::SameDevice,
            reuse: RevocationReason::Reuse.as_str(),
        }
    }

    /// The same for advance.lua, `ARGV[2]` to `ARGV[12]`: pieces of the text of a row, so that
    /// it neither parses nor writes JSON.
    pub(crate) fn in_pieces(
        &self,
        attempt: &RotationAttempt,
        now: Option<Timestamp>,
        keep: &str,
    ) -> Result<[String; 11], StoreError> {
        let own = members(&Own {
            digest: &self.digest,
            client: self.client,
            subject: &self.subject,
        })?;
        let next = members(&Next {
            rotated_by: &self.attempt,
            key: self.key,
            agent: self.agent,
            address: self.address.as_deref(),
        })?;
        Ok([
            format!(",{own},\"grant\":"),
            now.map(millis).unwrap_or_default(),
            self.generation.clone(),
            self.deadline.clone(),
            self.set_out.clone(),
            self.grace.clone(),
            format!("r:{}", attempt.subject.realm()),
            self.idle_ttl.clone(),
            keep.to_owned(),
            format!("\",{next}"),
            self.id.to_owned(),
        ])
    }
}

/// The members of an object as JSON, without its braces.
fn members(object: &impl Serialize) -> Result<String, StoreError> {
    let text = serde_json::to_string(object).map_err(StoreError::corrupt)?;
    let inner = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'));
    Ok(inner.unwrap_or_default().to_owned())
}
