//! Rings of keys over several nodes, from the first key to its retirement.
#![allow(clippy::unwrap_used, clippy::panic)]

mod node;
mod refresh;

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
    time::Duration,
};

use portcullis::{
    issue::{AccessToken, IssueErrorKind, KeyRing, RingProblem, RingStage, TokenIssuer},
    jose::{Algorithm, SigningKey},
    session::{MemoryStore, SessionStore},
    subject::Subject,
    verify::{Verifier, VerifyErrorKind},
};
use portcullis_testing::{
    clock::FakeClock,
    faulty::{Fault, FaultyStore},
};

use self::node::{Foreign, Key, LEASE, MAX_AGE, Node, SILENCE, TICK, TTL, pass};

const NOTICE: Duration = Duration::from_secs(60);

fn service() -> (FakeClock, FaultyStore, Key, Key) {
    let clock = FakeClock::new();
    let store = FaultyStore::new(MemoryStore::new(clock.shared()));
    let old = Key::new("2026-10.jwk", Algorithm::ES256);
    let new = Key::new("2026-11.jwk", Algorithm::Ed25519);
    (clock, store, old, new)
}

/// Threads issue on each node and verify on all, and on a foreign verifier that
/// only asks once per `max-age`, while a key is announced, signs, and the older
/// one is retired.
#[test]
fn a_foreign_verifier_follows_a_roll_over_under_load() {
    let (clock, store, old, new) = service();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let nodes = [(); 2].map(|()| Node::new(&store, &clock, &[&old]));
    for node in &nodes {
        runtime.block_on(node.look());
    }
    let (foreign, foreign_verifier) = Foreign::new(&clock);
    foreign.fetch(&nodes[0]);
    let load = Load {
        nodes: &nodes,
        foreign: &foreign_verifier,
        stop: AtomicBool::new(false),
        verified: AtomicUsize::new(0),
    };
    let mut seen = Vec::new();
    thread::scope(|scope| {
        let threads = [0, 1].map(|own| {
            let load = &load;
            scope.spawn(move || load.run(own))
        });
        for tick in 0_u64..420 {
            if tick == 6 {
                new.put(nodes[0].folder.path());
            }
            if tick == 12 {
                new.put(nodes[1].folder.path());
            }
            clock.advance(TICK);
            // The nodes look at different moments.
            runtime.block_on(nodes[usize::from(tick % 2 == 1)].look());
            if tick % (MAX_AGE.as_secs() / TICK.as_secs()) == 0 {
                foreign.fetch(&nodes[usize::from(tick % 60 == 0)]);
            }
            let enough = load.verified.load(Ordering::Relaxed) + 12;
            while load.verified.load(Ordering::Relaxed) < enough
                && !threads.iter().any(|thread| thread.is_finished())
            {
                thread::yield_now();
            }
            let signing = nodes[0].signing();
            if seen.last() != Some(&signing) {
                seen.push(signing);
            }
        }
        load.stop.store(true, Ordering::Relaxed);
    });
    let ids = [&old, &new].map(|key| Some(key.id().to_owned()));
    assert_eq!(seen, ids);
    assert!(matches!(nodes[1].stage(&old), Some(RingStage::Retired(_))));
    assert!(matches!(nodes[1].stage(&new), Some(RingStage::Signing(_))));
    let published = nodes[0].ring.public_keys().public_jwks();
    assert!(published.contains(new.id()) && !published.contains(old.id()));
    assert!(load.verified.load(Ordering::Relaxed) > 4000);
}

struct Load<'a> {
    nodes: &'a [Node; 2],
    foreign: &'a Verifier,
    stop: AtomicBool,
    verified: AtomicUsize,
}

