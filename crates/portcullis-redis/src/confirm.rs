//! Proof that a primary is still the one that counts.
//!
//! One caller at a time claims the proof of a server, on the connection that
//! everybody reads by; writes something behind that, on one of its own, and waits until
//! replicas have it; and publishes when that was. Each step finds the claim, or it is on
//! another server by now and proves nothing. What counts is what is then read by the
//! first connection.

use std::{slice, sync::atomic::Ordering, time::Duration};

use futures_util::future::try_join_all;
use portcullis::{
    session::{AttemptId, StoreError},
    time::Timestamp,
};
use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::{RedisStore, ask::span, layout::Shard, row, script::Way};

/// How long to wait until the proof of somebody else is looked for again.
const PAUSE: Duration = Duration::from_millis(10);

/// What is known of a server.
struct Known {
    /// When it was confirmed last.
    at: Option<Timestamp>,
    is_fresh: bool,
    /// Whether the caller is to confirm it now.
    is_claimed: bool,
}

impl RedisStore {
    /// The time of the oldest proof of a server on which anything is kept.
    pub(crate) async fn confirm_all(&self, max_age: Duration) -> Result<Timestamp, StoreError> {
        let places = self.primaries().await?;
        let proofs = places
            .iter()
            .map(|shard| self.confirm_at(shard.as_ref(), max_age));
        let proofs = try_join_all(proofs).await?;
        let oldest = proofs.into_iter().min();
        oldest.ok_or_else(|| StoreError::unavailable("no primary"))
    }

    /// When the server of this shard was confirmed; of the keys without a shard, if
    /// there is none.
    async fn confirm_at(
        &self,
        shard: Option<&Shard>,
        max_age: Duration,
    ) -> Result<Timestamp, StoreError> {
        let key = self.0.layout.proof_key(shard);
        let holder = row::attempt_text(&AttemptId::random().map_err(StoreError::unavailable)?);
        let give_up = Instant::now() + self.0.link.limit();
        loop {
            let known = self.claim(&key, &holder, max_age).await?;
            let at = known.at.ok_or("no primary has been confirmed yet");
            let at = at.map_err(StoreError::unavailable);
            if known.is_fresh {
                return at;
            }
            if known.is_claimed {
                let proof = self.prove(shard, &key, &holder).await;
                self.tell(&proof);
                if let Err(error) = proof {
                    // The name may stand for another one by now.
                    self.0.link.look_again();
                    self.0.proving.look_again();
                    return at.map_err(|_| error);
                }
                // By the connection that everybody reads by.
                let known = self.claim(&key, &holder, Duration::MAX).await?;
                let at = known.at.ok_or("another server was confirmed");
                return at.map_err(StoreError::unavailable);
            }
            if Instant::now() >= give_up {
                return at;
            }
            sleep(PAUSE).await;
        }
    }

    async fn claim(
        &self,
        key: &String,
        holder: &str,
        max_age: Duration,
    ) -> Result<Known, StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            holder: &'a str,
            max_age: String,
            lasts: String,
        }
        let what = What {
            holder,
            max_age: span(max_age),
            lasts: span(self.0.link.limit()),
        };
        let claim = &self.0.scripts.claim;
        let (now, at, is_claimed): (String, Option<String>, u8) =
            self.run(claim, slice::from_ref(key), what).await?;
        let (now, at) = (row::time(&now)?, at.map(|at| row::time(&at)).transpose()?);
        Ok(Known {
            is_fresh: at.is_some_and(|at| now.saturating_duration_since(at) <= max_age),
            at,
            is_claimed: is_claimed == 1,
        })
    }

    async fn prove(
        &self,
        shard: Option<&Shard>,
        key: &String,
        holder: &str,
    ) -> Result<(), StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            holder: &'a str,
            #[serde(skip_serializing_if = "Option::is_none")]
            at: Option<String>,
        }
        let elsewhere = || StoreError::unavailable("another server answers");
        let scripts = &self.0.scripts;
        let mark = self.0.layout.mark_key(shard);
        let proving = &self.0.proving;
        let way = Way::ToReplicas(proving, &mark, self.0.confirming_replicas);
        let what = What { holder, at: None };
        let at: Option<String> = self
            .run_by(way, &scripts.prove, slice::from_ref(key), what)
            .await?;
        let at = Some(at.ok_or_else(elsewhere)?);
        let way = Way::Plain(proving);
        let what = What { holder, at };
        match self
            .run_by(way, &scripts.publish, slice::from_ref(key), what)
            .await?
        {
            1 => Ok(()),
            _ => Err(elsewhere()),
        }
    }

    /// Says so when it becomes impossible, and possible again.
    fn tell(&self, proof: &Result<(), StoreError>) {
        let failed_before = self.0.unconfirmed.swap(proof.is_err(), Ordering::Relaxed);
        match proof {
            Err(error) if !failed_before => {
                tracing::warn!(error = error.cause(), "the Redis server is not confirmed");
            }
            Ok(()) if failed_before => tracing::info!("the Redis server is confirmed again"),
            _ => {}
        }
    }

    /// A shard on each primary that has any, or none where there is one server only.
    #[cfg(feature = "cluster")]
    async fn primaries(&self) -> Result<Vec<Option<Shard>>, StoreError> {
        use crate::slots::Slots;

        if !self.0.link.is_cluster() {
            return Ok(vec![None]);
        }
        let slots = Slots::of(&self.0.link).await?;
        let layout = &self.0.layout;
        let mut known = std::collections::HashSet::new();
        let mut places = Vec::new();
        for shard in std::iter::once(None).chain(layout.shards().map(Some)) {
            if known.insert(slots.primary_of(&layout.proof_key(shard.as_ref()))?) {
                places.push(shard);
            }
        }
        Ok(places)
    }

    #[cfg(not(feature = "cluster"))]
    async fn primaries(&self) -> Result<[Option<Shard>; 1], StoreError> {
        Ok([None])
    }
}
