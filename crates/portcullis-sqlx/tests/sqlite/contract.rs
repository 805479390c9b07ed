//! The store on SQLite keeps the contract.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::Directory;
use portcullis::time::SharedClock;
use portcullis_sqlx::SqliteStore;

async fn empty_store(clock: SharedClock) -> (SqliteStore, Directory) {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.database(), clock)
        .await
        .unwrap();
    (store, directory)
}

portcullis_testing::store_contract!(empty_store);