impl Load<'_> {
    fn run(&self, own: usize) {
        let mut tokens = Vec::new();
        while !self.stop.load(Ordering::Relaxed) {
            tokens.push(self.nodes[own].issue().unwrap());
            // Those of some time ago, too: the old key's are still about.
            for token in tokens.iter().rev().step_by(7).take(5) {
                let fates = [
                    self.nodes[0].verify(token),
                    self.nodes[1].verify(token),
                    self.foreign.verify_now(token.as_bytes()).map(drop),
                ];
                for fate in fates {
                    match fate {
                        Ok(()) => drop(self.verified.fetch_add(1, Ordering::Relaxed)),
                        Err(error) => {
                            assert_eq!(error.kind(), VerifyErrorKind::Expired, "{error}");
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_key_is_published_long_before_it_signs() {
    let (clock, store, old, new) = service();
    let nodes = [(); 2].map(|()| Node::new(&store, &clock, &[&old]));
    let [first, second] = &nodes;
    pass(&clock, &[first, second], TICK).await;
    new.put(first.folder.path());
    pass(&clock, &[first, second], TICK * 100).await;
    assert_eq!(
        first.stage(&new),
        Some(RingStage::Waiting(vec![second.ring.node().to_owned()]))
    );
    assert!(first.ring.public_keys().public_jwks().contains(new.id()));
    assert!(first.ring.health().is_ready() && second.ring.health().is_ready());
    new.put(second.folder.path());
    pass(&clock, &[first, second], MAX_AGE + NOTICE).await;
    assert_eq!(first.signing().as_deref(), Some(old.id()));
    pass(&clock, &[first, second], TICK * 2).await;
    for node in [first, second] {
        assert_eq!(node.signing().as_deref(), Some(new.id()));
    }
}

/// A node that is killed says nothing: it is waited for, but not for ever.
#[tokio::test]
async fn a_node_that_is_killed_holds_up_no_roll_over() {
    let (clock, store, old, new) = service();
    let [first, killed] = [(); 2].map(|()| Node::new(&store, &clock, &[&old]));
    pass(&clock, &[&first, &killed], TICK).await;
    drop(killed);
    new.put(first.folder.path());
    pass(&clock, &[&first], LEASE + MAX_AGE + NOTICE + TICK * 2).await;
    assert_eq!(first.signing().as_deref(), Some(new.id()));
    // One that leaves is not waited for at all.
    let leaving = Node::new(&store, &clock, &[&old, &new]);
    leaving.look().await;
    assert_eq!(leaving.signing().as_deref(), Some(new.id()));
    leaving.ring.leave(&store).await.unwrap();
    let next = Key::new("2026-12.jwk", Algorithm::ES256);
    next.put(first.folder.path());
    first.look().await;
    assert!(matches!(first.stage(&next), Some(RingStage::Announced(_))));
}

/// Nobody is refused on a node that lacks what others sign with.
#[tokio::test]
async fn a_node_without_the_file_says_so_and_refuses_nothing() {
    let (clock, store, old, new) = service();
    let first = Node::new(&store, &clock, &[&new]);
    first.look().await;
    let token = first.issue().unwrap();
    let second = Node::new(&store, &clock, &[&old]);
    let unread = second.verify(&token).unwrap_err();
    assert_eq!(unread.kind(), VerifyErrorKind::KeysUnavailable);
    second.look().await;
    let error = second.verify(&token).unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::KeysUnavailable);
    let error = second.issue().unwrap_err();
    assert_eq!(error.kind(), IssueErrorKind::NoKey);
    let health = second.ring.health();
    let missing = RingProblem::Missing {
        key: new.id().to_owned(),
    };
    assert!(health.problems.contains(&missing) && !health.is_ready());
    // Which shows in time, and is put right without a restart.
    new.put(second.folder.path());
    second.look().await;
    second.verify(&token).unwrap();
    first.verify(&second.issue().unwrap()).unwrap();
    assert!(second.ring.health().is_ready());
    // Now a key that is unknown is one that there never was.
    let forged = Node::new(
        &FaultyStore::new(MemoryStore::new(clock.shared())),
        &clock,
        &[&Key::new("other.jwk", Algorithm::ES256)],
    );
    forged.look().await;
    let error = second.verify(&forged.issue().unwrap()).unwrap_err();
    assert_ne!(error.kind(), VerifyErrorKind::KeysUnavailable);
}

#[tokio::test]
async fn a_store_that_is_down_stops_nothing_for_a_while() {
    let (clock, store, old, new) = service();
    let node = Node::new(&store, &clock, &[&old]);
    node.look().await;
    let other = Node::new(&store, &clock, &[&old]);
    store.fail_next(u64::MAX, Fault::Unreachable);
    new.put(node.folder.path());
    pass(&clock, &[&node, &other], SILENCE - TICK).await;
    let token = node.issue().unwrap();
    node.verify(&token).unwrap();
    assert_eq!(node.signing().as_deref(), Some(old.id()));
    assert!(node.ring.health().problems.contains(&RingProblem::Silent));
    // One that has just started knows nothing yet.
    assert_eq!(other.issue().unwrap_err().kind(), IssueErrorKind::NoKey);
    let error = other.verify(&token).unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::KeysUnavailable);
    // Somebody else might have withdrawn the key by now.
    pass(&clock, &[&node], TICK).await;
    assert_eq!(node.issue().unwrap_err().kind(), IssueErrorKind::NoKey);
    let error = node.verify(&token).unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::KeysUnavailable);
    store.fail_next(0, Fault::Unreachable);
    pass(&clock, &[&node, &other], TICK).await;
    other.verify(&node.issue().unwrap()).unwrap();
    assert!(node.ring.health().is_ready());
}

#[tokio::test]
async fn a_lost_answer_changes_nothing_twice() {
    let (clock, store, old, new) = service();
    let node = Node::new(&store, &clock, &[&old]);
    for _ in 0..2 {
        store.fail_next(2, Fault::AnswerLost);
        node.look().await;
    }
    node.look().await;
    new.put(node.folder.path());
    for _ in 0..80 {
        store.fail_next(1, Fault::AnswerLost);
        pass(&clock, &[&node], TICK).await;
        pass(&clock, &[&node], TICK).await;
    }
    assert_eq!(node.signing().as_deref(), Some(new.id()));
    assert_eq!(node.ring.health().keys.len(), 2);
}

/// A store that is restored empty learns from the nodes what they knew.
#[tokio::test]
async fn a_store_that_lost_its_memory_is_told() {
    let (clock, store, old, new) = service();
    let mut node = Node::new(&store, &clock, &[&old]);
    node.look().await;
    new.put(node.folder.path());
    pass(&clock, &[&node], MAX_AGE + NOTICE + TICK).await;
    assert_eq!(node.signing().as_deref(), Some(new.id()));
    let before = node.ring.health().keys;
    node.store = FaultyStore::new(MemoryStore::new(clock.shared()));
    node.look().await;
    assert_eq!(node.ring.health().keys, before);
    let other = Node::new(&node.store, &clock, &[&old, &new]);
    other.look().await;
    assert_eq!(other.signing().as_deref(), Some(new.id()));
}

#[tokio::test]
async fn a_key_that_was_withdrawn_is_refused_everywhere() {
    let (clock, store, old, new) = service();
    let [first, second] = [(); 2].map(|()| Node::new(&store, &clock, &[&old]));
    pass(&clock, &[&first, &second], TICK).await;
    let token = first.issue().unwrap();
    // Remembered from now on.
    first.verify(&token).unwrap();
    second.verify(&token).unwrap();
    for node in [&first, &second] {
        new.put(node.folder.path());
    }
    pass(&clock, &[&first, &second], TICK).await;
    assert!(!first.ring.withdraw(&store, "unknown").await.unwrap());
    // By a tool that has no keys, and is not waited for.
    let tool = Node::new(&store, &clock, &[]);
    assert!(tool.ring.withdraw(&store, old.id()).await.unwrap());
    first.look().await;
    assert!(first.verify(&token).is_err());
    second.look().await;
    assert!(second.verify(&token).is_err());
    // The next one takes over at once.
    second.verify(&first.issue().unwrap()).unwrap();
    assert_eq!(second.signing().as_deref(), Some(new.id()));
    // A restart does not bring it back.
    let again = Node::new(&store, &clock, &[&old, &new]);
    again.look().await;
    assert!(again.verify(&token).is_err());
    assert!(matches!(again.stage(&old), Some(RingStage::Withdrawn(_))));
}

/// Whatever becomes of the store and of the files.
#[tokio::test]
async fn a_key_that_was_withdrawn_does_not_come_back() {
    let (clock, store, old, new) = service();
    let node = Node::new(&store, &clock, &[&old]);
    node.look().await;
    let token = node.issue().unwrap();
    new.put(node.folder.path());
    node.look().await;
    let backup = store.key_ring("access").await.unwrap().record;
    assert!(node.ring.withdraw(&store, old.id()).await.unwrap());
    assert!(node.verify(&token).is_err());
    // A restored backup: this node remembers, and tells the store.
    let version = store.key_ring("access").await.unwrap().version;
    let restored = store.replace_key_ring("access", version, &backup).await;
    assert!(restored.unwrap());
    node.look().await;
    assert!(node.verify(&token).is_err());
    let again = Node::new(&store, &clock, &[&old, &new]);
    again.look().await;
    assert!(again.verify(&token).is_err());
    // The same key under another id, for whoever made a token with that.
    let renamed = Key {
        file: "renamed.jwk",
        key: old.key.clone().with_key_id("renamed"),
    };
    let thief = Node::new(
        &FaultyStore::new(MemoryStore::new(clock.shared())),
        &clock,
        &[&renamed],
    );
    thief.look().await;
    let forged = thief.issue().unwrap();
    old.remove(again.folder.path());
    renamed.put(again.folder.path());
    for _ in 0..3 {
        again.look().await;
        assert!(again.verify(&forged).is_err());
        assert_eq!(again.signing().as_deref(), Some(new.id()));
    }
}

#[tokio::test]
async fn a_mistake_with_files_costs_nobody_a_token() {
    let (clock, store, old, new) = service();
    let node = Node::new(&store, &clock, &[&old]);
    node.look().await;
    let token = node.issue().unwrap();
    old.remove(node.folder.path());
    pass(&clock, &[&node], TICK * 3).await;
    node.verify(&token).unwrap();
    node.verify(&node.issue().unwrap()).unwrap();
    let gone = RingProblem::FileGone {
        key: old.id().to_owned(),
    };
    assert!(node.ring.health().problems.contains(&gone));
    assert!(node.ring.health().is_ready());
    // A roll-over that is called off.
    old.put(node.folder.path());
    new.put(node.folder.path());
    pass(&clock, &[&node], TICK).await;
    new.remove(node.folder.path());
    pass(&clock, &[&node], MAX_AGE + NOTICE + TICK).await;
    assert_eq!(node.signing().as_deref(), Some(old.id()));
    assert_eq!(node.stage(&new), None);
    assert_eq!(node.ring.health().problems, []);
    // Rubbish beside the keys, and a directory that goes away.
    std::fs::write(node.folder.path().join("half.pem"), "-----BEGIN PRI").unwrap();
    node.look().await;
    let problems = node.ring.health().problems;
    assert!(matches!(&*problems, [RingProblem::File { name, .. }] if name == "half.pem"));
    std::fs::remove_dir_all(node.folder.path()).unwrap();
    pass(&clock, &[&node], TICK).await;
    node.verify(&token).unwrap();
    assert!(node.ring.health().is_ready());
}

/// Whoever reads the store can sign nothing.
#[tokio::test]
async fn a_store_knows_no_key_material() {
    let (clock, store, old, _) = service();
    let secret = Key::new("secret.jwk", Algorithm::HS256);
    let node = Node::new(&store, &clock, &[&old, &secret]);
    node.look().await;
    let record = store.key_ring("access").await.unwrap().record;
    assert!(record.contains(old.id()) && record.contains(secret.id()));
    for key in [&old, &secret] {
        let jwk = key.key.to_jwk().unwrap();
        let jwk: serde_json::Value = serde_json::from_str(jwk.expose()).unwrap();
        for name in ["d", "k", "x", "y"] {
            if let Some(value) = jwk.get(name).and_then(|value| value.as_str()) {
                assert!(!record.contains(value), "{name}");
            }
        }
    }
    assert!(!record.contains(&secret.key.thumbprint()));
}

#[tokio::test]
async fn tokens_that_never_expire_need_keys_that_are_never_retired() {
    let (clock, store, old, new) = service();
    let alice = Subject::new("users", "alice");
    let token = AccessToken::new(&alice).client("web");
    let node = Node::new(&store, &clock, &[&old]);
    node.look().await;
    let error = node.issuer.application(&token).unwrap_err();
    assert_eq!(error.kind(), IssueErrorKind::KeyRetires);
    let ring = KeyRing::of_access_keys(node.folder.path())
        .name("lasting")
        .never_retire()
        .clock(clock.shared())
        .build()
        .unwrap();
    let issuer = TokenIssuer::builder(ring.clone())
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .clock(clock.shared())
        .build()
        .unwrap();
    let look = async || {
        ring.scan();
        ring.sync(&store).await.unwrap();
    };
    look().await;
    assert_eq!(issuer.application(&token).unwrap().expires_at(), None);
    new.put(node.folder.path());
    for _ in 0..200 {
        clock.advance(LEASE / 2);
        look().await;
    }
    assert_eq!(ring.health().signing.as_deref(), Some(new.id()));
    clock.advance(Duration::from_secs(400 * 86_400));
    look().await;
    assert_eq!(ring.health().keys.len(), 2);
    assert!(
        ring.public_keys()
            .iter()
            .any(|key| key.key_id() == Some(old.id()))
    );
}

#[test]
fn what_cannot_be_meant_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let ring = || KeyRing::of_access_keys(folder.path());
    assert!(ring().name("").build().is_err());
    assert!(ring().name("a b").build().is_err());
    assert!(ring().algorithms([]).build().is_err());
    assert!(ring().lease(Duration::from_secs(5)).build().is_err());
    assert!(ring().max_silence(Duration::from_secs(59)).build().is_err());
    let [one, other] = [(); 2].map(|()| ring().build().unwrap());
    assert_ne!(one.node(), other.node());
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let issuer = TokenIssuer::builder(one.clone()).older_keys(key.verifying_key());
    let issuer = issuer.issuer("i").audience("a");
    assert!(issuer.build().is_err());
    let long = TTL * 1000;
    let issuer = TokenIssuer::builder(one).access_ttl(long);
    assert!(issuer.issuer("i").audience("a").build().is_ok());
}
