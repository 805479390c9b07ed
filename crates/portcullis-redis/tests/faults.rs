//! What a fault costs: a 503, never a session.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use common::{
    server::Server,
    sessions::{DAY, alice, attempt, new_session, open, open_for, with_grace, without_window},
};
use portcullis::{
    session::{RotationOutcome, SessionStore, StoreError, StoreErrorKind},
    subject::Subject,
};
use portcullis_redis::RedisStore;
use portcullis_testing::proxy::{Mode, Proxy};
use tokio::time::sleep;

/// What the store is told to wait at most, and what a call may then take: it
/// may have to load a script as well.
const LIMIT: Duration = Duration::from_millis(400);
const BOUND: Duration = Duration::from_millis(1200);

async fn store_at(url: &str) -> RedisStore {
    let builder = RedisStore::builder(url).timeout(LIMIT);
    builder.connect().await.unwrap()
}

fn proxied(server: &Server) -> (Proxy, String) {
    let proxy = Proxy::start(server.address()).unwrap();
    let url = format!("redis://{}/", proxy.address());
    (proxy, url)
}

/// Waits for a call that must fail, in time, as one that may be repeated.
async fn is_unavailable<T: std::fmt::Debug>(call: impl Future<Output = Result<T, StoreError>>) {
    let begun = Instant::now();
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_killed_server() {
    let Some(mut server) = Server::start(&[]) else {
        return;
    };
    let store = store_at(&server.url()).await;
    let mut clients = Vec::new();
    for number in 0..8 {
        let subject = Subject::new("users", format!("user-{number}"));
        let session = open_for(&store, &subject, DAY).await;
        let store = store.clone();
        // Refreshes until there is a fault; tells what was not answered.
        clients.push(tokio::spawn(async move {
            for generation in 0.. {
                let presented = without_window(attempt(&session, generation));
                match store.rotate(&presented).await {
                    Ok(RotationOutcome::Rotated(_)) => {}
                    Ok(other) => panic!("{other:?}"),
                    Err(error) => {
                        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
                        return presented;
                    }
                }
            }
            unreachable!("a u64 does not end")
        }));
    }
    sleep(Duration::from_millis(300)).await;
    server.kill();
    let mut last = Vec::new();
    for client in clients {
        last.push(client.await.unwrap());
    }
    is_unavailable(store.login_ticket()).await;
    server.restart();
    sleep(Duration::from_millis(150)).await;
    for presented in last {
        let generation = presented.generation;
        assert!(generation > 0, "nothing was answered");
        let row = store
            .session(&presented.subject, &presented.session)
            .await
            .unwrap()
            .unwrap();
        assert!((generation..=generation + 1).contains(&row.generation));
        // The attempt whose answer was lost.
        let outcome = store.rotate(&presented).await.unwrap();
        let successor = outcome.successor().unwrap();
        assert_eq!(successor.generation, generation + 1, "{outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_can_be_asked_for_again() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (proxy, url) = proxied(&server);
    let store = store_at(&url).await;
    let session = open(&store).await;
    // The scripts are there, so that the step itself is what is cut.
    store.rotate(&attempt(&session, 0)).await.unwrap();
    proxy.set(Mode::CutAnswers);
    let lost = without_window(attempt(&session, 1));
    let direct = store_at(&server.url()).await;
    // A connection that there is already: its answers are what is cut.
    is_unavailable(store.rotate(&lost)).await;
    proxy.set(Mode::Pass);
    sleep(Duration::from_millis(150)).await;
    let row = direct
        .session(&session.subject, &session.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(row.generation, 2, "the step was taken");
    let outcome = store.rotate(&lost).await.unwrap();
    assert!(
        matches!(&outcome, RotationOutcome::Rotated(successor) if successor.generation == 2),
        "{outcome:?}"
    );
    let again = store.rotate(&attempt(&session, 1)).await.unwrap();
    assert!(
        matches!(again, RotationOutcome::Replayed { .. }),
        "{again:?}"
    );
    assert_eq!(again.successor(), outcome.successor());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_cut_meanwhile_is_not_noticed() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (proxy, url) = proxied(&server);
    let store = store_at(&url).await;
    let session = open(&store).await;
    for generation in 0..5 {
        proxy.cut();
        let next = without_window(attempt(&session, generation));
        let outcome = store.rotate(&next).await.unwrap();
        assert!(
            matches!(outcome, RotationOutcome::Rotated(_)),
            "{outcome:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_server_is_given_up_in_time() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (proxy, url) = proxied(&server);
    let store = store_at(&url).await;
    let session = open(&store).await;
    proxy.set(Mode::HoldAnswers);
    let slow = attempt(&session, 0);
    is_unavailable(store.rotate(&slow)).await;
    is_unavailable(store.rotate(&slow)).await;
    is_unavailable(store.session(&session.subject, &session.id)).await;
    proxy.set(Mode::Pass);
    sleep(Duration::from_millis(150)).await;
    let outcome = store.rotate(&slow).await.unwrap();
    assert!(
        matches!(outcome, RotationOutcome::Rotated(_)),
        "{outcome:?}"
    );
}

/// A proxy holds refreshes up. The client of one tries again, the others do not; and once
/// that is longer ago than the window, all arrive.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_held_up_for_longer_than_the_window_changes_nothing() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (proxy, url) = proxied(&server);
    let (store, direct) = (store_at(&url).await, store_at(&server.url()).await);
    let window = Duration::from_secs(1);
    let mut sessions = Vec::new();
    for _ in 0..3 {
        sessions.push(open(&direct).await);
    }
    // The script is there, so that it is the step itself that is held up.
    let warm = open(&store).await;
    store.rotate(&attempt(&warm, 0)).await.unwrap();
    let [mut exchanged, mut alone, endless] =
        [0, 1, 2].map(|session: usize| with_grace(attempt(&sessions[session], 0), window));
    let now = store.current_time().await.unwrap();
    for in_time in [&mut exchanged, &mut alone] {
        in_time.deadline = now.saturating_add(in_time.rules.attempt_limit());
    }
    proxy.set(Mode::HoldRequests);
    tokio::join!(
        is_unavailable(store.rotate(&exchanged)),
        is_unavailable(store.rotate(&alone)),
        is_unavailable(store.rotate(&endless)),
    );
    let row = async |session: usize| {
        let row = direct
            .session(&sessions[session].subject, &sessions[session].id)
            .await;
        row.unwrap().unwrap()
    };
    let again = with_grace(attempt(&sessions[0], 0), window);
    let outcome = direct.rotate(&again).await.unwrap();
    assert!(
        matches!(outcome, RotationOutcome::Rotated(_)),
        "{outcome:?}"
    );
    let before = [row(0).await, row(1).await];
    sleep(window + Duration::from_millis(50)).await;
    proxy.set(Mode::Pass);
    // On their one connection the others came first.
    while row(2).await.generation == 0 {
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!([row(0).await, row(1).await], before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_in_time() {
    let closed = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = closed.local_addr().unwrap();
    let url = format!("redis://{address}/");
    // It accepts, and says nothing.
    is_unavailable(RedisStore::builder(url.as_str()).timeout(LIMIT).connect()).await;
    drop(closed);
    is_unavailable(RedisStore::builder(url.as_str()).timeout(LIMIT).connect()).await;
    is_unavailable(RedisStore::connect("not a URL")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_scripts_are_sent_again() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = Arc::new(store_at(&server.url()).await);
    let session = open(&*store).await;
    for generation in 0..20 {
        server.command(&["SCRIPT", "FLUSH"]);
        let next = without_window(attempt(&session, generation));
        let outcome = store.rotate(&next).await.unwrap();
        assert!(
            matches!(outcome, RotationOutcome::Rotated(_)),
            "{outcome:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_write_refuses_nobody() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = store_at(&server.url()).await;
    let session = open(&store).await;
    store.rotate(&attempt(&session, 0)).await.unwrap();
    sleep(Duration::from_millis(20)).await;
    let faults: [(&[&str], &[&str]); 3] = [
        // No memory, and nothing may be evicted.
        (
            &["CONFIG", "SET", "maxmemory", "1"],
            &["CONFIG", "SET", "maxmemory", "0"],
        ),
        // A primary that became a replica, and one that lost its primary.
        (
            &["REPLICAOF", "127.0.0.1", "1"],
            &["REPLICAOF", "NO", "ONE"],
        ),
        (
            &["CONFIG", "SET", "min-replicas-to-write", "1"],
            &["CONFIG", "SET", "min-replicas-to-write", "0"],
        ),
    ];
    for (number, (fault, cure)) in (1_u64..).zip(faults) {
        let row = store.session(&session.subject, &session.id).await.unwrap();
        server.command(fault);
        let reuse = without_window(attempt(&session, 0));
        let call = without_window(attempt(&session, number));
        is_unavailable(store.rotate(&call)).await;
        is_unavailable(store.rotate(&reuse)).await;
        is_unavailable(store.revoke(&session.subject, &session.id)).await;
        is_unavailable(store.revoke_all(&alice())).await;
        is_unavailable(store.login_ticket()).await;
        server.command(cure);
        assert_eq!(
            store.session(&session.subject, &session.id).await.unwrap(),
            row
        );
        let outcome = store.rotate(&call).await.unwrap();
        assert!(
            matches!(outcome, RotationOutcome::Rotated(_)),
            "{outcome:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_corrupt() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = store_at(&server.url()).await;
    let session = open(&store).await;
    let client = redis::Client::open(server.url()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let keys: Vec<String> = redis::cmd("KEYS")
        .arg(format!("*:s:{}", session.id))
        .query(&mut connection)
        .unwrap();
    let [key] = &keys[..] else {
        panic!("{keys:?}");
    };
    for (write, value) in [
        ("SET", "{"),
        ("SET", "null"),
        ("SET", "{}"),
        ("SET", r#"{"id":{}}"#),
        ("RPUSH", "another kind of key"),
    ] {
        redis::cmd("DEL").arg(key).exec(&mut connection).unwrap();
        redis::cmd(write)
            .arg(key)
            .arg(value)
            .exec(&mut connection)
            .unwrap();
        let error = store.rotate(&attempt(&session, 0)).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{value}: {error:?}");
        let error = store
            .session(&session.subject, &session.id)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{value}: {error:?}");
    }
    for layout in ["3", "2 from 1/0", "1/many", "1/"] {
        server.command(&["SET", "{portcullis}:layout", layout]);
        let newer = RedisStore::connect(server.url()).await;
        assert_eq!(newer.unwrap_err().kind(), StoreErrorKind::Corrupt);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_is_asked_again_is_one_session() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = store_at(&server.url()).await;
    let ticket = store.login_ticket().await.unwrap();
    let session = new_session(&alice(), DAY);
    let first = store.create(session.clone(), ticket).await.unwrap();
    sleep(Duration::from_millis(5)).await;
    assert_eq!(store.create(session, ticket).await.unwrap(), first);
    assert_eq!(store.sessions(&alice()).await.unwrap().len(), 1);
}
