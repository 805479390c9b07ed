//! What one node revokes, the others learn.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::time::{Duration, Instant};

use common::{
    Prefix,
    server::Server,
    sessions::{alice, open},
};
use portcullis::{
    session::{DynSessionStore, Revocations, SessionRecord, SessionStore},
    subject::Subject,
    time::SharedClock,
    verify::{Status, TokenStatus, Verified},
};
use portcullis_redis::{RedisStore, RedisStoreBuilder};
use portcullis_testing::{
    mint::{self, Mint},
    proxy::{Mode, Proxy},
    servers::redis_url,
};
use tokio::{task::JoinHandle, time::sleep};

/// Longer than a test: polling does not help.
const NEVER: Duration = Duration::from_secs(600);

/// A process that keeps a snapshot.
struct Node {
    store: RedisStore,
    revocations: Revocations,
    watch: JoinHandle<std::convert::Infallible>,
}

impl Node {
    async fn start(builder: RedisStoreBuilder) -> Self {
        let store = builder.connect().await.unwrap();
        let revocations = Revocations::new(
            DynSessionStore::new(store.clone()),
            SharedClock::default(),
            Duration::from_secs(3600),
        );
        revocations.sync().await.unwrap();
        let watch = tokio::spawn(store.watch(revocations.clone()));
        // It has subscribed by then; if not, it reads afterwards.
        sleep(Duration::from_millis(100)).await;
        Self {
            store,
            revocations,
            watch,
        }
    }

    fn check(&self, session: &SessionRecord) -> Status {
        self.revocations.status(&token_of(session))
    }

