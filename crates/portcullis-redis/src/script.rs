//! The scripts: each is one atomic step.

use portcullis::session::StoreError;
use redis::{ErrorKind, FromRedisValue, RedisResult, Script, ServerErrorKind, Value};
use serde::Serialize;

use crate::{connection::Link, error::store_error};

/// The scripts with their digests, prepared once.
pub(crate) struct Scripts {
    pub(crate) ticket: Step,
    pub(crate) create: Step,
    pub(crate) rotate: Step,
    pub(crate) check: Step,
    pub(crate) session: Step,
    pub(crate) sessions: Step,
    pub(crate) revoke: Step,
    pub(crate) revoke_all: Step,
    pub(crate) revoke_realm: Step,
    pub(crate) add_token: Step,
    pub(crate) token: Step,
    pub(crate) tokens: Step,
    pub(crate) remove_token: Step,
    pub(crate) revoke_token: Step,
    pub(crate) is_revoked: Step,
    pub(crate) use_once: Step,
    pub(crate) feed: Step,
    pub(crate) purge: Step,
    pub(crate) key_ring: Step,
    pub(crate) replace_key_ring: Step,
}

/// A script and the digest by which the server knows it.
pub(crate) struct Step {
    code: &'static str,
    digest: String,
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

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            ticket: Step::new(concat!(
                include_str!("lua/clock.lua"),
                include_str!("lua/ticket.lua")
            )),
            create: in_shard!("create"),
            rotate: in_shard!("rotate"),
            check: in_shard!("check"),
            session: in_shard!("session"),
            sessions: in_shard!("sessions"),
            revoke: in_shard!("revoke"),
            revoke_all: in_shard!("revoke_all"),
            revoke_realm: in_shard!("revoke_realm"),
            add_token: in_shard!("add_token"),
            token: in_shard!("token"),
            tokens: in_shard!("tokens"),
            remove_token: in_shard!("remove_token"),
            revoke_token: in_shard!("revoke_token"),
            is_revoked: in_shard!("is_revoked"),
            use_once: in_shard!("use_once"),
            feed: in_shard!("feed"),
            purge: in_shard!("purge"),
            key_ring: Step::new(concat!(
                include_str!("lua/clock.lua"),
                include_str!("lua/key_ring.lua")
            )),
            replace_key_ring: Step::new(concat!(
                include_str!("lua/clock.lua"),
                include_str!("lua/replace_key_ring.lua")
            )),
        }
    }
}

impl Step {
    fn new(code: &'static str) -> Self {
        Self {
            code,
            digest: Script::new(code).get_hash().to_owned(),
        }
    }

    /// Runs the script on the server that has `key`. One round trip, unless the
    /// server has lost the script, or never had it.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        link: &Link,
        key: &str,
        ask: &impl Serialize,
    ) -> Result<T, StoreError> {
        let ask = serde_json::to_string(ask).map_err(StoreError::corrupt)?;
        let result = match self.call(link, "EVALSHA", &self.digest, key, &ask).await {
            // It has not run. `EVAL` leaves it with the server.
            Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                self.call(link, "EVAL", self.code, key, &ask).await
            }
            result => result,
        };
        let value = result.map_err(store_error)?;
        T::from_redis_value(value).map_err(StoreError::corrupt)
    }

    async fn call(
        &self,
        link: &Link,
        command: &str,
        script: &str,
        key: &str,
        ask: &str,
    ) -> RedisResult<Value> {
        let mut command = redis::cmd(command);
        command.arg(script).arg(1).arg(key).arg(ask);
        link.send(&command).await
    }
}
