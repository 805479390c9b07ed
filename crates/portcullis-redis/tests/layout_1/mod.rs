//! A node of the version whose layout is `1/16`: its scripts, as they were.

use portcullis::{
    session::{Grant, RotationAttempt, SecretDigest, SessionId},
    subject::Subject,
};
use redis::{Commands, FromRedisValue, RedisResult};
use serde_json::{Value, json};

use crate::common::Prefix;

/// A step of a shard.
macro_rules! in_shard {
    ($name:literal) => {
        concat!(
            include_str!("clock.lua"),
            include_str!("shard.lua"),
            include_str!(concat!($name, ".lua"))
        )
    };
}

pub(crate) struct OldNode<'a>(&'a Prefix);

impl<'a> OldNode<'a> {
    /// The first one writes the layout down.
    pub(crate) fn connect(prefix: &'a Prefix) -> Self {
        let layout = format!("{{{}}}:layout", prefix.name());
        let _: () = prefix.connection().set(layout, "1/16").unwrap();
        Self(prefix)
    }

    fn run<T: FromRedisValue>(&self, key: &str, code: &str, mut what: Value) -> RedisResult<T> {
        what["keep"] = "86400000".into();
        what["channel"] = format!("{}:0:revoked", self.0.name()).into();
        let mut command = redis::cmd("EVAL");
        command.arg(code).arg(1).arg(key).arg(what.to_string());
        command.query(&mut self.0.connection())
    }

    fn at<T: FromRedisValue>(
        &self,
        subject: &Subject,
        code: &str,
        mut what: Value,
    ) -> RedisResult<T> {
        what["subject"] = text(subject).into();
        let shard = fnv_1a(text(subject).as_bytes()) % 16;
        let feed = format!("{{{}:{shard}}}:feed", self.0.name());
        self.run(&feed, code, what)
    }

    pub(crate) fn ticket(&self) -> RedisResult<String> {
        let code = concat!(include_str!("clock.lua"), include_str!("ticket.lua"));
        let order = format!("{{{}}}:order", self.0.name());
        self.run(&order, code, json!({}))
    }

    /// Opens a session with the secret of the tests.
    pub(crate) fn open(&self, subject: &Subject) -> SessionId {
        let ticket = self.ticket().unwrap();
        let id = SessionId::random().unwrap();
        let row = json!({
            "id": id.as_str(), "subject": text(subject), "generation": "0",
            "created": "", "rotated": "", "idle": "", "absolute": "",
            "digest": hex::encode(SecretDigest::of(b"secret").as_bytes()),
            "key": "key", "grant": Grant::new().to_json().unwrap(), "from": "0",
            "agent": "browser", "ticket": ticket,
        });
        let what = json!({
            "ticket": ticket, "row": row,
            "idle_ttl": "86400000", "absolute_ttl": "86400000",
        });
        let made: (String, Option<String>) = self.at(subject, in_shard!("create"), what).unwrap();
        assert!(made.1.is_some());
        id
    }

    /// The row after an attempt that forgives nothing.
    pub(crate) fn rotate(&self, attempt: &RotationAttempt) -> RedisResult<Option<String>> {
        let what = json!({
            "id": attempt.session.as_str(), "deadline": "9007199254740991", "set_out": "0",
            "digest": hex::encode(attempt.secret_digest.as_bytes()),
            "generation": attempt.generation.to_string(),
            "attempt": hex::encode(attempt.id.as_bytes()),
            "key": "key", "idle_ttl": "86400000", "grace": "0",
            "until_used": false, "same_device": false, "reuse": "reuse",
        });
        let (_, row): (String, Option<String>) =
            self.at(&attempt.subject, in_shard!("rotate"), what)?;
        Ok(row)
    }

    pub(crate) fn revoke(&self, subject: &Subject, id: &SessionId) -> RedisResult<u64> {
        let what = json!({"id": id.as_str(), "why": "logout"});
        self.at(subject, in_shard!("revoke"), what)
    }

    pub(crate) fn revoke_all(&self, subject: &Subject) -> RedisResult<()> {
        let what = json!({"number": self.ticket()?, "why": "logout_everywhere"});
        self.at(subject, in_shard!("revoke_all"), what)
    }

    /// In the shard of this subject, which is enough for it.
    pub(crate) fn revoke_realm(&self, subject: &Subject) -> RedisResult<String> {
        let what = json!({"number": self.ticket()?, "realm": subject.realm()});
        self.at(subject, in_shard!("revoke_realm"), what)
    }

    pub(crate) fn list_token(&self, subject: &Subject, id: &str) -> String {
        let ticket = self.ticket().unwrap();
        let token = json!({
            "id": id, "subject": text(subject), "created": "1800000000000", "ticket": ticket,
        });
        let what = json!({"ticket": ticket, "limit": "10", "token": token});
        self.at(subject, in_shard!("add_token"), what).unwrap()
    }

    pub(crate) fn token(&self, subject: &Subject, id: &str) -> RedisResult<Option<String>> {
        self.at(subject, in_shard!("token"), json!({"id": id}))
    }

    pub(crate) fn use_once(&self, value: &SecretDigest) {
        let shard = fnv_1a(value.as_bytes()) % 16;
        let feed = format!("{{{}:{shard}}}:feed", self.0.name());
        let what = json!({
            "value": hex::encode(value.as_bytes()), "attempt": "00".repeat(16),
            "lasts": "3600000",
        });
        let _: (String, String) = self.run(&feed, in_shard!("use_once"), what).unwrap();
    }
}

fn text(subject: &Subject) -> String {
    let realm = subject.realm();
    format!("{}:{realm}:{}", realm.len(), subject.name())
}

fn fnv_1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
