//! Processes beside those of another version, and tables that another tool made.

use portcullis::{
    session::{RotationOutcome, SessionStore, StoreErrorKind},
    time::SharedClock,
};
use portcullis_sqlx::SqliteStore;
use sqlx::AssertSqlSafe;

use crate::{attempt, directory::Directory, new_file, open, raw, session};

/// What a later version does: it adds, and says who may go on.
const LATER: &str = "CREATE TABLE IF NOT EXISTS portcullis_versions \
     (version INTEGER PRIMARY KEY, readable_since INTEGER NOT NULL) STRICT; \
     ALTER TABLE portcullis_sessions ADD COLUMN later TEXT; \
     ALTER TABLE portcullis_log_outs ADD COLUMN later INTEGER NOT NULL DEFAULT 7; \
     CREATE TABLE portcullis_later (a INTEGER PRIMARY KEY) STRICT;";

async fn execute(directory: &Directory, sql: String) {
    let mut connection = raw(directory).await;
    let sql = AssertSqlSafe(sql);
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
}

async fn take_a_later_step(directory: &Directory, readable_since: i64) {
    let note = format!("INSERT INTO portcullis_versions VALUES (99, {readable_since})");
    execute(directory, format!("{LATER} {note}")).await;
}

fn newest() -> i64 {
    SqliteStore::migrations().last().unwrap().version()
}

#[tokio::test]
async fn a_process_runs_and_starts_again_beside_a_newer_one() {
    let directory = Directory::new();
    let old = open(&directory).await;
    let before = session(&old).await;
    take_a_later_step(&directory, newest()).await;
    let again = open(&directory).await;
    again.migrate().await.unwrap();
    again.check_schema().await.unwrap();
    for (generation, store) in [&old, &again].into_iter().enumerate() {
        let presented = attempt(&before, generation as u64);
        let outcome = store.rotate(&presented).await.unwrap();
        assert!(matches!(outcome, RotationOutcome::Rotated(_)));
        let session = session(store).await;
        assert!(store.revoke(&session.subject, &session.id).await.unwrap());
    }
    let ended = again.revoke_all(&before.subject).await.unwrap();
    assert_eq!(ended.sessions, [before.id]);
}

#[tokio::test]
async fn tables_that_are_too_new_are_left_alone() {
    let directory = Directory::new();
    open(&directory).await.close().await;
    take_a_later_step(&directory, 98).await;
    let result = SqliteStore::open(directory.database(), SharedClock::default()).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let cause = error.cause().to_string();
    assert!(
        cause.contains("version 99, which nodes of version 98"),
        "{cause}"
    );
    assert!(cause.contains("run a newer version"), "{cause}");
}

/// By the notes of the time when those were the only ones.
#[tokio::test]
async fn tables_that_say_no_more_than_a_number_are_for_that_version() {
    let directory = Directory::new();
    open(&directory).await.close().await;
    execute(
        &directory,
        "INSERT INTO portcullis_schema VALUES (99)".to_owned(),
    )
    .await;
    let result = SqliteStore::open(directory.database(), SharedClock::default()).await;
    assert_eq!(result.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn another_tool_makes_the_tables() {
    let directory = Directory::new();
    drop(new_file(&directory).await);
    for migration in SqliteStore::migrations() {
        execute(&directory, format!("BEGIN; {} COMMIT;", migration.sql())).await;
    }
    let store = open(&directory).await;
    store.check_schema().await.unwrap();
    session(&store).await;
    execute(
        &directory,
        "DELETE FROM portcullis_schema WHERE version = 5".to_owned(),
    )
    .await;
    let error = store.check_schema().await.unwrap_err();
    let cause = error.cause().to_string();
    assert!(cause.contains("portcullis_0005"), "{cause}");
}

mod beside_a_newer {
    use super::*;

    async fn empty_store(clock: SharedClock) -> (SqliteStore, Directory) {
        let directory = Directory::new();
        open(&directory).await.close().await;
        take_a_later_step(&directory, newest()).await;
        let store = SqliteStore::open(directory.database(), clock).await;
        (store.unwrap(), directory)
    }

    portcullis_testing::store_contract!(empty_store);
}
