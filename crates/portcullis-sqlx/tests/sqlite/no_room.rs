//! A file that cannot be written to: read-only, or with no room to grow.

use std::error::Error as _;

use portcullis::session::{RotationOutcome, SessionStore, StoreErrorKind};
use portcullis_sqlx::SqliteStore;
use portcullis_testing::clock::FakeClock;

use crate::{attempt, directory::Directory, open, session};

#[tokio::test]
async fn a_file_that_is_read_only_is_told_and_left_as_it_is() {
    let directory = Directory::new();
    let writable = open(&directory).await;
    let before = session(&writable).await;
    let options = SqliteStore::options(directory.database()).pragma("query_only", "on");
    let refused = SqliteStore::connect(options, FakeClock::new().shared()).await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let reason = error.source().unwrap().to_string();
    assert!(reason.contains("readonly"), "{reason}");
    let outcome = writable.rotate(&attempt(&before, 0)).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Rotated(_)));
}

#[tokio::test]
async fn a_file_that_cannot_grow_refuses_nobody() {
    let directory = Directory::new();
    open(&directory).await.close().await;
    // SQLite takes no less than there are.
    let options = SqliteStore::options(directory.database()).pragma("max_page_count", "1");
    let store = SqliteStore::connect(options, FakeClock::new().shared());
    let store = store.await.unwrap();
    let mut opened = Vec::new();
    let error = loop {
        assert!(opened.len() < 10_000, "the file grows");
        match crate::try_session(&store).await {
            Ok(session) => opened.push(session),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    // Those that are there are all there is, and go on.
    let subject = &opened[0].subject;
    assert_eq!(store.sessions(subject).await.unwrap().len(), opened.len());
    store.close().await;
    let store = open(&directory).await;
    for session in &opened {
        let outcome = store.rotate(&attempt(session, 0)).await.unwrap();
        assert!(matches!(outcome, RotationOutcome::Rotated(_)));
    }
    session(&store).await;
}
