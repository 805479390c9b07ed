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
    RedisStore,
    layout::Shard,
    row,
    script::{Step, Way},
};

/// Two keys of a shard: what all log-outs write to wait for, and what one writes behind
/// itself.
struct Marks {
    common: String,
    own: String,
}

impl Marks {
    fn new(shard: &Shard) -> Result<Self, StoreError> {
        let name = AttemptId::random().map_err(StoreError::unavailable)?;
        Ok(Self {
            common: shard.mark(),
            own: shard.mark_of(&row::attempt_text(&name)),
        })
    }
}

impl RedisStore {
    /// Runs a script that logs out in the shard of a subject.
    pub(crate) async fn log_out_at<T: FromRedisValue, const N: usize>(
        &self,
        subject: &Subject,
        step: &Step,
        keys: impl FnOnce(&Shard, &str) -> [String; N],
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        let marks = Marks::new(&self.0.layout.of(subject))?;
        let way = self.log_out_way(&marks);
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
        let marks = Marks::new(shard)?;
        let way = self.log_out_way(&marks);
        self.run_by(way, step, keys, what).await
    }

    fn log_out_way<'a>(&'a self, marks: &'a Marks) -> Way<'a> {
        let (link, waiting) = (&self.0.link, &self.0.waiting);
        match self.0.log_out_replicas {
            0 => Way::Plain(link),
            replicas => Way::ThenToReplicas(link, waiting, [&marks.common, &marks.own], replicas),
        }
    }
}
