//! What may be used once, by the server's clock, on several nodes and in tables
//! that were made before there was such a thing.

use std::time::Duration;

use portcullis::session::{AttemptId, OneUse, SecretDigest, SessionStore};
use portcullis_testing::clock::FakeClock;
use sqlx::Executor;

use crate::{
    node::{HOUR, open},
    schema::Schema,
};

#[tokio::test]
async fn of_two_nodes_one_is_first() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let connect = async || {
        let builder = schema.builder().timeout(Duration::from_secs(20));
        builder.connect().await.unwrap()
    };
    let (one, two) = (connect().await, connect().await);
    one.migrate().await.unwrap();
    for round in 0..50_u32 {
        let value = SecretDigest::of(&round.to_be_bytes());
        let names = [(); 2].map(|()| AttemptId::random().unwrap());
        let used = tokio::join!(
            one.use_once(&value, names[0], HOUR),
            two.use_once(&value, names[1], HOUR),
        );
        let used = [used.0.unwrap(), used.1.unwrap()];
        let first = used.iter().position(|used| *used == OneUse::First).unwrap();
        let OneUse::Repeated {
            first: name,
            elapsed,
        } = used[1 - first]
        else {
            unreachable!("both were first");
        };
        assert_eq!(name, names[first]);
        assert!(elapsed < HOUR);
    }
    assert_eq!(one.purge(Duration::ZERO).await.unwrap(), 0);
}

/// A row that somebody else is writing is waited for, not overlooked.
#[tokio::test]
async fn a_use_that_is_not_committed_is_waited_for() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let store = schema.store(FakeClock::new().shared()).await;
    let value = SecretDigest::of(b"value");
    let mut raw = schema.raw().await;
    raw.execute("BEGIN").await.unwrap();
    sqlx::query("INSERT INTO portcullis_once VALUES ($1, $2, 0, 9000000000000)")
        .bind(&value.as_bytes()[..])
        .bind(&[7_u8; 16][..])
        .execute(&mut raw)
        .await
        .unwrap();
    let name = AttemptId::random().unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.use_once(&value, name, HOUR).await }
    });
    wait_for_a_lock(&schema).await;
    raw.execute("COMMIT").await.unwrap();
    let used = waiting.await.unwrap().unwrap();
    assert!(
        matches!(used, OneUse::Repeated { first, .. } if first == AttemptId::from_bytes([7; 16]))
    );
}

/// Until a statement of the store waits for what somebody else has locked.
async fn wait_for_a_lock(schema: &Schema) {
    let mut raw = schema.raw().await;
    for _ in 0..2000 {
        let waiting: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
             AND application_name = current_setting('application_name')",
        )
        .fetch_one(&mut raw)
        .await
        .unwrap();
        if waiting > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nothing waits");
}

#[tokio::test]
async fn tables_of_the_second_version_are_brought_up_to_date() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let mut raw = schema.raw().await;
    for sql in [
        "CREATE TABLE portcullis_schema (version bigint PRIMARY KEY)",
        include_str!("../../src/postgres/schema_1.sql"),
        include_str!("../../src/postgres/schema_2.sql"),
        "INSERT INTO portcullis_schema (version) VALUES (1), (2)",
    ] {
        sqlx::raw_sql(sql).execute(&mut raw).await.unwrap();
    }
    let store = schema.store(FakeClock::new().shared()).await;
    open(&store).await;
    let [one, two] = [(); 2].map(|()| AttemptId::random().unwrap());
    let value = SecretDigest::of(b"value");
    let used = store.use_once(&value, one, HOUR).await.unwrap();
    assert_eq!(used, OneUse::First);
    store.migrate().await.unwrap();
    let used = store.use_once(&value, two, HOUR).await.unwrap();
    assert_ne!(used, OneUse::First);
}
