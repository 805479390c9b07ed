//! A server that answers is not yet the one that counts.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::{future::Future, time::Duration};

use common::{
    server::Server,
    sessions::{alice, attempt, open, without_window},
};
use futures_util::future::join_all;
use portcullis::{
    session::{
        ApplicationToken, DynSessionStore, RevocationReason, Revocations, RotationOutcome,
        SessionStore, StoreError, StoreErrorKind, TokenAdded,
    },
    time::{SharedClock, Timestamp},
    verify::{Status, TokenStatus},
};
use portcullis_redis::{RedisStore, RedisStoreBuilder};
use portcullis_testing::{
    mint::Mint,
    proxy::{Mode, Proxy},
};

const LIMIT: Duration = Duration::from_millis(600);
const HOUR: Duration = Duration::from_secs(3600);

fn builder(server: &Server) -> RedisStoreBuilder {
    RedisStore::builder(server.url()).timeout(LIMIT)
}

/// A primary and its replica, with the network between them.
struct Pair {
    primary: Server,
    network: Proxy,
    replica: Server,
}

impl Pair {
    fn start() -> Option<Self> {
        let options = ["--repl-diskless-sync-delay", "0"];
        let primary = Server::start(&options)?;
        let network = Proxy::start(primary.address()).unwrap();
        let replica = Server::replica_of(network.address(), &options)?;
        let pair = Self {
            primary,
            network,
            replica,
        };
        pair.mend();
        Some(pair)
    }

    fn cut(&self) {
        self.network.set(Mode::Refuse);
        self.network.cut();
        self.primary
            .wait_until(&["INFO", "replication"], "connected_slaves:0");
    }

    fn mend(&self) {
        self.network.set(Mode::Pass);
        self.primary
            .wait_until(&["INFO", "replication"], "state=online");
        // It is called that before it says what it has.
        self.primary.command(&["SET", "first", "1"]);
        self.primary.command(&["WAIT", "1", "20000"]);
    }
}

async fn is_unavailable<T: std::fmt::Debug>(call: impl Future<Output = Result<T, StoreError>>) {
    let error = call.await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_alone_proves_that_it_takes_writes() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (store, other) = (
        builder(&server).connect().await.unwrap(),
        builder(&server).connect().await.unwrap(),
    );
    let before = store.current_time().await.unwrap();
    let proven = store.confirm(Duration::ZERO).await.unwrap();
    assert!(proven >= before, "{proven:?}");
    // Nobody proves what is proven.
    assert_eq!(other.confirm(HOUR).await.unwrap(), proven);
    tokio::time::sleep(Duration::from_millis(2)).await;
    assert!(other.confirm(Duration::ZERO).await.unwrap() > proven);
    // It has become a replica, or lost those that it must have: what it proved is
    // nothing to it any more.
    for (fault, cure) in [
        (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]),
        (
            ["CONFIG", "SET", "min-replicas-to-write 1"],
            ["CONFIG", "SET", "min-replicas-to-write 0"],
        ),
    ] {
        let [fault, cure] = [fault, cure].map(|words| {
            let words = words.into_iter().flat_map(|word| word.split(' '));
            words.collect::<Vec<_>>()
        });
        server.command(&fault);
        is_unavailable(store.confirm(HOUR)).await;
        is_unavailable(store.confirm(Duration::ZERO)).await;
        server.command(&cure);
        store.confirm(HOUR).await.unwrap();
    }
}

