//! Log-outs that are answered only once replicas have them.
//!
//! `WAIT` blocks the connection and is about what that has written. So a log-out goes
//! with all the rest, and is in force at once; a mark of its own is written behind it, by
//! the same connection. Another connection then looks for the mark, which is where the
//! log-out is, whatever has become of the server in between; writes something, and waits
//! until replicas have that. Replication is in order, so that they have the log-out, too.
//! One that finds nothing left to end is waited for like any other.

use portcullis::{
    session::{AttemptId, StoreError},
    subject::Subject,
};
use redis::FromRedisValue;
use serde::Serialize;

use crate::{
    RedisStore, row,
    script::{Step, Way},
};

impl RedisStore {
    /// Runs a script that logs out in the shard of a subject.
    pub(crate) async fn log_out_at<T: FromRedisValue>(
        &self,
        subject: &Subject,
        step: &Step,
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        let shard = self.0.layout.shard_of(subject);
        self.log_out_in(shard, step, what).await
    }

    /// The same in a shard.
    pub(crate) async fn log_out_in<T: FromRedisValue>(
        &self,
        shard: u16,
        step: &Step,
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        let feed = self.0.layout.feed_key(shard);
        let (link, waiting) = (&self.0.link, &self.0.waiting);
        let replicas = self.0.log_out_replicas;
        if replicas == 0 {
            return self.run(step, &feed, what).await;
        }
        let name = row::attempt_text(&AttemptId::random().map_err(StoreError::unavailable)?);
        let own = self.0.layout.mark_of(shard, &name);
        let mark = self.0.layout.mark_key(Some(shard));
        let way = Way::ThenToReplicas(link, waiting, [&mark, &own], replicas);
        self.run_by(way, step, &feed, what).await
    }
}
