//! Slots of a cluster move from server to server while people log in, refresh and log out:
//! some wait and are answered 503, nobody is told anything else.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use common::{
    cluster::Cluster,
    server::Server,
    sessions::{DAY, attempt, new_session, open_for, without_window},
};
use futures_util::future::join_all;
use portcullis::{
    session::{
        Created, RefusalReason, Revocation, RotationOutcome, SessionRecord, SessionStore,
        StoreError, StoreErrorKind,
    },
    subject::Subject,
};
use portcullis_redis::RedisStore;
use redis::FromRedisValue;
use tokio::time::sleep;

/// How many subjects there are, so that some share a slot.
const SUBJECTS: usize = 400;
/// How many work while their slot moves.
const CLIENTS: usize = 6;
/// How many sessions each has beside, whose rows take their time to move.
const OTHERS: usize = 120;

fn command<T: FromRedisValue>(server: &Server, words: &[&str]) -> T {
    T::from_redis_value(server.command(words)).unwrap()
}

fn name_of(server: &Server) -> String {
    command(server, &["CLUSTER", "MYID"])
}

/// Which sessions are in which slot of a server.
fn slots_of(server: &Server) -> HashMap<u16, Vec<String>> {
    let mut slots: HashMap<u16, Vec<String>> = HashMap::new();
    for key in command::<Vec<String>>(server, &["KEYS", "*:s:*"]) {
        let slot = command(server, &["CLUSTER", "KEYSLOT", &key]);
        let id = key.rsplit(':').next().unwrap().to_owned();
        slots.entry(slot).or_default().push(id);
    }
    slots
}

/// Moves a slot key by key, as an operator's tool does.
fn move_slot(cluster: &Cluster, slot: u16, from: usize, to: usize) {
    let [from, to] = [from, to].map(|server| &cluster.0[server]);
    let slot = slot.to_string();
    to.command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &name_of(from)]);
    from.command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &name_of(to)]);
    let (host, port) = (to.address().ip().to_string(), to.address().port());
    loop {
        let keys: Vec<String> = command(from, &["CLUSTER", "GETKEYSINSLOT", &slot, "2"]);
        if keys.is_empty() {
            break;
        }
        let port = port.to_string();
        let mut migrate = vec!["MIGRATE", &host, &port, "", "0", "5000", "KEYS"];
        migrate.extend(keys.iter().map(String::as_str));
        from.command(&migrate);
        thread::sleep(Duration::from_millis(1));
    }
    let owner = name_of(to);
    for server in [to, from].into_iter().chain(&cluster.0) {
        server.command(&["CLUSTER", "SETSLOT", &slot, "NODE", &owner]);
    }
}

