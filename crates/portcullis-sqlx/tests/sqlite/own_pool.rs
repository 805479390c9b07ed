//! A pool that is the application's own.

use std::time::Duration;

use portcullis::{
    session::{RotationOutcome, SessionStore, StoreErrorKind},
    time::SharedClock,
};
use portcullis_sqlx::SqliteStore;
use portcullis_testing::clock::FakeClock;
use sqlx::{
    Executor, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use crate::{attempt, directory::Directory, open, session, try_session};

fn options(directory: &Directory) -> SqliteConnectOptions {
    SqliteStore::options(directory.database()).create_if_missing(true)
}

fn pool(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(4)
        .connect_lazy_with(options)
}

mod contract {
    use super::*;

    async fn empty_store(clock: SharedClock) -> (SqliteStore, Directory) {
        let directory = Directory::new();
        let pool = pool(options(&directory));
        let store = SqliteStore::from_pool(pool, clock).await.unwrap();
        store.migrate().await.unwrap();
        (store, directory)
    }

    portcullis_testing::store_contract!(empty_store);
}

#[tokio::test]
async fn settings_that_would_lose_sessions_are_named() {
    let directory = Directory::new();
    open(&directory).await.close().await;
    let good = || options(&directory);
    let memory = || SqliteConnectOptions::new().in_memory(true);
    for (options, expected) in [
        (memory(), "journal_mode is memory"),
        (
            good().synchronous(SqliteSynchronous::Normal),
            "synchronous is 1",
        ),
        (
            good().synchronous(SqliteSynchronous::Off),
            "synchronous is 0",
        ),
        (good().busy_timeout(Duration::ZERO), "busy_timeout is 0"),
        (good().pragma("query_only", "on"), "query_only is on"),
        // Last: from then on the file is another.
        (
            good().journal_mode(SqliteJournalMode::Delete),
            "journal_mode is delete",
        ),
    ] {
        let pool = pool(options);
        let refused = SqliteStore::from_pool(pool.clone(), SharedClock::default()).await;
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsupported);
        let cause = error.cause().to_string();
        assert!(cause.contains(expected), "{cause}");
        pool.close().await;
    }
}

#[tokio::test]
async fn a_connection_that_is_set_otherwise_later_writes_nothing() {
    let directory = Directory::new();
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_lazy_with(options(&directory));
    let clock = FakeClock::new().shared();
    let store = SqliteStore::from_pool(pool.clone(), clock).await.unwrap();
    let error = store.check_schema().await.unwrap_err();
    assert!(error.cause().to_string().contains("lack portcullis_0001"));
    store.migrate().await.unwrap();
    let session = session(&store).await;
    pool.execute("PRAGMA synchronous = OFF").await.unwrap();
    let error = try_session(&store).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    pool.execute("PRAGMA synchronous = FULL").await.unwrap();
    let outcome = store.rotate(&attempt(&session, 0)).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Rotated(_)));
    store.close().await;
    assert!(!pool.is_closed());
}
