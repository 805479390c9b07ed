//! What the script that rotates is told.

use portcullis::{
    session::{ReplayPolicy, RevocationReason, RotationAttempt, StoreError},
    time::Timestamp,
};
use redis::{RedisWrite, ToRedisArgs};
use serde::Serialize;

use crate::{
    ask::{millis, number, span},
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
pub(crate) struct Exchange<'a> {
    attempt: &'a RotationAttempt,
    own: String,
    next: String,
    keep: u64,
    now: Option<Timestamp>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(
        attempt: &'a RotationAttempt,
        subject: &str,
        keep: u64,
        now: Option<Timestamp>,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            attempt,
            own: members(
                &Own {
                    digest: &row::digest_text(&attempt.secret_digest),
                    client: attempt.client.as_deref(),
                    subject,
                },
                ",\"grant\":",
            )?,
            next: members(
                &Next {
                    rotated_by: &row::attempt_text(&attempt.id),
                    key: &attempt.refresh_key,
                    agent: attempt.device.user_agent.as_deref(),
                    address: row::address_text(&attempt.device).as_deref(),
                },
                "",
            )?,
            keep,
            now,
        })
    }
}

impl ToRedisArgs for Exchange<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        let attempt = self.attempt;
        let idle_ttl = number(attempt.idle_ttl);
        self.own.write_redis_args(out);
        attempt.generation.write_redis_args(out);
        attempt.generation.saturating_add(1).write_redis_args(out);
        attempt.deadline.as_millis().write_redis_args(out);
        attempt.set_out().as_millis().write_redis_args(out);
        number(attempt.rules.window()).write_redis_args(out);
        out.write_arg_fmt(format_args!("r:{}", attempt.subject.realm()));
        idle_ttl.write_redis_args(out);
        idle_ttl.saturating_add(self.keep).write_redis_args(out);
        self.next.write_redis_args(out);
        attempt.session.as_str().write_redis_args(out);
        self.now.map(Timestamp::as_millis).write_redis_args(out);
    }

    fn num_of_args(&self) -> usize {
        11 + self.now.iter().count()
    }
}

/// The members of an object as JSON behind others, and what follows.
fn members(object: &impl Serialize, rest: &str) -> Result<String, StoreError> {
    let mut text = serde_json::to_string(object).map_err(StoreError::corrupt)?;
    text.replace_range(..1, ",");
    text.pop();
    text.push_str(rest);
    Ok(text)
}
