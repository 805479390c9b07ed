//! What is particular to a file: permissions, restarts, other processes.

#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod contract;
mod cut_off;
mod directory;
mod many_sessions;
mod no_room;
mod odd_rows;
mod own_pool;
#[path = "../released/mod.rs"]
mod released;
mod released_tables;
mod versions;

use std::time::Duration;

use directory::Directory;
use portcullis::{
    session::{
        AttemptId, Created, Device, Grant, NewSession, OneUse, Revocation, RotationAttempt,
        RotationMode, RotationOutcome, RotationRules, SecretDigest, SessionId, SessionRecord,
        SessionStore, StoreError, StoreErrorKind,
    },
    subject::Subject,
    time::{SharedClock, Timestamp},
};
use portcullis_sqlx::SqliteStore;
use portcullis_testing::clock::FakeClock;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

const DAY: Duration = Duration::from_secs(86_400);

async fn open(directory: &Directory) -> SqliteStore {
    let clock = FakeClock::new();
    SqliteStore::open(directory.database(), clock.shared())
        .await
        .unwrap()
}

async fn raw(directory: &Directory) -> SqliteConnection {
    SqliteStore::options(directory.database())
        .connect()
        .await
        .unwrap()
}

async fn session(store: &SqliteStore) -> SessionRecord {
    try_session(store).await.unwrap()
}

fn new_session() -> NewSession {
    NewSession {
        id: SessionId::random().unwrap(),
        subject: Subject::new("users", "alice"),
        client: None,
        idle_ttl: DAY,
        absolute_ttl: DAY,
        secret_digest: SecretDigest::of(b"secret"),
        refresh_key: "key".into(),
        grant: Grant::new(),
        device: Device::default(),
        limit: None,
    }
}

async fn try_session(store: &SqliteStore) -> Result<SessionRecord, StoreError> {
    let ticket = store.login_ticket().await.unwrap();
    match store.create(new_session(), ticket).await? {
        Created::Session { session, .. } => Ok(*session),
        refused => panic!("nobody logged out: {refused:?}"),
    }
}

fn attempt(session: &SessionRecord, generation: u64) -> RotationAttempt {
    RotationAttempt {
        id: AttemptId::random().unwrap(),
        deadline: Timestamp::from_millis(i64::MAX),
        session: session.id.clone(),
        subject: session.subject.clone(),
        generation,
        secret_digest: session.secret_digest,
        client: None,
        scope_allowed: true,
        mode: RotationMode::Rotate,
        idle_ttl: DAY,
        refresh_key: "key".into(),
        device: Device::default(),
        rules: RotationRules::with_grace(Duration::ZERO),
    }
}

#[tokio::test]
async fn sessions_survive_a_restart() {
    let directory = Directory::new();
    let store = open(&directory).await;
    let session = session(&store).await;
    store.rotate(&attempt(&session, 0)).await.unwrap();
    store.close().await;

    let store = open(&directory).await;
    let outcome = store.rotate(&attempt(&session, 1)).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Rotated(_)));
    let outcome = store.rotate(&attempt(&session, 1)).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Reused { .. }));
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;

    let directory = Directory::new();
    let store = open(&directory).await;
    session(&store).await;
    let mut files = 0;
    for file in std::fs::read_dir(directory.path()).unwrap() {
        let file = file.unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.file_name());
        files += 1;
    }
    assert_eq!(files, 3, "the database, its log and its index");
}

#[tokio::test]
async fn every_change_is_on_the_disk_before_it_is_answered() {
    let directory = Directory::new();
    open(&directory).await;
    let mut connection = raw(&directory).await;
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(synchronous, 2, "FULL");
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(journal, "wal");
}

