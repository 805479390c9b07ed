//! What may go wrong between a node and its server. Whatever it is: an error
//! that passes, in bounded time; nothing half done, nobody logged out.

use std::time::Duration;

use portcullis::session::{
    RotationOutcome, RotationRules, SessionRecord, SessionStore, StoreErrorKind,
};
use portcullis_sqlx::PostgresStore;
use portcullis_testing::proxy::{Mode, Proxy};
use sqlx::{Connection, Executor};
use tokio::time::Instant;

use crate::{
    node::{HOUR, Known, alice, attempt, check, is_rotated, open, rotate, snapshot, until},
    schema::{Schema, someone_waits},
    server::Server,
};

const TIMEOUT: Duration = Duration::from_millis(600);

/// How much later than that an answer may come on a busy machine.
const MARGIN: Duration = Duration::from_millis(1500);

/// A store behind a proxy, with a session that was refreshed once, so that its
/// only connection has all it needs.
async fn behind_a_proxy(schema: &Schema) -> (PostgresStore, Proxy, SessionRecord) {
    let proxy = Proxy::start(schema.address()).unwrap();
    let builder = schema.builder_through(&proxy).max_connections(1);
    let store = builder.timeout(Duration::from_secs(20)).connect().await;
    let store = store.unwrap();
    store.migrate().await.unwrap();
    store.close().await;
    let builder = schema.builder_through(&proxy).max_connections(1);
    let store = builder.timeout(TIMEOUT).connect().await.unwrap();
    let session = open(&store).await;
    assert!(is_rotated(&rotate(&store, &attempt(&session, 0)).await));
    // Until the connection is back in its pool.
    tokio::time::sleep(Duration::from_millis(100)).await;
    (store, proxy, session)
}

/// The call fails, in time.
async fn unavailable(store: &PostgresStore, attempt: &portcullis::session::RotationAttempt) {
    let begin = Instant::now();
    let error = store.rotate(attempt).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    assert!(begin.elapsed() < TIMEOUT + MARGIN, "{:?}", begin.elapsed());
}

/// As the database has it.
async fn row(schema: &Schema, session: &SessionRecord) -> SessionRecord {
    let store = schema.builder().connect().await.unwrap();
    store
        .session(&session.subject, &session.id)
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn an_answer_that_is_lost_after_the_commit_costs_nothing() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, proxy, session) = behind_a_proxy(&schema).await;
    let presented = attempt(&session, 1);
    proxy.set(Mode::CutAnswers);
    unavailable(&store, &presented).await;
    let committed = row(&schema, &session).await;
    assert_eq!(committed.generation, 2);
    assert_eq!(committed.revoked, None);
    proxy.set(Mode::Pass);

    // The node asks again, and then the client with the same token.
    let outcome = rotate(&store, &presented).await;
    assert!(is_rotated(&outcome), "{outcome:?}");
    let mut retry = attempt(&session, 1);
    retry.rules = RotationRules::default();
    let again = rotate(&store, &retry).await;
    assert!(
        matches!(again, RotationOutcome::Replayed { .. }),
        "{again:?}"
    );
    assert_eq!(again.successor(), outcome.successor());
    assert_eq!(row(&schema, &session).await, committed);
}

#[tokio::test]
async fn connections_that_were_cut_are_replaced_unnoticed() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, proxy, session) = behind_a_proxy(&schema).await;
    for generation in 1..6 {
        proxy.cut();
        let outcome = rotate(&store, &attempt(&session, generation)).await;
        assert!(is_rotated(&outcome), "{outcome:?}");
    }
}

/// No connection is lost to a way that swallows everything.
#[tokio::test]
async fn a_server_that_does_not_answer_is_given_up_on_in_time() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, proxy, session) = behind_a_proxy(&schema).await;
    let presented = attempt(&session, 1);
    proxy.set(Mode::HoldAnswers);
    for _ in 0..3 {
        unavailable(&store, &presented).await;
    }
    // A request that its client gave up on.
    let given_up = tokio::time::timeout(Duration::from_millis(50), store.rotate(&presented));
    assert!(given_up.await.is_err());
    tokio::time::sleep(TIMEOUT + TIMEOUT / 2).await;
    proxy.set(Mode::Pass);
    let outcome = rotate(&store, &presented).await;
    assert!(is_rotated(&outcome), "{outcome:?}");
    assert_eq!(row(&schema, &session).await.generation, 2);
}

/// A proxy holds a refresh up, and its client gives up. Where that tries again, nothing
/// happens when the first one arrives, for who finds reuse has to say so once more; where not,
/// it is exchanged only if it is in time.
#[tokio::test]
async fn a_refresh_that_is_held_up_for_longer_than_the_window_changes_nothing() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, proxy, warm) = behind_a_proxy(&schema).await;
    let direct = schema.builder().connect().await.unwrap();
    let rules = RotationRules::with_grace(Duration::from_secs(1));
    let cases = [(true, false), (false, false), (true, true), (false, true)];
    for (generation, (has_deadline, tries_again)) in (1..).zip(cases) {
        let session = open(&direct).await;
        // The connection that it is held up on has the statement.
        assert!(is_rotated(
            &rotate(&store, &attempt(&warm, generation)).await
        ));
        tokio::time::sleep(Duration::from_millis(100)).await;
        let mut held_up = attempt(&session, 0);
        held_up.rules = rules;
        let now = store.current_time().await.unwrap();
        if has_deadline {
            held_up.deadline = now.saturating_add(rules.attempt_limit());
        }
        let held = proxied(&schema).await;
        proxy.set(Mode::HoldRequests);
        unavailable(&store, &held_up).await;
        assert_eq!(row(&schema, &session).await.generation, 0);

        if tries_again {
            let mut again = attempt(&session, 0);
            again.rules = rules;
            assert!(is_rotated(&rotate(&direct, &again).await));
        }
        let left = row(&schema, &session).await;
        tokio::time::sleep(rules.grace + Duration::from_millis(50)).await;
        proxy.set(Mode::Pass);
        // The server ends the connection that its client has given up, after its statement.
        while proxied(&schema).await == held {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let arrived = row(&schema, &session).await;
        assert_eq!(arrived == left, has_deadline || tries_again);
        assert_eq!(arrived.revoked, None);
    }
}

