//! The store on Redis keeps the contract.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::Prefix;
use portcullis::time::SharedClock;
use portcullis_redis::RedisStore;

async fn empty_store(clock: SharedClock) -> Option<(RedisStore, Prefix)> {
    let prefix = Prefix::new(&portcullis_testing::servers::redis_url()?);
    let store = prefix.store().test_clock(clock).connect().await.unwrap();
    Some((store, prefix))
}

portcullis_testing::store_contract!(empty_store, forgets_by_itself);