/// Two stores on one file are two processes as far as SQLite is concerned.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_agree_on_one_winner() {
    let directory = Directory::new();
    let stores = [open(&directory).await, open(&directory).await];
    for _ in 0..10 {
        let session = session(&stores[0]).await;
        let tasks: Vec<_> = (0..32)
            .map(|task| {
                let (store, attempt) = (stores[task % 2].clone(), attempt(&session, 0));
                tokio::spawn(async move { store.rotate(&attempt).await.unwrap() })
            })
            .collect();
        let mut rotated = 0;
        for task in tasks {
            rotated += usize::from(matches!(task.await.unwrap(), RotationOutcome::Rotated(_)));
        }
        assert_eq!(rotated, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn processes_that_start_at_once_make_the_tables_once() {
    let directory = Directory::new();
    let path = directory.database();
    let tasks: Vec<_> = (0..8)
        .map(|_| tokio::spawn(SqliteStore::open(path.clone(), SharedClock::default())))
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn no_call_waits_for_longer_than_the_patience() {
    let directory = Directory::new();
    let patience = Duration::from_secs(1);
    open(&directory).await.close().await;
    let options = SqliteStore::options(directory.database());
    let clock = FakeClock::new().shared();
    let store = SqliteStore::connect_within(options, clock, patience)
        .await
        .unwrap();
    let session = session(&store).await;
    let mut other = raw(&directory).await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let began = std::time::Instant::now();
    let calls = (0..4).map(|_| {
        let (store, row) = (store.clone(), session.clone());
        tokio::spawn(async move { store.revoke(&row.subject, &row.id).await })
    });
    for call in calls.collect::<Vec<_>>() {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
    let waited = began.elapsed();
    // Far less than by default, on however slow a machine.
    assert!(waited < SqliteStore::DEFAULT_PATIENCE * 3 / 4, "{waited:?}");
    lock.rollback().await.unwrap();
    assert!(store.revoke(&session.subject, &session.id).await.unwrap());
}

#[tokio::test]
async fn a_locked_file_is_a_fault_that_passes_and_loses_nothing() {
    let directory = Directory::new();
    open(&directory).await.close().await;
    let options = SqliteStore::options(directory.database()).busy_timeout(Duration::ZERO);
    let store = SqliteStore::connect(options, FakeClock::new().shared())
        .await
        .unwrap();
    let session = session(&store).await;
    let mut other = raw(&directory).await;
    let lock = other.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let presented = attempt(&session, 0);
    for error in [
        store.rotate(&presented).await.unwrap_err(),
        store.revoke_all(&session.subject).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert!(std::error::Error::source(&error).is_some());
    }
    assert!(
        store
            .session(&session.subject, &session.id)
            .await
            .unwrap()
            .is_some(),
        "readers go on"
    );
    lock.rollback().await.unwrap();
    let outcome = store.rotate(&presented).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Rotated(_)));
}

#[tokio::test]
async fn what_cannot_be_is_not_a_fault_that_passes() {
    let directory = Directory::new();
    let store = open(&directory).await;
    let session = session(&store).await;
    let mut connection = raw(&directory).await;
    for change in [
        "UPDATE portcullis_sessions SET granted = '['",
        "UPDATE portcullis_sessions SET granted = '{}', secret_digest = x'00'",
        "UPDATE portcullis_sessions SET generation = -1",
        "DROP TABLE portcullis_sessions",
    ] {
        sqlx::raw_sql(change)
            .execute(&mut connection)
            .await
            .unwrap();
        let error = store
            .session(&session.subject, &session.id)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{change}");
    }
}

/// A connection to a file that no store has opened yet.
async fn new_file(directory: &Directory) -> SqliteConnection {
    SqliteStore::options(directory.database())
        .create_if_missing(true)
        .connect()
        .await
        .unwrap()
}

#[tokio::test]
async fn tables_of_the_first_version_keep_what_is_in_them() {
    let directory = Directory::new();
    let mut connection = new_file(&directory).await;
    for sql in [
        "CREATE TABLE portcullis_schema (version INTEGER PRIMARY KEY) STRICT",
        "INSERT INTO portcullis_schema (version) VALUES (1)",
        include_str!("../../src/sqlite/schema_1.sql"),
        "INSERT INTO portcullis_revoked_tokens (id, realm, name, at, until) \
         VALUES ('jti', 'users', 'alice', 1, 9000000000000)",
    ] {
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }
    let store = open(&directory).await;
    let until = Timestamp::from_millis(9_000_000_000_000);
    let bob = Subject::new("apis", "bob");
    store.revoke_token(&bob, "jti", until).await.unwrap();
    let told = store.revocations(Timestamp::from_millis(0)).await.unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&Revocation::Token {
        id: "jti".to_owned(),
        subject: Subject::new("users", "alice"),
        at: Timestamp::from_millis(1),
        until,
    }));
}

#[tokio::test]
async fn tables_of_the_second_version_are_brought_up_to_date() {
    let directory = Directory::new();
    let mut connection = new_file(&directory).await;
    for sql in [
        "CREATE TABLE portcullis_schema (version INTEGER PRIMARY KEY) STRICT",
        include_str!("../../src/sqlite/schema_1.sql"),
        include_str!("../../src/sqlite/schema_2.sql"),
        "INSERT INTO portcullis_schema (version) VALUES (1), (2)",
    ] {
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }
    let store = open(&directory).await;
    session(&store).await;
    let value = SecretDigest::of(b"value");
    let [one, two] = [(); 2].map(|()| AttemptId::random().unwrap());
    let used = store.use_once(&value, one, DAY).await.unwrap();
    assert_eq!(used, OneUse::First);
    store.close().await;
    // A use outlives a restart.
    let store = open(&directory).await;
    let used = store.use_once(&value, two, DAY).await.unwrap();
    assert!(matches!(used, OneUse::Repeated { first, .. } if first == one));
}

#[tokio::test]
async fn a_file_that_is_no_database_or_cannot_be_made_is_an_error() {
    let directory = Directory::new();
    std::fs::write(directory.database(), "not a database at all, but a text").unwrap();
    let result = SqliteStore::open(directory.database(), SharedClock::default()).await;
    assert_eq!(result.unwrap_err().kind(), StoreErrorKind::Corrupt);
    let nowhere = directory.path().join("no/such/directory/sessions.db");
    let result = SqliteStore::open(nowhere, SharedClock::default()).await;
    assert_eq!(result.unwrap_err().kind(), StoreErrorKind::Unavailable);
}
