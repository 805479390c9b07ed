//! Running scripts in the shards that they are about.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use portcullis::{session::StoreError, subject::Subject, time::Clock};
use redis::FromRedisValue;
use serde::Serialize;

use crate::{
    RedisStore,
    ask::{Ask, millis},
    layout::{Shard, subject_text},
    script::{Answer, Step, Way},
};

impl RedisStore {
    /// What a script is told.
    pub(crate) fn ask<T>(&self, what: T) -> Ask<'_, T> {
        Ask {
            now: self.0.test_clock.as_ref().map(|clock| millis(clock.now())),
            keep: self.0.keep.text(),
            channel: &self.0.channel,
            moving: self.0.old.is_some(),
            what,
        }
    }

    /// Runs a script that touches these keys, which are in one shard.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        step: &Step,
        keys: &[String],
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        self.run_by(Way::Plain(&self.0.link), step, keys, what)
            .await
    }

    /// The same, on this way.
    pub(crate) async fn run_by<T: FromRedisValue>(
        &self,
        way: Way<'_>,
        step: &Step,
        keys: &[String],
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        step.run(way, keys, &self.ask(what)).await
    }

    /// Runs a script in the shard of a subject. It touches these keys, and the rows that
    /// it asks for.
    pub(crate) async fn at<T: FromRedisValue, const N: usize>(
        &self,
        subject: &Subject,
        step: &Step,
        keys: impl FnOnce(&Shard, &str) -> [String; N],
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        let way = Way::Plain(&self.0.link);
        self.at_by(way, subject, step, keys, what).await
    }

    /// The same, on this way.
    pub(crate) async fn at_by<T: FromRedisValue, const N: usize>(
        &self,
        way: Way<'_>,
        subject: &Subject,
        step: &Step,
        keys: impl FnOnce(&Shard, &str) -> [String; N],
        what: impl Serialize,
    ) -> Result<T, StoreError> {
        let shard = self.0.layout.of(subject);
        let name = subject_text(subject);
        let mut keys = BTreeSet::from(keys(&shard, &name));
        if self.0.old.is_some() {
            keys.insert(shard.subject(&name));
        }
        let ask = self.ask(what);
        if let Answer::Given(answer) = step.run_on_rows(way, keys.clone(), &ask).await? {
            return Ok(answer);
        }
        // One at a time; the others find it done.
        let _turn = self.0.moving.turn(subject).await;
        // Once more if what was written about the move was forgotten in between.
        for _ in 0..2 {
            if let Answer::Given(answer) = step.run_on_rows(way, keys.clone(), &ask).await? {
                return Ok(answer);
            }
            self.move_here(subject, &shard, &keys).await?;
        }
        match step.run_on_rows(way, keys, &ask).await? {
            Answer::Given(answer) => Ok(answer),
            Answer::Move => Err(StoreError::unavailable("the subject does not arrive")),
        }
    }

    /// Runs a script in every shard, at once.
    pub(crate) async fn everywhere<T: FromRedisValue>(
        &self,
        step: &Step,
        keys: impl Fn(&Shard) -> Vec<String>,
        what: impl Serialize + Copy,
    ) -> Vec<Result<T, StoreError>> {
        let runs = self.0.layout.shards().map(|shard| {
            let keys = keys(&shard);
            async move { self.run(step, &keys, what).await }
        });
        join_all(runs).await
    }
}
