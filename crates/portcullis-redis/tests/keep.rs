//! How long what is over is kept: one node's shorter time trims nobody's feed.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::Duration;

use common::{
    Prefix,
    sessions::{alice, attempt, open},
};
use portcullis::{
    session::{
        DynSessionStore, PurgeRules, Revocation, Revocations, SessionRecord, SessionStore,
        StoreErrorKind,
    },
    time::{SharedClock, Timestamp},
};
use portcullis_redis::{RedisStore, RedisStoreBuilder};
use portcullis_testing::{clock::FakeClock, servers::redis_url};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Whether the feed has it still.
async fn is_told(store: &RedisStore, session: &SessionRecord) -> bool {
    let long_ago = Timestamp::from_millis(0);
    let told = store.revocations(long_ago).await.unwrap();
    told.iter().any(|revocation| match revocation {
        Revocation::Session { id, .. } => *id == session.id,
        _ => false,
    })
}

/// Revokes another session of the same subject, which trims the feed of its shard.
async fn trim(store: &RedisStore) {
    let session = open(store).await;
    assert!(store.revoke(&alice(), &session.id).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_longest_time_of_all_nodes_counts() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let clock = FakeClock::new();
    let builder = || prefix.store().test_clock(SharedClock::new(clock.clone()));
    let long = builder().keep(HOUR).connect().await.unwrap();
    let short = builder().keep(MINUTE).connect().await.unwrap();
    let session = open(&long).await;
    assert!(long.revoke(&alice(), &session.id).await.unwrap());
    clock.advance(HOUR / 2);
    trim(&short).await;
    assert!(is_told(&long, &session).await);
    clock.advance(HOUR);
    trim(&short).await;
    assert!(!is_told(&long, &session).await);
}

/// A purge that is told a shorter time trims no more than that either.
#[tokio::test(flavor = "multi_thread")]
async fn a_purge_leaves_what_nodes_have_agreed_on() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let clock = FakeClock::new();
    let builder = prefix.store().test_clock(SharedClock::new(clock.clone()));
    let store = builder.keep(HOUR).connect().await.unwrap();
    let session = open(&store).await;
    assert!(store.revoke(&alice(), &session.id).await.unwrap());
    clock.advance(HOUR / 2);
    assert_eq!(store.purge(MINUTE).await.unwrap(), 0);
    assert!(is_told(&store, &session).await);
    clock.advance(HOUR);
    assert_eq!(store.purge(MINUTE).await.unwrap(), 1);
    assert!(!is_told(&store, &session).await);
}

/// Much that is over goes in steps, but all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_purge_goes_on_until_nothing_is_left() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let store = prefix.store().connect().await.unwrap();
    let session = open(&store).await;
    assert!(store.revoke(&alice(), &session.id).await.unwrap());
    let keys = prefix.keys();
    let feed = keys.iter().find(|key| key.ends_with(":feed")).unwrap();
    let mut many = redis::cmd("ZADD");
    many.arg(feed);
    for entry in 0..2500 {
        many.arg(1).arg(format!("a|old-{entry}"));
    }
    many.exec(&mut prefix.connection()).unwrap();
    // A log-out does not wait for it.
    trim(&store).await;
    assert_eq!(store.purge(MINUTE).await.unwrap(), 1500);
    assert!(is_told(&store, &session).await);
}

/// The keys of a store whose prefix begins with that of this one look alike.
#[tokio::test(flavor = "multi_thread")]
async fn devices_are_forgotten_in_the_own_store_alone() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let clock = FakeClock::new();
    let clocked = |builder: RedisStoreBuilder| builder.test_clock(SharedClock::new(clock.clone()));
    let store = clocked(prefix.store()).connect().await.unwrap();
    let longer = format!("{}:admin", prefix.name());
    let other = clocked(prefix.store().prefix(longer));
    let other = other.connect().await.unwrap();
    let agent = async |store: &RedisStore, session: &SessionRecord| {
        let row = store.session(&alice(), &session.id).await.unwrap();
        row.unwrap().device.user_agent
    };
    let mut sessions = Vec::new();
    for store in [&store, &other] {
        let session = open(store).await;
        let mut next = attempt(&session, 0);
        next.device.user_agent = Some("browser".to_owned());
        store.rotate(&next).await.unwrap();
        assert!(agent(store, &session).await.is_some());
        sessions.push(session);
    }
    clock.advance(HOUR);
    let mut rules = PurgeRules::new(MINUTE);
    rules.devices = Some(MINUTE);
    assert_eq!(store.purge_batch(&rules).await.unwrap(), 1);
    assert_eq!(agent(&store, &sessions[0]).await, None);
    assert!(agent(&other, &sessions[1]).await.is_some());
}

/// A node that runs since before takes it over, and a snapshot is enough to ask for it.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_run_follow_the_one_that_needs_more() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let clock = SharedClock::new(FakeClock::new());
    let builder = || {
        let interval = Duration::from_millis(20);
        let builder = prefix.store().poll_interval(interval);
        builder.keep(HOUR).test_clock(clock.clone())
    };
    let (running, other) = (
        builder().connect().await.unwrap(),
        builder().connect().await.unwrap(),
    );
    let day = 24 * HOUR;
    let watch = |store: &RedisStore, longest| {
        let sessions = DynSessionStore::new(store.clone());
        let revocations = Revocations::new(sessions, clock.clone(), longest);
        tokio::spawn(store.watch(revocations))
    };
    let watches = [watch(&running, HOUR / 2), watch(&other, day)];
    let row_lasts = async || {
        let session = open(&running).await;
        assert!(running.revoke(&alice(), &session.id).await.unwrap());
        let keys = prefix.keys();
        let key = keys.iter().find(|key| key.ends_with(session.id.as_str()));
        let ttl: u64 = redis::cmd("PTTL")
            .arg(key.unwrap())
            .query(&mut prefix.connection())
            .unwrap();
        Duration::from_millis(ttl)
    };
    while row_lasts().await < day {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Of the store, not of those who are there.
    let later = builder().keep(MINUTE).connect().await.unwrap();
    assert!(
        later
            .revoke(&alice(), &open(&later).await.id)
            .await
            .unwrap()
    );
    assert!(row_lasts().await > day);
    watches.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread")]
async fn less_than_access_tokens_need_is_refused_by_name() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let builder = prefix.store().keep(HOUR).access_tokens_live_for(2 * HOUR);
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    assert!(error.cause().to_string().contains("`keep`"), "{error:?}");
    assert_eq!(prefix.keys(), [] as [&str; 0]);

    // What somebody else has written there is said, too.
    redis::cmd("SET")
        .arg(format!("{{{}}}:keep", prefix.name()))
        .arg("a day")
        .exec(&mut prefix.connection())
        .unwrap();
    let error = prefix.store().connect().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error:?}");
}
