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
        let mark = self.0.layout.of(subject).mark();
        let way = self.log_out_way(&mark);
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
        let mark = shard.mark();
        self.run_by(self.log_out_way(&mark), step, keys, what).await
    }

    fn log_out_way<'a>(&'a self, mark: &'a str) -> Way<'a> {
        match self.0.log_out_replicas {
            0 => Way::Shared(&self.0.link),
            replicas => Way::ToReplicas(&self.0.waiting, mark, replicas),
        }
    }
}
