//! What the script that rotates is told.

use portcullis::{
    session::{ReplayPolicy, RevocationReason, RotationAttempt, StoreError},
    time::Timestamp,
};
use serde::Serialize;

use crate::{
    ask::{millis, span},
    keep::number,
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

/// An attempt as advance.lua reads it: `ARGV[1]` to `ARGV[12]`, the last of which a test says.
/// Pieces of the text of a row, so that the script neither parses nor writes JSON.
pub(crate) fn exchange(
    attempt: &RotationAttempt,
    subject: &str,
    keep: u64,
    now: Option<Timestamp>,
) -> Result<Vec<String>, StoreError> {
    let own = members(
        &Own {
            digest: &row::digest_text(&attempt.secret_digest),
            client: attempt.client.as_deref(),
            subject,
        },
        ",\"grant\":",
    )?;
    let next = members(
        &Next {
            rotated_by: &row::attempt_text(&attempt.id),
            key: &attempt.refresh_key,
            agent: attempt.device.user_agent.as_deref(),
            address: row::address_text(&attempt.device).as_deref(),
        },
        "",
    )?;
    let idle_ttl = number(attempt.idle_ttl);
    let mut pieces = vec![
        own,
        attempt.generation.to_string(),
        attempt.generation.saturating_add(1).to_string(),
        millis(attempt.deadline),
        millis(attempt.set_out()),
        span(attempt.rules.window()),
        format!("r:{}", attempt.subject.realm()),
        idle_ttl.to_string(),
        idle_ttl.saturating_add(keep).to_string(),
        next,
        attempt.session.as_str().to_owned(),
    ];
    pieces.extend(now.map(millis));
    Ok(pieces)
}

/// The members of an object as JSON behind others, and what follows.
fn members(object: &impl Serialize, rest: &str) -> Result<String, StoreError> {
    let mut text = serde_json::to_string(object).map_err(StoreError::corrupt)?;
    text.replace_range(..1, ",");
    text.pop();
    text.push_str(rest);
    Ok(text)
}
