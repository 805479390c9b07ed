//! The scripts: each is one atomic step.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use portcullis::session::{AttemptId, StoreError};
use redis::{
    Cmd, ErrorKind, FromRedisValue, RedisError, RedisResult, Script, ServerErrorKind, ToRedisArgs,
    Value,
};
use serde::Serialize;
use tokio::time::{sleep, timeout};

use crate::{
    connection::{Link, written_but},
    error::store_error,
    row,
};

/// How often a script may say that it needs further keys: as long as sessions of its
/// subject begin and end all the time.
const ROUNDS: usize = 64;

/// How long is waited for a slot that is on its way before it is asked for again: first, and
/// at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(80));

/// The scripts with their digests, prepared once.
pub(crate) struct Scripts {
    pub(crate) ticket: Step,
    pub(crate) create: Step,
    pub(crate) advance: Step,
    pub(crate) rotate: Step,
    pub(crate) check: Step,
    pub(crate) session: Step,
    pub(crate) sessions: Step,
    pub(crate) count: Step,
    pub(crate) revoke: Step,
    pub(crate) log_out: Step,
    pub(crate) sweep: Step,
    pub(crate) erase: Step,
    pub(crate) revoke_realm: Step,
    pub(crate) add_token: Step,
    pub(crate) token: Step,
    pub(crate) tokens: Step,
    pub(crate) remove_token: Step,
    pub(crate) remove_tokens: Step,
    pub(crate) revoke_token: Step,
    pub(crate) is_revoked: Step,
    pub(crate) use_once: Step,
    pub(crate) feed: Step,
    pub(crate) purge: Step,
    pub(crate) forget_devices: Step,
    pub(crate) key_ring: Step,
    pub(crate) replace_key_ring: Step,
    pub(crate) keep: Step,
    pub(crate) claim: Step,
    pub(crate) prove: Step,
    pub(crate) publish: Step,
}

/// A script and the digest by which the server knows it.
pub(crate) struct Step {
    code: &'static str,
    digest: String,
}

/// What a script in the shard of a subject says.
pub(crate) enum Answer<T> {
    /// What was asked.
    Given(T),
    /// The subject has to be brought here first, from an older layout.
    Move,
}

/// How a step gets to the server.
#[derive(Clone, Copy)]
pub(crate) enum Way<'a> {
    Plain(&'a Link),
    /// It counts once so many replicas have what it wrote.
    ToReplicas(&'a Link, &'a str, u32),
    /// The same; but it is done at once, by the connection of all others, and waited for
    /// on the second one. The text is the name of a hash beside what is written, which is
    /// always there: while its slot moves, what is not would be looked for elsewhere.
    ThenToReplicas(&'a Link, &'a Link, &'a str, u32),
}

fn elsewhere() -> RedisError {
    std::io::Error::other("written, but another server answers now").into()
}

impl<'a> Way<'a> {
    fn link(self) -> &'a Link {
        match self {
            Self::Plain(link) | Self::ToReplicas(link, ..) | Self::ThenToReplicas(link, ..) => link,
        }
    }

    async fn send(self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Plain(link) => link.send(command).await,
            // Boxed, or those who refresh would carry the room for it.
            Self::ToReplicas(link, mark, replicas) => {
                Box::pin(link.send_to_replicas(command, mark, replicas)).await
            }
            Self::ThenToReplicas(link, waiting, hash, replicas) => {
                let sent = async {
                    // New each time: a step in rounds may be on another server by now, which
                    // has the mark of the round before.
                    let name = AttemptId::random().map_err(std::io::Error::other)?;
                    let mark = format!("m:{}", row::attempt_text(&name));
                    let mark = (hash, mark.as_str());
                    let sent = link.send_marked(command, mark).await;
                    if let Err(error) = &sent
                        && matches!(error.kind(), ErrorKind::Server(_))
                    {
                        // The mark may have been written without the rest.
                        let _ = link.take_mark(mark, 0).await;
                    }
                    let answer = sent?;
                    match waiting.take_mark(mark, replicas).await {
                        Ok(true) => Ok(answer),
                        Ok(false) => Err(elsewhere()),
                        Err(error) if is_on_its_way(&error) => Err(written_but(error)),
                        Err(error) => Err(error),
                    }
                };
                Box::pin(sent).await
            }
        }
    }
}

/// A step with the clock alone.
macro_rules! with_clock {
    ($name:literal) => {
        Step::new(concat!(
            include_str!("lua/clock.lua"),
            include_str!(concat!("lua/", $name, ".lua"))
        ))
    };
}

/// A step of the proof of a server.
macro_rules! of_proof {
    ($name:literal) => {
        Step::new(concat!(
            include_str!("lua/clock.lua"),
            include_str!("lua/proof.lua"),
            include_str!(concat!("lua/", $name, ".lua"))
        ))
    };
}

/// A step within one shard.
macro_rules! in_shard {
    ($name:literal) => {
        Step::new(concat!(
            include_str!("lua/clock.lua"),
            include_str!("lua/shard.lua"),
            include_str!(concat!("lua/", $name, ".lua"))
        ))
    };
}