/// Which process of the server has the connection behind the proxy.
async fn proxied(schema: &Schema) -> Option<i32> {
    sqlx::query_scalar("SELECT pid FROM pg_stat_activity WHERE application_name = $1")
        .bind(schema.proxied_name())
        .fetch_optional(&mut schema.raw().await)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_without_a_free_connection_is_given_up_on_in_time() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, _proxy, session) = behind_a_proxy(&schema).await;
    let other = open(&store).await;
    let before = row(&schema, &session).await;
    let mut raw = schema.raw().await;
    let mut lock = raw.begin().await.unwrap();
    lock.execute("SELECT 1 FROM portcullis_sessions FOR UPDATE")
        .await
        .unwrap();
    let presented = attempt(&session, 1);
    let tasks: Vec<_> = (0..8)
        .map(|task| {
            let store = store.clone();
            let attempt = match task {
                0 => attempt(&other, 0),
                _ => presented.clone(),
            };
            tokio::spawn(async move { unavailable(&store, &attempt).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    // The server gives up on its own, by the same time-out but from when the
    // statement reached it: until then the lock must stay.
    tokio::time::sleep(TIMEOUT + TIMEOUT / 2).await;
    while someone_waits(&mut lock).await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    lock.rollback().await.unwrap();
    assert_eq!(row(&schema, &session).await, before);
    for presented in [presented, attempt(&other, 0)] {
        assert!(is_rotated(&rotate(&store, &presented).await));
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_given_up_on_in_time() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, proxy, session) = behind_a_proxy(&schema).await;
    proxy.set(Mode::Refuse);
    proxy.cut();
    let builder = schema.builder_through(&proxy).timeout(TIMEOUT);
    let late = builder.connect_lazy().unwrap();
    unavailable(&late, &attempt(&session, 1)).await;
    unavailable(&store, &attempt(&session, 1)).await;
    proxy.set(Mode::Pass);
    assert!(is_rotated(&rotate(&late, &attempt(&session, 1)).await));
    assert!(is_rotated(&rotate(&store, &attempt(&session, 2)).await));
}

#[tokio::test]
async fn a_server_that_only_reads_is_a_fault_that_passes() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (_, _proxy, session) = behind_a_proxy(&schema).await;
    let options = schema.options();
    let options = options.options([("default_transaction_read_only", "on")]);
    let store = schema.builder().options(options).timeout(TIMEOUT);
    let store = store.connect().await.unwrap();
    unavailable(&store, &attempt(&session, 1)).await;
    let error = store.revoke_all(&alice()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(row(&schema, &session).await.is_live(session.created_at));
}

/// Killed without warning while it works, started again: what was answered is
/// there, what was not can be asked again, and nobody is logged out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_and_started_again_loses_nothing() {
    let Some(mut server) = Server::new() else {
        return;
    };
    server.start().await;
    let store = PostgresStore::builder(&server.url())
        .timeout(Duration::from_secs(1))
        .poll_interval(Duration::from_millis(100))
        .connect()
        .await
        .unwrap();
    store.migrate().await.unwrap();
    let revocations = snapshot(&store);
    let watch = tokio::spawn(store.watch(revocations.clone()));
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(open(&store).await);
    }
    let ended = open(&store).await;
    until(&revocations, &ended, Known::Clear).await;

    let clients: Vec<_> = sessions
        .iter()
        .map(|session| tokio::spawn(refresh_until_stopped(store.clone(), session.clone())))
        .collect();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.start().await;
    }
    // In the midst of that, with the other connections just as broken.
    while store.revoke(&ended.subject, &ended.id).await.is_err() {}
    until(&revocations, &ended, Known::Revoked).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    STOP.store(true, std::sync::atomic::Ordering::Relaxed);
    for (client, session) in clients.into_iter().zip(&sessions) {
        let generation = client.await.unwrap();
        assert!(generation > 10, "hardly anything happened");
        let row = store
            .session(&session.subject, &session.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.generation, generation);
        assert_eq!(row.revoked, None);
        assert_eq!(check(&revocations, session), Known::Clear);
    }
    let live = store.sessions(&alice()).await.unwrap();
    assert_eq!(live.len(), sessions.len());
    assert_eq!(store.purge(HOUR).await.unwrap(), 0);
    watch.abort();
}

static STOP: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Refreshes again and again, each attempt until it is answered; the last
/// generation. No rule forgives anything.
async fn refresh_until_stopped(store: PostgresStore, session: SessionRecord) -> u64 {
    let mut generation = 0;
    while !STOP.load(std::sync::atomic::Ordering::Relaxed) {
        let presented = attempt(&session, generation);
        let outcome = loop {
            match store.rotate(&presented).await {
                Ok(outcome) => break outcome,
                Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable),
            }
        };
        assert!(is_rotated(&outcome), "{outcome:?}");
        generation += 1;
    }
    generation
}
