//! The store on SQLite keeps the contract.

use portcullis::time::SharedClock;
use portcullis_sqlx::SqliteStore;

use crate::directory::Directory;

async fn empty_store(clock: SharedClock) -> (SqliteStore, Directory) {
    let directory = Directory::new();
    let store = SqliteStore::open(directory.database(), clock)
        .await
        .unwrap();
    (store, directory)
}

portcullis_testing::store_contract!(empty_store);
