//! Tables that are brought up to date while they are in use.

use portcullis::session::{SessionStore, StoreErrorKind};
use portcullis_sqlx::PostgresStore;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::{
    many_sessions::count,
    node::{alice, open},
    schema::{Schema, someone_waits},
};

const DUMP: &str = include_str!("../released/postgres_5.sql");
const SESSIONS: &str = "SELECT count(*) FROM portcullis_sessions";
const OLD_INDEX: &str = "SELECT count(*) FROM pg_class \
     WHERE relname = 'portcullis_sessions_subject' AND pg_table_is_visible(oid)";

/// Tables of before, a store that has not touched them, and a connection beside it.
async fn before(schema: &Schema) -> (PostgresStore, PgConnection) {
    let mut raw = schema.raw().await;
    raw.execute(DUMP).await.unwrap();
    let builder = schema.builder();
    let builder = builder.timeout(std::time::Duration::from_secs(30));
    (builder.connect().await.unwrap(), raw)
}

async fn refused(store: &PostgresStore) -> String {
    let error = store.migrate().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    error.cause().to_string()
}

/// Whoever waits for a table keeps out all that come later.
#[tokio::test]
async fn a_step_that_has_to_wait_lets_others_in() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, mut raw) = before(&schema).await;
    let mut holder = raw.begin().await.unwrap();
    let sessions = count(&mut holder, SESSIONS).await;
    let migration = tokio::spawn({
        let store = store.clone();
        async move { store.migrate().await }
    });
    while !someone_waits(&mut holder).await {
        tokio::task::yield_now().await;
    }
    let mut reader = schema.raw().await;
    // Long enough for any machine, and not for ever.
    reader
        .execute("SET statement_timeout = 30000")
        .await
        .unwrap();
    assert_eq!(count(&mut reader, SESSIONS).await, sessions);
    assert!(!migration.is_finished());
    holder.rollback().await.unwrap();
    migration.await.unwrap().unwrap();
    store.check_schema().await.unwrap();
}

#[tokio::test]
async fn what_takes_long_on_large_tables_is_made_beforehand() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, mut raw) = before(&schema).await;
    // One to a page.
    raw.execute(
        "ALTER TABLE portcullis_sessions ALTER user_agent SET STORAGE PLAIN; \
         CREATE TEMPORARY TABLE one AS SELECT * FROM portcullis_sessions LIMIT 1; \
         CREATE TEMPORARY TABLE copies AS SELECT one.* FROM one, generate_series(1, 8500); \
         UPDATE copies SET id = gen_random_uuid(); \
         INSERT INTO portcullis_sessions SELECT * FROM copies; \
         UPDATE portcullis_sessions SET user_agent = repeat('x', 7000)",
    )
    .await
    .unwrap();
    let cause = refused(&store).await;
    let (_, statements) = cause.split_once("first, outside a transaction: ").unwrap();
    assert!(statements.starts_with("ALTER TABLE portcullis_sessions ADD COLUMN IF NOT EXISTS"));
    let made = statements.matches("CREATE INDEX CONCURRENTLY IF NOT EXISTS portcullis_sessions_");
    assert_eq!(made.count(), 5, "{cause}");
    assert!(!statements.contains("portcullis_subjects"), "{cause}");
    assert_eq!(count(&mut raw, OLD_INDEX).await, 1);
    for statement in statements.split_terminator(';') {
        raw.execute(AssertSqlSafe(statement.to_owned()))
            .await
            .unwrap();
    }
    store.migrate().await.unwrap();
    store.check_schema().await.unwrap();
    assert_eq!(count(&mut raw, OLD_INDEX).await, 0);
    open(&store).await;
    store.revoke_all(&alice()).await.unwrap();
}

#[tokio::test]
async fn an_index_that_somebody_did_not_finish_is_not_taken_for_done() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, mut raw) = before(&schema).await;
    let failed = raw
        .execute(
            "CREATE UNIQUE INDEX CONCURRENTLY portcullis_sessions_live \
             ON portcullis_sessions ((1))",
        )
        .await;
    assert!(failed.is_err(), "the sessions are not unique in that");
    let cause = refused(&store).await;
    assert!(
        cause.contains("DROP INDEX portcullis_sessions_live"),
        "{cause}"
    );
    assert_eq!(count(&mut raw, OLD_INDEX).await, 1);
    raw.execute("DROP INDEX portcullis_sessions_live")
        .await
        .unwrap();
    store.migrate().await.unwrap();
    assert_eq!(count(&mut raw, OLD_INDEX).await, 0);
}
