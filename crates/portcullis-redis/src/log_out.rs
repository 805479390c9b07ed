//! Log-outs that are answered only once replicas have them.
//!
//! They go over a connection of their own, on which a mark is written behind them and
//! then waited for: so both were written by one connection to one server, and a log-out
//! that finds nothing left to end has something to wait for, too.

use portcullis::{session::StoreError, subject::Subject};
use redis::FromRedisValue;
use serde::Serialize;

use crate::{
    RedisStore,
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
        let layout = &self.0.layout;
        let mark = layout.mark_key(Some(shard));
        let way = match self.0.log_out_replicas {
            0 => Way::Shared(&self.0.link),
            replicas => Way::ToReplicas(&self.0.waiting, &mark, replicas),
        };
        self.run_by(way, step, &layout.feed_key(shard), what).await
    }
}