/// Each of them wants a proof, and one of them makes it.
#[tokio::test(flavor = "multi_thread")]
async fn one_node_proves_for_all() {
    let Some(pair) = Pair::start() else {
        return;
    };
    let builder = || builder(&pair.primary).timeout(Duration::from_secs(10));
    let stores = (0..8).map(|_| builder().confirmed_by_replicas(1).connect());
    let stores: Vec<_> = join_all(stores)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    pair.primary.command(&["CONFIG", "RESETSTAT"]);
    let proofs = join_all(stores.iter().map(|store| store.confirm(HOUR))).await;
    let proofs: Vec<_> = proofs.into_iter().map(Result::unwrap).collect();
    assert!(proofs.iter().all(|proof| *proof == proofs[0]), "{proofs:?}");
    // It is only who publishes a proof that takes a field away.
    let stats = format!("{:?}", pair.primary.command(&["INFO", "commandstats"]));
    assert!(stats.contains("cmdstat_hdel:calls=1,"), "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_primary_that_is_cut_off_grows_old_and_the_promoted_one_does_not() {
    let Some(pair) = Pair::start() else {
        return;
    };
    // Half of that is how long it waits for the replica, whose disk may be busy.
    let patient = builder(&pair.primary).timeout(Duration::from_secs(4));
    let old = patient.confirmed_by_replicas(1).connect().await.unwrap();
    let session = open(&old).await;
    let proven = old.confirm(Duration::ZERO).await.unwrap();
    pair.cut();
    let written = open(&old).await;
    for _ in 0..2 {
        assert_eq!(old.confirm(Duration::ZERO).await.unwrap(), proven);
    }
    // Those who only read are told the same.
    let reader = builder(&pair.primary).connect().await.unwrap();
    assert_eq!(reader.confirm(HOUR).await.unwrap(), proven);

    pair.replica.command(&["REPLICAOF", "NO", "ONE"]);
    let new = builder(&pair.replica).connect().await.unwrap();
    let promoted = new.confirm(Duration::ZERO).await.unwrap();
    assert!(promoted > proven, "{promoted:?} {proven:?}");
    assert_eq!(old.confirm(Duration::ZERO).await.unwrap(), proven);
    let kept = new.session(&session.subject, &session.id).await.unwrap();
    assert!(kept.is_some());
    let lost = new.session(&written.subject, &written.id).await.unwrap();
    assert_eq!(lost, None);
}

/// A node goes on reading the old primary, finds nothing new there, and yet stops saying that
/// nothing was revoked: on the promoted one somebody logs out, which it cannot know.
#[tokio::test(flavor = "multi_thread")]
async fn a_node_of_a_primary_that_is_cut_off_vouches_for_nothing() {
    let Some(pair) = Pair::start() else {
        return;
    };
    let store = builder(&pair.primary)
        .timeout(Duration::from_secs(4))
        .poll_interval(Duration::from_millis(100))
        .confirmed_by_replicas(1);
    let store = store.connect().await.unwrap();
    let clock = SharedClock::default();
    let revocations = Revocations::new(DynSessionStore::new(store.clone()), clock, HOUR)
        .with_max_silence(Duration::from_secs(3));
    let session = open(&store).await;
    let mint = Mint::new();
    let token = mint.token(session.subject.name());
    let token = token.claim("sid", session.id.as_str()).build();
    let token = mint.verifier().verify_now(token.as_bytes()).unwrap();
    revocations.sync().await.unwrap();
    let watch = tokio::spawn(store.watch(revocations.clone()));
    let becomes = async |wanted: fn(&Status) -> bool| {
        let waiting = async {
            while !wanted(&revocations.status(&token)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        waited.unwrap();
    };
    becomes(|status| matches!(status, Status::Clear)).await;

    pair.cut();
    pair.replica.command(&["REPLICAOF", "NO", "ONE"]);
    let promoted = builder(&pair.replica).connect().await.unwrap();
    promoted
        .revoke(&session.subject, &session.id)
        .await
        .unwrap();
    becomes(|status| matches!(status, Status::Unknown)).await;
    // Whoever asks the old one is told that it goes on.
    let row = store.session(&session.subject, &session.id).await.unwrap();
    assert_eq!(row.unwrap().revoked, None);
    watch.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_hangs_confirms_nothing_until_it_goes_on() {
    let Some(pair) = Pair::start() else {
        return;
    };
    let store = builder(&pair.primary).confirmed_by_replicas(1);
    let store = store.connect().await.unwrap();
    pair.replica.pause();
    // Nothing was ever proven.
    is_unavailable(store.confirm(Duration::ZERO)).await;
    // Nobody else waits for the replica.
    let session = open(&store).await;
    let outcome = store.rotate(&without_window(attempt(&session, 0))).await;
    assert!(matches!(outcome, Ok(RotationOutcome::Rotated(_))));
    pair.replica.resume();
    proves_again(&store).await;
}

/// The claim of whoever failed, or is gone, stands for as long as a call may take.
async fn proves_again(store: &RedisStore) -> Timestamp {
    let since = store.current_time().await.unwrap();
    loop {
        match store.confirm(Duration::ZERO).await {
            Ok(proven) if proven >= since => return proven,
            _ => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// All that logs out: answered when a replica has it, and else an error that can be
/// repeated, which waits again though there is nothing left to do.
#[tokio::test(flavor = "multi_thread")]
async fn log_outs_wait_for_replicas_where_they_must() {
    let Some(pair) = Pair::start() else {
        return;
    };
    let store = builder(&pair.primary).log_outs_reach_replicas(1);
    let store = store.connect().await.unwrap();
    let replica = builder(&pair.replica).connect();
    let subject = alice();
    let [one, two] = [open(&store).await, open(&store).await];
    let ticket = store.login_ticket().await.unwrap();
    let token = ApplicationToken {
        id: "jti".into(),
        subject: subject.clone(),
        created_at: one.created_at,
    };
    let added = store.add_application_token(token, 8, ticket).await.unwrap();
    assert_eq!(added, TokenAdded::Added);
    let until = one.created_at.saturating_add(HOUR);

    pair.cut();
    for _ in 0..2 {
        is_unavailable(store.revoke(&subject, &one.id)).await;
        is_unavailable(store.remove_application_token(&subject, "jti")).await;
        is_unavailable(store.revoke_token(&subject, "other", until)).await;
        is_unavailable(store.revoke_all(&subject)).await;
        is_unavailable(store.revoke_realm(subject.realm())).await;
    }
    // They are in force here all the same.
    for session in [&one, &two] {
        let kept = store.session(&subject, &session.id).await.unwrap().unwrap();
        assert!(kept.revoked.is_some(), "{kept:?}");
    }
    // What is no log-out does not wait.
    let three = open(&store).await;
    pair.mend();

    assert!(!store.revoke(&subject, &one.id).await.unwrap());
    assert!(
        !store
            .remove_application_token(&subject, "jti")
            .await
            .unwrap()
    );
    store.revoke_token(&subject, "other", until).await.unwrap();
    assert!(store.revoke(&subject, &three.id).await.unwrap());
    // Whatever happens to the primary now.
    pair.primary.pause();
    pair.replica.command(&["REPLICAOF", "NO", "ONE"]);
    let replica = replica.await.unwrap();
    for session in [&one, &two, &three] {
        let kept = replica
            .session(&subject, &session.id)
            .await
            .unwrap()
            .unwrap();
        assert!(kept.revoked.is_some(), "{kept:?}");
    }
    let kept = replica.session(&subject, &three.id).await.unwrap().unwrap();
    assert_eq!(kept.revoked.unwrap().reason, RevocationReason::Logout);
    pair.primary.resume();
}

/// Log-outs that no replica has wait on their own connection.
#[tokio::test(flavor = "multi_thread")]
async fn log_outs_that_wait_hold_no_proof_up() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let store = builder(&server).log_outs_reach_replicas(1);
    let store = store.connect().await.unwrap();
    let mut log_outs = Vec::new();
    for _ in 0..8 {
        let (store, session) = (store.clone(), open(&store).await);
        log_outs.push(tokio::spawn(async move {
            store.revoke(&session.subject, &session.id).await
        }));
    }
    server.wait_until(&["INFO", "clients"], "blocked_clients:1");
    store.confirm(Duration::ZERO).await.unwrap();
    for log_out in log_outs {
        is_unavailable(async { log_out.await.unwrap() }).await;
    }
}
