//! A subject with very many sessions: nobody else waits for long.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use common::{
    Prefix,
    sessions::{DAY, alice, attempt, new_session, open, open_for, without_window},
};
use futures_util::future::join_all;
use portcullis::{
    session::{
        Created, RefusalReason, Revocation, RevocationReason, RotationOutcome, SessionRecord,
        SessionStore,
    },
    subject::Subject,
};
use portcullis_redis::RedisStore;
use portcullis_testing::servers::redis_url;

/// How many there are; `PORTCULLIS_TEST_MANY=50000` for figures.
fn many() -> usize {
    let many = std::env::var("PORTCULLIS_TEST_MANY").ok();
    many.and_then(|many| many.parse().ok()).unwrap_or(1500)
}

/// Opens so many sessions of alice's, some at once.
async fn open_many(store: &RedisStore, many: usize) -> Vec<SessionRecord> {
    const AT_ONCE: usize = 50;
    let mut sessions = Vec::new();
    for _ in 0..many / AT_ONCE {
        sessions.extend(join_all((0..AT_ONCE).map(|_| open(store))).await);
    }
    sessions
}

/// A store that waits for a machine with much to do.
async fn patient(prefix: &Prefix) -> RedisStore {
    let store = prefix.store().timeout(Duration::from_secs(20));
    store.connect().await.unwrap()
}

/// Refreshes bob's session until it is enough: the longest that took.
async fn wait(store: RedisStore, enough: Arc<AtomicBool>) -> Duration {
    let session = open_for(&store, &Subject::new("users", "bob"), DAY).await;
    let mut longest = Duration::ZERO;
    for generation in 0.. {
        if enough.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        let next = without_window(attempt(&session, generation));
        let outcome = store.rotate(&next).await.unwrap();
        longest = longest.max(begun.elapsed());
        assert!(outcome.successor().is_some(), "{outcome:?}");
    }
    longest
}

/// Prints how long it took, and how long somebody else had to wait meanwhile.
async fn measured<T>(store: &RedisStore, what: &str, work: impl Future<Output = T>) -> T {
    let enough = Arc::new(AtomicBool::new(false));
    let other = tokio::spawn(wait(store.clone(), enough.clone()));
    let begun = Instant::now();
    let done = work.await;
    let took = begun.elapsed();
    enough.store(true, Ordering::Relaxed);
    let longest = other.await.unwrap();
    println!(
        "{} sessions: {what}: {took:?}, the longest wait of another: {longest:?}",
        many()
    );
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_done_in_batches() {
    let Some(url) = redis_url() else { return };
    let prefix = Prefix::new(&url);
    let store = patient(&prefix).await;
    let other = patient(&prefix).await;
    open_many(&other, many()).await;
    let count = measured(&store, "count", other.session_count(&alice())).await;
    assert_eq!(count.unwrap(), many() as u64);
    let subject = alice();
    let page = other.session_page(&subject, None, 100);
    let page = measured(&store, "one page", page).await.unwrap();
    assert_eq!(page.sessions.len(), 100);
    let listed = measured(&store, "the whole list", other.sessions(&alice())).await;
    let listed = listed.unwrap();
    assert_eq!(listed.len(), many());
    assert!(listed.is_sorted_by_key(|row| (row.created_at, row.id.clone())));
    let since = other.current_time().await.unwrap();
    let read = measured(&store, "a reading of all feeds", other.revocations(since)).await;
    assert_eq!(read.unwrap(), []);
    // A limit that comes late makes itself felt step by step.
    let mut login = new_session(&alice(), DAY);
    login.limit = std::num::NonZeroU32::new(10);
    let ticket = other.login_ticket().await.unwrap();
    let created = measured(
        &store,
        "a login beyond the limit",
        other.create(login, ticket),
    )
    .await;
    let Created::Session { evicted, .. } = created.unwrap() else {
        panic!("nobody logged out")
    };
    assert_eq!(evicted.len(), 400);
    let since = other.current_time().await.unwrap();
    let ended = measured(&store, "log-out", other.revoke_all(&alice())).await;
    assert_eq!(ended.unwrap().sessions.len(), many() - 400 + 1);
    assert_eq!(other.session_count(&alice()).await.unwrap(), 0);
    let told = other.revocations(since).await.unwrap();
    let everywhere = |told: &&Revocation| {
        let reason = RevocationReason::LogoutEverywhere;
        matches!(told, Revocation::Session { reason: why, .. } if *why == reason)
    };
    assert_eq!(told.iter().filter(everywhere).count(), many() - 400 + 1);
    let erased = measured(&store, "erasure", other.erase(&alice())).await;
    assert_eq!(erased.unwrap().sessions, []);
}

/// From the first step on no session can be refreshed, though the batches have not come to
/// it, or never will.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_out_counts_at_once() {
    let Some(url) = redis_url() else { return };
    let prefix = Prefix::new(&url);
    let store = patient(&prefix).await;
    let sessions = open_many(&store, 3000).await;
    // The last in the list.
    let last = sessions
        .iter()
        .max_by_key(|row| (row.created_at, row.id.clone()));
    let last = last.unwrap();
    let mut told = prefix.connection();
    let mut told = told.as_pubsub();
    told.subscribe(format!("{}:0:revoked", prefix.name()))
        .unwrap();
    let log_out = tokio::spawn({
        let store = store.clone();
        async move { store.revoke_all(&alice()).await }
    });
    // The log-out itself is told first.
    let first: String = told.get_message().unwrap().get_payload().unwrap();
    assert!(first.ends_with("|u|5:users:alice"), "{first}");
    log_out.abort();
    let refused = store.rotate(&attempt(last, 0)).await.unwrap();
    let expected = RotationOutcome::Refused(RefusalReason::Revoked);
    assert_eq!(refused, expected);
    let row = store.session(&alice(), &last.id).await.unwrap().unwrap();
    let revoked = row.revoked.unwrap();
    assert_eq!(revoked.reason, RevocationReason::LogoutEverywhere);
    assert_eq!(store.sessions(&alice()).await.unwrap(), []);
    // Asked again, the rest is written and told, with what was not.
    let again = store.revoke_all(&alice()).await.unwrap();
    let row = store.session(&alice(), &last.id).await.unwrap().unwrap();
    assert!(row.revoked.is_some());
    assert!(again.sessions.len() <= sessions.len());
    let everything = store.revocations(last.created_at).await.unwrap();
    let is_told = |id| {
        let about =
            |told: &Revocation| matches!(told, Revocation::Session { id: told, .. } if told == id);
        everything.iter().any(about)
    };
    assert!(sessions.iter().all(|row| is_told(&row.id)));
}

/// What a log-out has ended keeps nobody out, however much there is.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_were_cut_off_do_not_count_towards_a_limit() {
    let Some(url) = redis_url() else { return };
    let prefix = Prefix::new(&url);
    let store = patient(&prefix).await;
    open_many(&store, 450).await;
    store.revoke_realm("users").await.unwrap();
    let hour = Duration::from_secs(3600);
    // They are over before the others, so that they are looked at first.
    let mut live = Vec::new();
    for _ in 0..3 {
        live.push(open_for(&store, &alice(), hour).await);
    }
    let mut login = new_session(&alice(), DAY);
    login.limit = std::num::NonZeroU32::new(10);
    let ticket = store.login_ticket().await.unwrap();
    let created = store.create(login, ticket).await.unwrap();
    let Created::Session { evicted, .. } = created else {
        panic!("nobody logged out")
    };
    assert_eq!(evicted, []);
    assert_eq!(store.session_count(&alice()).await.unwrap(), 4);
}
