//! The store in memory keeps the contract.

use portcullis::{session::MemoryStore, time::SharedClock};
use portcullis_testing::store_contract::{self, bursts};

async fn empty_store(clock: SharedClock) -> (MemoryStore, ()) {
    (MemoryStore::new(clock), ())
}

portcullis_testing::store_contract!(empty_store);

#[test]
fn a_thousand_clients_without_a_lock_are_not_logged_out() {
    let case = bursts::a_thousand_clients_without_a_lock_are_not_logged_out;
    store_contract::run(empty_store, case);
}
