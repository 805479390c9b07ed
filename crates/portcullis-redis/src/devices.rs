//! Forgetting devices: the one thing for which all sessions are looked at.

use std::collections::BTreeMap;

use portcullis::{session::StoreError, time::Timestamp};
use redis::FromRedisValue;
use serde::Serialize;

use crate::{RedisStore, ask::millis, error::store_error, slots::Slots};

/// How many keys are looked at at once.
const MANY: usize = 500;

impl RedisStore {
    /// Forgets the devices of all sessions that were last refreshed before a moment: of how
    /// many. Each server is asked for its keys, some at a time, so that nobody waits; an
    /// index would cost every refresh a write.
    pub(crate) async fn forget_devices(&self, since: Timestamp) -> Result<u64, StoreError> {
        let link = &self.0.link;
        let pattern = self.0.layout.session_pattern();
        let own = self.0.layout.tags(self.0.old.unwrap_or(0));
        let mut forgotten = 0;
        for slot in self.one_slot_of_each_server().await? {
            let mut cursor = 0_u64;
            loop {
                let mut scan = redis::cmd("SCAN");
                scan.arg(cursor).arg("MATCH").arg(&pattern);
                scan.arg("COUNT").arg(MANY);
                let answer = link.send_to(slot, &scan).await.map_err(store_error)?;
                let (next, mut keys) =
                    <(u64, Vec<String>)>::from_redis_value(answer).map_err(StoreError::corrupt)?;
                // The prefix of another store may begin with this one.
                keys.retain(|key| own.contains(tag_of(key)));
                forgotten += self.forget_those(keys, since).await?;
                cursor = next;
                if cursor == 0 {
                    break;
                }
            }
        }
        Ok(forgotten)
    }

    /// The slot 0 where there are none.
    async fn one_slot_of_each_server(&self) -> Result<Vec<u16>, StoreError> {
        let link = &self.0.link;
        if !link.is_cluster() {
            return Ok(vec![0]);
        }
        Ok(Slots::of(link).await?.one_of_each())
    }

    /// The same for the sessions with these keys, shard by shard.
    async fn forget_those(&self, keys: Vec<String>, since: Timestamp) -> Result<u64, StoreError> {
        #[derive(Serialize)]
        struct What<'a> {
            since: &'a str,
        }
        let since = millis(since);
        let mut shards = BTreeMap::<String, Vec<String>>::new();
        for key in keys {
            shards.entry(tag_of(&key).to_owned()).or_default().push(key);
        }
        let mut forgotten = 0;
        for keys in shards.values() {
            let step = &self.0.scripts.forget_devices;
            let what = What { since: &since };
            forgotten += self.run::<u64>(step, keys, what).await?;
        }
        Ok(forgotten)
    }
}

/// The hash tag of a key, with its braces.
fn tag_of(key: &str) -> &str {
    key.split_inclusive('}').next().unwrap_or_default()
}