    /// How long until this node knows that the session was revoked.
    async fn learns(&self, session: &SessionRecord, within: Duration) -> Duration {
        let begun = Instant::now();
        let token = token_of(session);
        while !matches!(self.revocations.status(&token), Status::Revoked) {
            assert!(begun.elapsed() < within, "did not learn it");
            sleep(Duration::from_millis(2)).await;
        }
        begun.elapsed()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

/// An access token of the session, verified.
fn token_of(session: &SessionRecord) -> Verified {
    let mint = Mint::new();
    let token = mint.token(session.subject.name());
    let token = token.claim("sid", session.id.as_str()).build();
    mint.verifier().verify_now(token.as_bytes()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_off_is_published() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let here = Node::start(prefix.store().poll_interval(NEVER)).await;
    let there = Node::start(prefix.store().poll_interval(NEVER)).await;
    let session = open(&here.store).await;
    assert!(matches!(there.check(&session), Status::Clear));
    here.store.revoke_realm("users").await.unwrap();
    assert!(matches!(there.check(&session), Status::Clear));
    // The realm of the tokens of the test.
    here.store.revoke_realm(mint::ISSUER).await.unwrap();
    there.learns(&session, Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_revoked_is_published() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let here = Node::start(prefix.store().poll_interval(NEVER)).await;
    let there = Node::start(prefix.store().poll_interval(NEVER)).await;
    let (one, two) = (open(&here.store).await, open(&here.store).await);
    assert!(matches!(there.check(&one), Status::Clear));
    here.store.revoke(&one.subject, &one.id).await.unwrap();
    there.learns(&one, Duration::from_secs(2)).await;
    assert!(matches!(there.check(&two), Status::Clear));
    here.store.revoke_all(&alice()).await.unwrap();
    there.learns(&two, Duration::from_secs(2)).await;
    let bob = Subject::new(mint::ISSUER, "bob");
    let until = two.created_at.saturating_add(Duration::from_secs(900));
    here.store.revoke_token(&bob, "jti", until).await.unwrap();
    let mint = Mint::new();
    let token = mint.token("bob").claim("jti", "jti").build();
    let token = mint.verifier().verify_now(token.as_bytes()).unwrap();
    let begun = Instant::now();
    while !matches!(there.revocations.status(&token), Status::Revoked) {
        assert!(begun.elapsed() < Duration::from_secs(2));
        sleep(Duration::from_millis(2)).await;
    }
    // Anybody may publish nonsense.
    let mut connection = prefix.connection();
    redis::cmd("PUBLISH")
        .arg(format!("{}:0:revoked", prefix.name()))
        .arg("nonsense")
        .exec(&mut connection)
        .unwrap();
    let three = open(&here.store).await;
    here.store.revoke(&three.subject, &three.id).await.unwrap();
    there.learns(&three, Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_read_after_a_gap() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let here = Node::start(prefix.store()).await;
    let proxy = Proxy::start(url.trim_start_matches("redis://").trim_end_matches('/')).unwrap();
    let through = RedisStore::builder(format!("redis://{}/", proxy.address()))
        .prefix(prefix.name())
        .poll_interval(NEVER)
        .timeout(Duration::from_millis(300));
    let there = Node::start(through).await;
    let session = open(&here.store).await;
    proxy.set(Mode::Refuse);
    proxy.cut();
    sleep(Duration::from_millis(50)).await;
    here.store
        .revoke(&session.subject, &session.id)
        .await
        .unwrap();
    sleep(Duration::from_millis(150)).await;
    assert!(matches!(there.check(&session), Status::Clear));
    proxy.set(Mode::Pass);
    there.learns(&session, Duration::from_secs(8)).await;
    // And from then on it is told again.
    sleep(Duration::from_millis(200)).await;
    let other = open(&here.store).await;
    here.store.revoke(&other.subject, &other.id).await.unwrap();
    there.learns(&other, Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_is_enough() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    // May neither publish, subscribe nor ask for settings.
    server.command(&[
        "ACL",
        "SETUSER",
        "mute",
        "on",
        ">pass",
        "~*",
        "resetchannels",
        "+@all",
        "-publish",
        "-subscribe",
        "-config",
    ]);
    let url = format!("redis://mute:pass@{}/", server.address());
    let builder = RedisStore::builder(url).poll_interval(Duration::from_millis(100));
    let here = Node::start(builder.clone()).await;
    let there = Node::start(builder).await;
    let session = open(&here.store).await;
    here.store
        .revoke(&session.subject, &session.id)
        .await
        .unwrap();
    there.learns(&session, Duration::from_secs(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_server_makes_the_snapshot_unsure() {
    let Some(mut server) = Server::start(&[]) else {
        return;
    };
    let builder = RedisStore::builder(server.url()).poll_interval(Duration::from_millis(50));
    let mut node = Node::start(builder).await;
    node.revocations = node
        .revocations
        .clone()
        .with_max_silence(Duration::from_millis(400));
    // How old a proof may be goes by the silence that whoever reads was told.
    tokio::spawn(node.store.watch(node.revocations.clone()));
    let session = open(&node.store).await;
    server.kill();
    assert!(matches!(node.check(&session), Status::Clear));
    sleep(Duration::from_millis(600)).await;
    assert!(matches!(node.check(&session), Status::Unknown));
    server.restart();
    let begun = Instant::now();
    while !matches!(node.check(&session), Status::Clear) {
        assert!(begun.elapsed() < Duration::from_secs(5));
        sleep(Duration::from_millis(10)).await;
    }
}

/// What a log-out wrote whose clock was far behind, or which a server that was
/// promoted has from its predecessor.
#[tokio::test(flavor = "multi_thread")]
async fn what_bears_an_old_time_is_found_by_polling() {
    let Some(url) = redis_url() else {
        return;
    };
    let prefix = Prefix::new(&url);
    let interval = Duration::from_millis(20);
    let node = Node::start(prefix.store().poll_interval(interval)).await;
    let session = open(&node.store).await;
    // So that there is a feed.
    let other = open(&node.store).await;
    node.store.revoke(&other.subject, &other.id).await.unwrap();
    node.learns(&other, Duration::from_secs(2)).await;
    let keys = prefix.keys();
    let feed = keys.iter().find(|key| key.ends_with(":feed")).unwrap();
    let now = node.store.current_time().await.unwrap();
    let ten_minutes = Duration::from_secs(600);
    let id = session.id.as_str();
    redis::cmd("ZADD")
        .arg(feed)
        .arg(now.saturating_sub(ten_minutes).as_millis())
        .arg(format!("s|logout|{id}|5:users:alice"))
        .exec(&mut prefix.connection())
        .unwrap();
    node.learns(&session, Duration::from_secs(5)).await;
}
