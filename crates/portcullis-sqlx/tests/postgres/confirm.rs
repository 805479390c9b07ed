//! A server that answers is not yet the one that counts.

use std::{future::Future, time::Duration};

use portcullis::{
    session::{SessionStore, StoreError, StoreErrorKind},
    time::{Clock, SharedClock, SystemClock, Timestamp},
};
use portcullis_sqlx::PostgresStore;
use sqlx::{ConnectOptions, Executor, PgConnection, postgres::PgConnectOptions};

use crate::{node::HOUR, schema::Schema, server::Server};

async fn connect(server: &Server) -> PostgresStore {
    let store = PostgresStore::builder(&server.url()).timeout(Duration::from_secs(2));
    store.connect().await.unwrap()
}

async fn raw(server: &Server) -> PgConnection {
    let options: PgConnectOptions = server.url().parse().unwrap();
    options.connect().await.unwrap()
}

/// An error, or a proof from before.
async fn is_no_newer(call: impl Future<Output = Result<Timestamp, StoreError>>, proven: Timestamp) {
    match call.await {
        Ok(again) => assert_eq!(again, proven),
        Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_node_proves_for_all() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let one = schema.builder().timeout(Duration::from_secs(20));
    let one = one.connect().await.unwrap();
    one.migrate().await.unwrap();
    let before = one.current_time().await.unwrap();
    let nodes: Vec<_> = (0..8)
        .map(|_| {
            let store = one.clone();
            tokio::spawn(async move { store.confirm(HOUR).await.unwrap() })
        })
        .collect();
    let mut proofs = Vec::new();
    for node in nodes {
        proofs.push(node.await.unwrap());
    }
    assert!(proofs.iter().all(|proof| *proof == proofs[0]), "{proofs:?}");
    assert!(proofs[0] >= before);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(one.confirm(Duration::ZERO).await.unwrap() > proofs[0]);

    // Whatever somebody does to the row.
    let mut raw = schema.raw().await;
    for statement in [
        "DELETE FROM portcullis_heartbeat",
        "UPDATE portcullis_heartbeat SET at = at + 86400000",
        "UPDATE portcullis_heartbeat SET at = 0",
    ] {
        let before = one.confirm(Duration::ZERO).await.unwrap();
        raw.execute(statement).await.unwrap();
        let proven = one.confirm(HOUR).await.unwrap();
        assert!(
            proven >= before && proven <= SystemClock.now(),
            "{statement}"
        );
    }
}

#[tokio::test]
async fn a_server_that_cannot_be_written_to_proves_nothing() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let store = schema.store(SharedClock::default()).await;
    let proven = store.confirm(Duration::ZERO).await.unwrap();
    store.close().await;
    let options = schema.options();
    let options = options.options([("default_transaction_read_only", "on")]);
    let store = schema.builder().options(options).connect().await.unwrap();
    assert_eq!(store.confirm(HOUR).await.unwrap(), proven);
    let error = store.confirm(Duration::ZERO).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
}

/// The old primary takes writes that nobody will ever see.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_whose_standby_was_promoted_grows_old() {
    let Some(mut primary) = Server::new() else {
        return;
    };
    primary.start().await;
    let Some(standby) = Server::standby_of(&primary).await else {
        return;
    };
    let old = connect(&primary).await;
    old.migrate().await.unwrap();
    let mut there = raw(&primary).await;
    for statement in [
        "ALTER SYSTEM SET synchronous_standby_names = '*'",
        "SELECT pg_reload_conf()",
    ] {
        there.execute(statement).await.unwrap();
    }
    let standbys = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    while sqlx::query_scalar::<_, i64>(standbys)
        .fetch_one(&mut there)
        .await
        .unwrap()
        == 0
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let proven = old.confirm(Duration::ZERO).await.unwrap();

    raw(&standby)
        .await
        .execute("SELECT pg_promote()")
        .await
        .unwrap();
    let new = connect(&standby).await;
    let promoted = new.confirm(Duration::ZERO).await.unwrap();
    assert!(promoted > proven);
    for _ in 0..2 {
        is_no_newer(old.confirm(Duration::ZERO), proven).await;
    }
    is_no_newer(connect(&primary).await.confirm(Duration::ZERO), proven).await;
    // Who only reads is told the same.
    assert_eq!(old.confirm(HOUR).await.unwrap(), proven);
}
