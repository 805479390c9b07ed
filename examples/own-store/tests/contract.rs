//! The contract of all stores, kept by this one.

use own_store::OwnStore;
use portcullis::time::SharedClock;

#[allow(clippy::expect_used)] // Not within a test, but of one.
async fn empty_store(clock: SharedClock) -> (OwnStore, ()) {
    let store = OwnStore::in_memory(clock).expect("a store");
    (store, ())
}

portcullis_testing::store_contract!(empty_store);