/// Asks until there is an answer; nothing but 503 may come before.
async fn answer<T>(
    mut ask: impl AsyncFnMut() -> Result<T, StoreError>,
    longest: &mut Duration,
) -> T {
    let begun = Instant::now();
    loop {
        let asked = ask().await;
        *longest = (*longest).max(begun.elapsed());
        match asked {
            Ok(answer) => return answer,
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
                assert!(begun.elapsed() < Duration::from_secs(60), "{error:?}");
                sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

/// What somebody did until it was enough.
struct Done {
    refreshes: u64,
    logged_out: Vec<SessionRecord>,
    longest: [Duration; 3],
}

/// Refreshes a session over and over; every other one opens and ends others, too.
async fn work(
    store: &RedisStore,
    session: &SessionRecord,
    opens: bool,
    enough: &AtomicBool,
) -> Done {
    let mut longest = [Duration::ZERO; 3];
    let (mut generation, mut logged_out) = (0, Vec::new());
    while !enough.load(Ordering::Relaxed) {
        let next = without_window(attempt(session, generation));
        let outcome = answer(async || store.rotate(&next).await, &mut longest[0]).await;
        let successor = outcome.successor();
        assert!(successor.is_some(), "logged out: {outcome:?}");
        generation += 1;
        if generation % 8 != 0 {
            continue;
        }
        let subject = &session.subject;
        let list = async || store.sessions(subject).await;
        let listed = answer(list, &mut longest[0]).await;
        assert_eq!(listed.len(), OTHERS + 1, "not listed");
        if !opens {
            continue;
        }
        let ticket = answer(async || store.login_ticket().await, &mut longest[1]).await;
        let new = new_session(subject, DAY);
        let open = async || store.create(new.clone(), ticket).await;
        let Created::Session { session: other, .. } = answer(open, &mut longest[1]).await else {
            panic!("nobody was logged out");
        };
        let mut again = false;
        let revoke = async || {
            let revoked = store.revoke(subject, &other.id).await;
            again |= revoked.is_err();
            revoked
        };
        let revoked = answer(revoke, &mut longest[2]).await;
        assert!(revoked || again, "the log-out was lost");
        let refused = without_window(attempt(&other, 0));
        let refused = answer(async || store.rotate(&refused).await, &mut longest[2]).await;
        let expected = RotationOutcome::Refused(RefusalReason::Revoked);
        assert_eq!(refused, expected);
        logged_out.push(*other);
    }
    Done {
        refreshes: generation,
        logged_out,
        longest,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_refused_while_slots_move() {
    let Some(cluster) = Cluster::start() else {
        return;
    };
    let builder = cluster.store().timeout(Duration::from_millis(500));
    let store = builder.connect().await.unwrap();
    let mut sessions = HashMap::new();
    for number in 0..SUBJECTS {
        let subject = Subject::new("users", format!("user-{number}"));
        let session = open_for(&store, &subject, DAY).await;
        sessions.insert(session.id.as_str().to_owned(), session);
    }
    let slots = slots_of(&cluster.0[0]);
    let (slot, ids) = slots.iter().max_by_key(|(_, ids)| ids.len()).unwrap();
    let mut others = Vec::new();
    let mut mine: Vec<_> = ids.iter().map(|id| sessions[id].clone()).collect();
    mine.truncate(CLIENTS);
    for session in &mine {
        for _ in 0..OTHERS {
            others.push(open_for(&store, &session.subject, DAY).await);
        }
    }
    let since = store.current_time().await.unwrap();
    let enough = Arc::new(AtomicBool::new(false));
    let (slot, moved) = (*slot, enough.clone());
    let moves = tokio::task::spawn_blocking(move || {
        // Also if it panics.
        struct Enough(Arc<AtomicBool>);
        impl Drop for Enough {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let _enough = Enough(moved);
        let mut lengths = Vec::new();
        for (from, to) in [(0, 1), (1, 2), (2, 0)] {
            thread::sleep(Duration::from_millis(300));
            let begun = Instant::now();
            move_slot(&cluster, slot, from, to);
            lengths.push(begun.elapsed());
        }
        thread::sleep(Duration::from_millis(300));
        (cluster, lengths)
    });
    let mut logged_out = Vec::new();
    let (mut refreshes, mut longest) = (0, [Duration::ZERO; 3]);
    let clients = mine.iter().enumerate();
    let clients = clients.map(|(number, session)| work(&store, session, number % 2 == 0, &enough));
    for done in join_all(clients).await {
        refreshes += done.refreshes;
        logged_out.extend(done.logged_out);
        for (longest, of_one) in longest.iter_mut().zip(done.longest) {
            *longest = (*longest).max(of_one);
        }
    }
    let (cluster, lengths) = moves.await.unwrap();
    println!(
        "{refreshes} refreshes and {} log-outs by {CLIENTS} clients; the slot moved in {lengths:?}; \
         the longest wait: refresh {:?}, login {:?}, log-out {:?}",
        logged_out.len(),
        longest[0],
        longest[1],
        longest[2],
    );
    // Whatever was told once is still so.
    for session in &logged_out {
        let row = store.session(&session.subject, &session.id).await.unwrap();
        assert!(row.unwrap().revoked.is_some(), "the log-out was lost");
    }
    let told = store.revocations(since).await.unwrap();
    let is_told = |session: &SessionRecord| {
        told.iter()
            .any(|told| matches!(told, Revocation::Session { id, .. } if *id == session.id))
    };
    assert!(logged_out.iter().all(is_told), "not told");
    for session in &others {
        let outcome = store.rotate(&attempt(session, 0)).await.unwrap();
        assert!(outcome.successor().is_some(), "logged out: {outcome:?}");
    }
    for session in &mine {
        let listed = store.sessions(&session.subject).await.unwrap();
        assert_eq!(listed.len(), OTHERS + 1);
        let ended = store.revoke_all(&session.subject).await.unwrap();
        assert_eq!(ended.sessions.len(), OTHERS + 1);
    }
    drop(cluster);
}