/// A step on the sessions of a subject.
macro_rules! on_sessions {
    ($name:literal) => {
        Step::new(concat!(
            include_str!("lua/clock.lua"),
            include_str!("lua/shard.lua"),
            include_str!("lua/subject.lua"),
            include_str!(concat!("lua/", $name, ".lua"))
        ))
    };
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            ticket: with_clock!("ticket"),
            create: on_sessions!("create"),
            advance: Step::new(include_str!("lua/advance.lua")),
            rotate: on_sessions!("rotate"),
            check: on_sessions!("check"),
            session: on_sessions!("session"),
            sessions: on_sessions!("sessions"),
            count: on_sessions!("count"),
            revoke: on_sessions!("revoke"),
            log_out: on_sessions!("log_out"),
            sweep: on_sessions!("sweep"),
            erase: on_sessions!("erase"),
            revoke_realm: in_shard!("revoke_realm"),
            add_token: on_sessions!("add_token"),
            token: in_shard!("token"),
            tokens: in_shard!("tokens"),
            remove_token: in_shard!("remove_token"),
            remove_tokens: in_shard!("remove_tokens"),
            revoke_token: in_shard!("revoke_token"),
            is_revoked: on_sessions!("is_revoked"),
            use_once: in_shard!("use_once"),
            feed: with_clock!("feed"),
            purge: in_shard!("purge"),
            forget_devices: in_shard!("forget_devices"),
            key_ring: with_clock!("key_ring"),
            replace_key_ring: with_clock!("replace_key_ring"),
            keep: with_clock!("keep"),
            claim: of_proof!("claim"),
            prove: of_proof!("prove"),
            publish: of_proof!("publish"),
        }
    }
}

impl Step {
    pub(crate) fn new(code: &'static str) -> Self {
        Self {
            code,
            digest: Script::new(code).get_hash().to_owned(),
        }
    }

    /// Runs the script, which touches these keys and no others, on the server that has
    /// them.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        way: Way<'_>,
        keys: &[String],
        ask: &impl Serialize,
    ) -> Result<T, StoreError> {
        let ask = serde_json::to_string(ask).map_err(StoreError::corrupt)?;
        self.run_with(way, keys, &ask).await
    }

    /// The same for a script that is told something else than JSON.
    pub(crate) async fn run_with<T: FromRedisValue>(
        &self,
        way: Way<'_>,
        keys: &[String],
        what: &impl ToRedisArgs,
    ) -> Result<T, StoreError> {
        let value = self.send(way, keys, what).await?;
        T::from_redis_value(value).map_err(StoreError::corrupt)
    }

    /// Runs a script that may find out which rows it touches. It then says so and does
    /// nothing, and is asked again with their keys.
    pub(crate) async fn run_on_rows<T: FromRedisValue>(
        &self,
        way: Way<'_>,
        mut keys: BTreeSet<String>,
        ask: &impl Serialize,
    ) -> Result<Answer<T>, StoreError> {
        let ask = serde_json::to_string(ask).map_err(StoreError::corrupt)?;
        for _ in 0..ROUNDS {
            let declared: Vec<_> = keys.iter().cloned().collect();
            let value = self.send(way, &declared, &ask).await?;
            match word(&value) {
                Some(b"keys") => {
                    let names = Vec::<String>::from_redis_value(value);
                    keys.extend(names.map_err(StoreError::corrupt)?.into_iter().skip(1));
                }
                Some(b"move") => return Ok(Answer::Move),
                _ => {
                    let given = T::from_redis_value(value).map_err(StoreError::corrupt)?;
                    return Ok(Answer::Given(given));
                }
            }
        }
        Err(StoreError::unavailable("the sessions change all the time"))
    }

    /// Until the time of a call is over if the slot of the keys is on its way: then some
    /// of the keys are here and some there.
    async fn send(
        &self,
        way: Way<'_>,
        keys: &[String],
        what: &impl ToRedisArgs,
    ) -> Result<Value, StoreError> {
        let command = self.command("EVALSHA", &self.digest, keys, what);
        let begun = Instant::now();
        let once = || async {
            match way.send(&command).await {
                // It has not run. `EVAL` leaves it with the server.
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    way.send(&self.command("EVAL", self.code, keys, what)).await
                }
                result => result,
            }
        };
        let mut result = once().await;
        let mut pause = PAUSES.0;
        while result.as_ref().is_err_and(is_on_its_way) {
            sleep(pause).await;
            let left = way.link().limit().saturating_sub(begun.elapsed());
            let Ok(again) = timeout(left, once()).await else {
                break;
            };
            result = again;
            pause = (pause * 2).min(PAUSES.1);
        }
        result.map_err(store_error)
    }

    fn command(&self, name: &str, script: &str, keys: &[String], what: &impl ToRedisArgs) -> Cmd {
        // As long as nearly all are, so that it need not grow.
        let mut command = Cmd::with_capacity(3 + keys.len() + what.num_of_args(), 1024);
        command
            .arg(name)
            .arg(script)
            .arg(keys.len())
            .arg(keys)
            .arg(what);
        command
    }
}

/// Whether a cluster says that this slot is being moved, or whose it is being agreed on.
/// Nothing has run then: what goes wrong behind a script says something else.
fn is_on_its_way(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(
            ServerErrorKind::TryAgain
                | ServerErrorKind::Ask
                | ServerErrorKind::Moved
                | ServerErrorKind::ClusterDown
        )
    )
}

/// The word that an answer begins with, if it is a list of texts.
fn word(value: &Value) -> Option<&[u8]> {
    match value {
        Value::Array(values) => match values.first() {
            Some(Value::BulkString(word)) => Some(word),
            _ => None,
        },
        _ => None,
    }
}
