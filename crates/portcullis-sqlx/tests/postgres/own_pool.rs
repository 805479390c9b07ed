//! A pool that is the application's own, and a schema of its choice.

use std::time::Duration;

use portcullis::{
    session::{Revocations, SessionStore, StoreErrorKind},
    time::SharedClock,
};
use portcullis_sqlx::PostgresStore;
use sqlx::{Connection, Executor, PgPool, postgres::PgPoolOptions};

use crate::{
    node::{Known, attempt, is_rotated, open, rotate, snapshot, until},
    schema::Schema,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// Connections whose settings would lose what was answered, and miss the tables.
fn careless_pool(schema: &Schema, connections: u32) -> PgPool {
    let options = schema.server().application_name(schema.name()).options([
        ("synchronous_commit", "off"),
        ("default_transaction_isolation", "serializable"),
        ("lock_timeout", "1ms"),
        ("search_path", "pg_temp"),
    ]);
    PgPoolOptions::new()
        .max_connections(connections)
        .connect_lazy_with(options)
}

mod contract {
    use super::*;

    async fn empty_store(clock: SharedClock) -> Option<(PostgresStore, Schema)> {
        let schema = Schema::new().await?;
        let store = PostgresStore::from_pool(careless_pool(&schema, 10))
            .schema(schema.name())
            .timeout(PATIENCE)
            .test_clock(clock)
            .connect()
            .await
            .unwrap();
        store.migrate().await.unwrap();
        Some((store, schema))
    }

    portcullis_testing::store_contract!(empty_store);
}

#[tokio::test]
async fn a_pool_is_left_as_it_was() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let pool = careless_pool(&schema, 1);
    let settings = async || -> Vec<(String, String)> {
        sqlx::query_as(
            "SELECT name, setting FROM pg_settings WHERE name NOT LIKE 'transaction_%' \
             UNION ALL SELECT 'search_path', current_setting('search_path') \
             UNION ALL SELECT 'marker', coalesce(current_setting('portcullis.marker', true), '')",
        )
        .fetch_all(&pool)
        .await
        .unwrap()
    };
    let before = settings().await;
    let store = PostgresStore::from_pool(pool.clone()).schema(schema.name());
    let store = store.timeout(PATIENCE).connect().await.unwrap();
    store.migrate().await.unwrap();
    let session = open(&store).await;
    assert!(is_rotated(&rotate(&store, &attempt(&session, 0)).await));
    assert_eq!(settings().await, before);

    // A call that is given up, or fails, leaves no transaction behind.
    let mut raw = schema.raw().await;
    let mut lock = raw.begin().await.unwrap();
    lock.execute("SELECT 1 FROM portcullis_sessions FOR UPDATE")
        .await
        .unwrap();
    let held = attempt(&session, 1);
    let given_up = tokio::time::timeout(Duration::from_millis(100), store.rotate(&held));
    assert!(given_up.await.is_err());
    lock.rollback().await.unwrap();
    assert_eq!(settings().await, before);
    let mut connection = pool.acquire().await.unwrap();
    assert!(!connection.is_in_transaction());
    connection
        .execute("CREATE TEMP TABLE mine (a int)")
        .await
        .unwrap();
    drop(connection);

    // It is the application's to close.
    store.close().await;
    assert_eq!(settings().await, before);
    assert!(!pool.is_closed());
}

#[tokio::test]
async fn what_is_answered_is_on_the_disk_whatever_the_pool_is_set_to() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let store = PostgresStore::from_pool(careless_pool(&schema, 2)).schema(schema.name());
    let store = store.timeout(PATIENCE).connect().await.unwrap();
    store.migrate().await.unwrap();
    let mut raw = schema.raw().await;
    raw.execute(
        "CREATE TABLE seen (committed text, isolation text, lock_timeout text); \
         CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO seen VALUES (current_setting('synchronous_commit'), \
                 current_setting('transaction_isolation'), current_setting('lock_timeout')); \
             RETURN NEW; END $$; \
         CREATE TRIGGER look BEFORE INSERT OR UPDATE ON portcullis_sessions \
             FOR EACH ROW EXECUTE FUNCTION look();",
    )
    .await
    .unwrap();
    let session = open(&store).await;
    assert!(is_rotated(&rotate(&store, &attempt(&session, 0)).await));
    store.revoke_all(&session.subject).await.unwrap();
    let seen: Vec<(String, String, String)> = sqlx::query_as("SELECT * FROM seen")
        .fetch_all(&mut raw)
        .await
        .unwrap();
    assert!(seen.len() >= 3, "{seen:?}");
    let expected = ("on".to_owned(), "read committed".to_owned(), "0".to_owned());
    assert!(seen.iter().all(|row| *row == expected), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_on_a_pool_hears_of_what_others_revoke() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let store = PostgresStore::from_pool(careless_pool(&schema, 2)).schema(schema.name());
    let store = store.timeout(PATIENCE).poll_interval(PATIENCE * 10);
    let store = store.connect().await.unwrap();
    store.migrate().await.unwrap();
    let revocations: Revocations = snapshot(&store);
    let watch = tokio::spawn(store.watch(revocations.clone()));
    let other = schema.builder().connect().await.unwrap();
    // The first reading is over, but perhaps nobody listens yet.
    for _ in 0..2 {
        let session = open(&other).await;
        until(&revocations, &session, Known::Clear).await;
        other.revoke(&session.subject, &session.id).await.unwrap();
        until(&revocations, &session, Known::Revoked).await;
    }
    watch.abort();
}

#[tokio::test]
async fn a_schema_is_made_and_used_whatever_the_path_is() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    // Within the schema's own name, so that it goes with the test's.
    let name = format!("{} Own", schema.name());
    let connect = async || {
        let store = schema.builder().schema(&name).timeout(PATIENCE);
        store.connect().await.unwrap()
    };
    let one = connect().await;
    let error = one.check_schema().await.unwrap_err();
    assert!(error.cause().to_string().contains("lack portcullis_0001"));
    one.migrate().await.unwrap();
    let session = open(&one).await;
    let two = connect().await;
    two.check_schema().await.unwrap();
    assert!(is_rotated(&rotate(&two, &attempt(&session, 0)).await));
    let elsewhere = schema.builder().connect().await.unwrap();
    assert!(elsewhere.check_schema().await.is_err());
    let mut raw = schema.raw().await;
    let drop = sqlx::AssertSqlSafe(format!("DROP SCHEMA \"{name}\" CASCADE"));
    raw.execute(drop).await.unwrap();
}

#[tokio::test]
async fn settings_that_make_no_sense_are_named() {
    let long = "x".repeat(64);
    for name in ["", "a\"b", "a'b", "a\\b", "a\0b", &long] {
        let builder = PostgresStore::builder("postgres://localhost/x").schema(name);
        let error = builder.connect_lazy().unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsupported);
        let cause = error.cause().to_string();
        assert!(cause.starts_with("schema: a name has"), "{cause}");
    }
    let pool = PgPool::connect_lazy("postgres://localhost/x").unwrap();
    let builder = PostgresStore::from_pool(pool).max_connections(3);
    let error = builder.connect_lazy().unwrap_err();
    let cause = error.cause().to_string();
    assert!(cause.starts_with("max_connections: "), "{cause}");
}
