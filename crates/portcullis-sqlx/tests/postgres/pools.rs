//! Who waits for a connection, and who does not.

use std::time::Duration;

use portcullis::session::{SessionRecord, SessionStore};
use portcullis_sqlx::PostgresStore;
use sqlx::{Connection, Executor, PgConnection};
use tokio::task::JoinHandle;

use crate::{
    node::{Known, alice, attempt, is_rotated, open, rotate, snapshot, until},
    schema::Schema,
};

/// Longer than the test takes: whoever has to wait for the storm fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// Refreshes of a session whose row somebody else has locked, until no more get through.
async fn storm(
    store: &PostgresStore,
    session: &SessionRecord,
    beside: &mut PgConnection,
    all: i64,
) -> Vec<JoinHandle<bool>> {
    let presented = attempt(session, 0);
    let storm: Vec<_> = (0..40)
        .map(|_| {
            let (store, presented) = (store.clone(), presented.clone());
            tokio::spawn(async move { is_rotated(&rotate(&store, &presented).await) })
        })
        .collect();
    while waiting(beside).await < all {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    storm
}

/// How many statements on sessions wait for a lock, in this schema.
async fn waiting(connection: &mut PgConnection) -> i64 {
    sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' \
         AND application_name = current_schema()",
    )
    .fetch_one(connection)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_refreshes_does_not_keep_the_snapshot_from_being_read() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    for (connections, work) in [(2, 1), (4, 3), (10, 8)] {
        let builder = schema.builder().max_connections(connections);
        let store = builder.timeout(PATIENCE / 2).connect().await.unwrap();
        store.migrate().await.unwrap();
        let held = open(&store).await;
        let ended = open(&store).await;
        let revocations = snapshot(&store);
        revocations.sync_thoroughly().await.unwrap();
        until(&revocations, &ended, Known::Clear).await;

        // What is seen of others stays as it is within a transaction.
        let (mut raw, mut beside) = (schema.raw().await, schema.raw().await);
        let mut lock = raw.begin().await.unwrap();
        lock.execute("SELECT 1 FROM portcullis_sessions FOR UPDATE")
            .await
            .unwrap();
        let storm = storm(&store, &held, &mut beside, work).await;
        // Whatever is asked while they wait.
        revocations.sync_thoroughly().await.unwrap();
        until(&revocations, &held, Known::Clear).await;
        let row = store.session(&held.subject, &held.id).await.unwrap();
        assert_eq!(row.unwrap().generation, 0);
        let live = store.application_token_is_live(&alice(), "none").await;
        assert!(!live.unwrap());
        store.key_ring("ring").await.unwrap();
        assert_eq!(
            waiting(&mut beside).await,
            work,
            "no refresh has got through"
        );
        assert!(storm.iter().all(|refresh| !refresh.is_finished()));

        lock.rollback().await.unwrap();
        for refresh in storm {
            assert!(refresh.await.unwrap(), "the same attempt, the same answer");
        }
        store.close().await;
    }
}

/// What a refresh is through with goes to whoever waits for a connection, and what lies at hand
/// for refreshes is there for whatever else there is to do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_refreshes_are_for_everybody() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    for connections in [1, 2, 4] {
        let builder = schema.builder().max_connections(connections);
        let store = builder.timeout(PATIENCE / 2).connect().await.unwrap();
        store.migrate().await.unwrap();
        let session = open(&store).await;
        let calls = (0..120).map(|call| {
            let (store, session) = (store.clone(), session.clone());
            tokio::spawn(async move {
                match call % 4 {
                    0 | 1 => drop(rotate(&store, &attempt(&session, 0)).await),
                    2 => drop(open(&store).await),
                    _ => {
                        let row = store.session(&session.subject, &session.id).await;
                        assert!(row.unwrap().unwrap().generation <= 1);
                    }
                }
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
        store.close().await;
    }
}
