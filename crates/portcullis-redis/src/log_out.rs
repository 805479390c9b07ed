//! Log-outs that are answered only once replicas have them.
//!
//! `WAIT` blocks the connection and is about what that has written. So a log-out goes
//! with all the rest, and is in force at once; a mark of its own is written behind it, by
//! the same connection. Another connection then takes the mark away, which is where the
//! log-out is, whatever has become of the server in between, and waits until replicas have
//! that. Replication is in order, so that they have the log-out, too. A mark stays if whoever
//! logs out goes away in between; it is a few bytes.
//! One that finds nothing left to end is waited for like any other.

use portcullis::{session::StoreError, subject::Subject};
use redis::FromRedisValue;
use serde::Serialize;

use crate::{
    RedisStore,
    layout::Shard,
    script::{Step, Way},
};

impl RedisStore {
    /// Runs a script that logs out in the shard of a subject.
    pub(crate) async fn log_out_at<T: FromRedisValue, const N: usize>(
        &self,
        subject: &Subject,
        step: &Step,
        keys: impl FnOnce(&Shard, &str) -> [String; N],
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        let hash = self.0.layout.of(subject).cut_offs();
        let way = self.log_out_way(&hash);
        self.at_by(way, subject, step, keys, what).await
    }

    /// The same in a shard.
    pub(crate) async fn log_out_in<T: FromRedisValue>(
        &self,
        shard: &Shard,
        step: &Step,
        keys: &[String],
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        let hash = shard.cut_offs();
        let way = self.log_out_way(&hash);
        self.run_by(way, step, keys, what).await
    }

    fn log_out_way<'a>(&'a self, hash: &'a str) -> Way<'a> {
        let (link, waiting) = (&self.0.link, &self.0.waiting);
        match self.0.log_out_replicas {
            0 => Way::Plain(link),
            replicas => Way::ThenToReplicas(link, waiting, hash, replicas),
        }
    }
}
