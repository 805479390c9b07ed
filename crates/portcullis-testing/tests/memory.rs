//! The store in memory keeps the contract.

use portcullis::{session::MemoryStore, time::SharedClock};

async fn empty_store(clock: SharedClock) -> (MemoryStore, ()) {
    (MemoryStore::new(clock), ())
}

portcullis_testing::store_contract!(empty_store);
