//! A revocation on one node is in force on the others, soon or a little later.

use std::time::Duration;

use portcullis::session::{Revocations, SessionRecord, SessionStore};
use portcullis_sqlx::{PostgresStore, poll};
use portcullis_testing::{
    mint,
    proxy::{Mode, Proxy},
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::task::JoinHandle;

use crate::{
    node::{Known, attempt, check, is_rotated, open, rotate, snapshot, until},
    schema::Schema,
};

/// So long that only what is announced can be what was noticed.
const NEVER: Duration = Duration::from_secs(3600);

/// A node with a watch, which is over when this is dropped.
struct Node {
    store: PostgresStore,
    revocations: Revocations,
    watch: JoinHandle<std::convert::Infallible>,
}

impl Node {
    async fn start(schema: &Schema, poll_interval: Duration) -> Self {
        let builder = schema.builder().poll_interval(poll_interval);
        let store = builder.connect().await.unwrap();
        store.migrate().await.unwrap();
        let revocations = snapshot(&store);
        let watch = tokio::spawn(store.watch(revocations.clone()));
        Self {
            store,
            revocations,
            watch,
        }
    }

    /// A session that this node takes to be good, by its feed or polling.
    async fn session(&self, other: &PostgresStore) -> SessionRecord {
        let session = open(other).await;
        until(&self.revocations, &session, Known::Clear).await;
        session
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// Ends the connections of the nodes in this schema: those that listen, or all.
async fn end_connections(raw: &mut PgConnection, all: bool) {
    let ended: i64 = sqlx::query_scalar(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE application_name = current_schema() AND pid <> pg_backend_pid() \
         AND ($1 OR query = 'SELECT 1' OR query LIKE 'SELECT coalesce(current_schema()%')",
    )
    .bind(all)
    .fetch_one(raw)
    .await
    .unwrap();
    assert!(ended > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_node_revokes_is_refused_by_the_others_at_once() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let one = Node::start(&schema, NEVER).await;
    let two = Node::start(&schema, NEVER).await;
    // The first reading is over, but perhaps nobody listens yet.
    let warm_up = two.session(&one.store).await;
    one.store
        .revoke(&warm_up.subject, &warm_up.id)
        .await
        .unwrap();
    until(&two.revocations, &warm_up, Known::Revoked).await;

    let session = two.session(&one.store).await;
    one.store
        .revoke(&session.subject, &session.id)
        .await
        .unwrap();
    let delay = until(&two.revocations, &session, Known::Revoked).await;
    assert!(delay < Duration::from_secs(1), "{delay:?}");

    let session = two.session(&one.store).await;
    rotate(&one.store, &attempt(&session, 0)).await;
    rotate(&one.store, &attempt(&session, 0)).await;
    until(&two.revocations, &session, Known::Revoked).await;

    let sessions = [two.session(&one.store).await, two.session(&one.store).await];
    one.store.revoke_all(&session.subject).await.unwrap();
    for session in &sessions {
        until(&two.revocations, session, Known::Revoked).await;
        until(&one.revocations, session, Known::Revoked).await;
    }

    let session = two.session(&one.store).await;
    // The realm of its tokens.
    one.store.revoke_realm(mint::ISSUER).await.unwrap();
    until(&two.revocations, &session, Known::Revoked).await;
    until(&one.revocations, &session, Known::Revoked).await;
}

/// Also when the transaction was hidden for longer than the next readings look
/// back: what is announced is read from the time that it bears.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_that_was_slow_is_not_missed() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let node = Node::start(&schema, Duration::from_millis(50)).await;
    let session = node.session(&node.store).await;
    let mut raw = schema.raw().await;
    let mut slow = raw.begin().await.unwrap();
    let statement = format!(
        "UPDATE portcullis_sessions SET revoked_reason = 'logout', \
             revoked_at = floor(extract(epoch FROM clock_timestamp()) * 1000) - 600000 \
         WHERE id = '{0}' RETURNING pg_notify('portcullis', current_schema() || ' ' || revoked_at)",
        session.id
    );
    slow.execute(AssertSqlSafe(statement)).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(check(&node.revocations, &session), Known::Clear);
    slow.commit().await.unwrap();
    until(&node.revocations, &session, Known::Revoked).await;
}

/// What is revoked while nobody listens is read with the next connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_feed_that_is_lost_comes_back_and_catches_up() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let node = Node::start(&schema, NEVER).await;
    let session = node.session(&node.store).await;
    let mut raw = schema.raw().await;
    for _ in 0..3 {
        let next = node.session(&node.store).await;
        end_connections(&mut raw, false).await;
        node.store.revoke(&next.subject, &next.id).await.unwrap();
        until(&node.revocations, &next, Known::Revoked).await;
        // The node is told what comes after that, too.
        let next = node.session(&node.store).await;
        node.store.revoke(&next.subject, &next.id).await.unwrap();
        until(&node.revocations, &next, Known::Revoked).await;
    }
    assert_eq!(check(&node.revocations, &session), Known::Clear);
    assert!(!node.watch.is_finished());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_loses_all_connections_goes_on() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let node = Node::start(&schema, Duration::from_millis(100)).await;
    let session = node.session(&node.store).await;
    let mut raw = schema.raw().await;
    for generation in 0..3 {
        end_connections(&mut raw, true).await;
        let outcome = rotate(&node.store, &attempt(&session, generation)).await;
        assert!(is_rotated(&outcome), "{outcome:?}");
        let next = node.session(&node.store).await;
        end_connections(&mut raw, true).await;
        node.store.revoke(&next.subject, &next.id).await.unwrap();
        until(&node.revocations, &next, Known::Revoked).await;
    }
    assert_eq!(check(&node.revocations, &session), Known::Clear);
}

/// A store without a feed, or one that is not used.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn polling_alone_is_enough() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let store = schema.builder().connect().await.unwrap();
    store.migrate().await.unwrap();
    let revocations = snapshot(&store);
    let interval = Duration::from_millis(50);
    let task = tokio::spawn(poll(revocations.clone(), interval));
    let session = open(&store).await;
    until(&revocations, &session, Known::Clear).await;
    store.revoke(&session.subject, &session.id).await.unwrap();
    let delay = until(&revocations, &session, Known::Revoked).await;
    assert!(delay < Duration::from_secs(2), "{delay:?}");
    task.abort();
}

/// While nothing can be read, the snapshot's own rule says what happens.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_silent_for_too_long_is_not_taken_for_consent() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let store = schema.builder().connect().await.unwrap();
    store.migrate().await.unwrap();
    let session = open(&store).await;
    let proxy = Proxy::start(schema.address()).unwrap();
    let builder = schema.builder_through(&proxy);
    let builder = builder.timeout(Duration::from_millis(400));
    let far = builder.poll_interval(Duration::from_millis(50));
    let far = far.connect().await.unwrap();
    let revocations = snapshot(&far).with_max_silence(Duration::from_millis(600));
    let watch = tokio::spawn(far.watch(revocations.clone()));
    until(&revocations, &session, Known::Clear).await;
    proxy.set(Mode::HoldAnswers);
    until(&revocations, &session, Known::Unknown).await;
    store.revoke(&session.subject, &session.id).await.unwrap();
    proxy.cut();
    proxy.set(Mode::Pass);
    until(&revocations, &session, Known::Revoked).await;
    watch.abort();
}
