//! Nodes beside those of another version, and tables that another tool made.

use portcullis::session::{SessionStore, StoreErrorKind};
use portcullis_sqlx::PostgresStore;
use sqlx::{AssertSqlSafe, PgConnection};

use crate::{
    node::{alice, attempt, is_rotated, open, rotate},
    schema::Schema,
};

/// What a later version does: it adds, and says who may go on.
const LATER: &str = "CREATE TABLE IF NOT EXISTS portcullis_versions \
     (version bigint PRIMARY KEY, readable_since bigint NOT NULL); \
     ALTER TABLE portcullis_sessions ADD COLUMN later text; \
     ALTER TABLE portcullis_subjects ADD COLUMN later bigint NOT NULL DEFAULT 7; \
     CREATE TABLE portcullis_later (a bigint PRIMARY KEY);";

async fn execute(connection: &mut PgConnection, sql: String) {
    let sql = AssertSqlSafe(sql);
    sqlx::raw_sql(sql).execute(connection).await.unwrap();
}

fn newest() -> i64 {
    PostgresStore::migrations().last().unwrap().version()
}

#[tokio::test]
async fn a_node_runs_and_starts_again_beside_a_newer_one() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let old = schema.builder().connect().await.unwrap();
    old.migrate().await.unwrap();
    let before = open(&old).await;
    let mut newer = schema.raw().await;
    let since = newest();
    let note = format!("INSERT INTO portcullis_versions VALUES (99, {since})");
    execute(&mut newer, format!("{LATER} {note}")).await;
    // What runs, and what starts again: an older one's steps change nothing.
    let again = schema.builder().connect().await.unwrap();
    again.migrate().await.unwrap();
    again.check_schema().await.unwrap();
    for (generation, store) in [&old, &again].into_iter().enumerate() {
        let presented = attempt(&before, generation as u64);
        assert!(is_rotated(&rotate(store, &presented).await));
        let session = open(store).await;
        assert!(store.revoke(&session.subject, &session.id).await.unwrap());
    }
    let ended = again.revoke_all(&alice()).await.unwrap();
    assert_eq!(ended.sessions, [before.id]);
}

#[tokio::test]
async fn a_node_that_is_too_old_says_what_to_do() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let old = schema.builder().connect().await.unwrap();
    old.migrate().await.unwrap();
    let mut newer = schema.raw().await;
    let note = "INSERT INTO portcullis_versions VALUES (99, 98)";
    execute(&mut newer, format!("{LATER} {note}")).await;
    for error in [
        old.migrate().await.unwrap_err(),
        old.check_schema().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), StoreErrorKind::Corrupt);
        let cause = error.cause().to_string();
        assert!(
            cause.contains("version 99, which nodes of version 98"),
            "{cause}"
        );
        assert!(cause.contains("run a newer version"), "{cause}");
    }
}

/// Nodes of the versions up to the fifth step refuse what is newer by the old notes alone.
#[tokio::test]
async fn a_node_of_before_finds_what_it_looks_for() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let store = schema.builder().connect().await.unwrap();
    store.migrate().await.unwrap();
    let seen: i64 = sqlx::query_scalar("SELECT max(version) FROM portcullis_schema")
        .fetch_one(&mut schema.raw().await)
        .await
        .unwrap();
    assert_eq!(seen, 5);
}

#[tokio::test]
async fn another_tool_makes_the_tables() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let mut tool = schema.raw().await;
    let store = schema.builder().connect().await.unwrap();
    for migration in PostgresStore::migrations() {
        let error = store.check_schema().await.unwrap_err();
        let cause = error.cause().to_string();
        assert!(cause.contains(&migration.name()), "{cause}");
        execute(&mut tool, format!("BEGIN; {} COMMIT;", migration.sql())).await;
    }
    store.check_schema().await.unwrap();
    store.migrate().await.unwrap();
    open(&store).await;

    execute(
        &mut tool,
        "DELETE FROM portcullis_schema WHERE version = 3".to_owned(),
    )
    .await;
    let error = store.check_schema().await.unwrap_err();
    let cause = error.cause().to_string();
    assert!(cause.contains("portcullis_0003 was never made"), "{cause}");
}
