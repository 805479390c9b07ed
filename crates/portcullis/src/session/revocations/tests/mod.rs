macro_rules! assert_status {
    ($status:expr, $expected:ident) => {
        let status = $status;
        assert!(matches!(status, Status::$expected), "{status:?}");
    };
}

mod doubts;
mod limit;
mod realms;
mod thefts;

use super::name::Kind;

use std::sync::atomic::Ordering::Relaxed;

use serde_json::{Value, json};

use super::*;
use crate::{
    session::{
        ApplicationToken, Created, Device, Grant, LoginTicket, MemoryStore, NewSession,
        RevocationReason, SecretDigest, SessionId, SessionStore,
    },
    subject::Subject,
    verify::{Status, TokenStatus, Verified},
};

const KEEP: Duration = Duration::from_secs(900);

#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Relaxed))
    }
}

struct Node {
    clock: Hand,
    store: DynSessionStore,
    revocations: Revocations,
}

impl Node {
    fn new() -> Self {
        let clock = Hand(Arc::new(AtomicI64::new(1_000_000_000)));
        let shared = SharedClock::new(clock.clone());
        let store = DynSessionStore::new(MemoryStore::new(shared.clone()));
        Self {
            revocations: Revocations::new(store.clone(), shared, KEEP),
            clock,
            store,
        }
    }

    fn pass(&self, millis: i64) {
        self.clock.0.fetch_add(millis, Relaxed);
    }

    /// Whether all that is over has been forgotten, once its slot is over, too.
    async fn is_empty(&self) -> bool {
        self.pass(20_000);
        self.revocations.sync().await.unwrap();
        let state = &self.revocations.shared.state;
        let kinds = [Kind::Session, Kind::Token, Kind::Subject];
        kinds.iter().all(|kind| state.count(*kind) == 0) && state.hint_count() == 0
    }

    async fn open(&self, subject: &Subject) -> SessionId {
        let session = NewSession {
            id: SessionId::random().unwrap(),
            subject: subject.clone(),
            client: None,
            idle_ttl: Duration::from_secs(86_400),
            absolute_ttl: Duration::from_secs(86_400),
            secret_digest: SecretDigest::of(b""),
            refresh_key: "".into(),
            grant: Grant::new(),
            device: Device::default(),
            limit: None,
        };
        let ticket = self.store.login_ticket().await.unwrap();
        let Created::Session { session, .. } = self.store.create(session, ticket).await.unwrap()
        else {
            panic!("refused");
        };
        session.id
    }

    /// Logs a session out on this node.
    async fn log_out(&self, subject: &Subject, id: &SessionId) {
        assert!(self.store.revoke(subject, id).await.unwrap());
        self.revocations.apply(Revocation::Session {
            id: id.clone(),
            subject: subject.clone(),
            at: self.clock.now(),
            reason: RevocationReason::Logout,
        });
    }

    /// About a token of an own session, issued just now.
    fn check(&self, subject: &Subject, session: &SessionId) -> Status {
        let token = self.token(subject, json!({"sid": session.as_str(), "jti": "jti"}));
        self.revocations.status(&token.of_own_issuer())
    }

    /// About a token without a session, issued just now.
    fn check_id(&self, subject: &Subject, id: &str) -> Status {
        let token = self.token(subject, json!({"jti": id}));
        self.revocations.status(&token)
    }

    /// About a token without a session that never expires.
    fn check_application(&self, subject: &Subject, id: &str) -> Status {
        let token = self.token(subject, json!({"jti": id, "exp": null}));
        self.revocations.status(&token)
    }

    /// A token of another issuer, issued just now, and expiring unless it says
    /// otherwise.
    fn token(&self, subject: &Subject, claims: Value) -> Verified {
        let now = self.clock.now();
        let end = now.saturating_add(KEEP);
        let mut all = json!({
            "sub": subject.name(),
            "iat": now.as_secs(),
            "exp": end.as_secs(),
        });
        for (name, value) in claims.as_object().unwrap() {
            all[name] = value.clone();
        }
        let members = all.as_object_mut().unwrap();
        members.retain(|_, value| !value.is_null());
        Verified::for_test(&all.to_string()).in_realm(subject.realm())
    }
}

fn alice() -> Subject {
    Subject::new("users", "alice")
}

/// The `sid` that Keycloak writes: it looks as ours do.
const FOREIGN_SESSION: &str = "936da01f-9abd-4d9d-80c7-02af85c822a8";

/// What the store says about a token about which it has to be asked.
async fn asked(status: Status) -> Status {
    let Status::Pending(answer) = status else {
        panic!("known without asking: {status:?}");
    };
    answer.await
}

#[tokio::test]
async fn before_the_first_reading_and_after_silence_nothing_is_known() {
    let node = Node::new();
    let session = node.open(&alice()).await;
    assert_status!(node.check(&alice(), &session), Unknown);
    node.revocations.sync().await.unwrap();
    node.pass(30_000);
    assert_status!(node.check(&alice(), &session), Clear);
    node.pass(1);
    assert_status!(node.check(&alice(), &session), Unknown);
    node.pass(-120_000);
    assert_status!(node.check(&alice(), &session), Unknown);
}

#[tokio::test]
async fn a_sole_writer_may_be_silent() {
    let mut node = Node::new();
    node.revocations = node.revocations.clone().sole_writer();
    let session = node.open(&alice()).await;
    assert_status!(node.check(&alice(), &session), Unknown);
    node.revocations.sync().await.unwrap();
    node.pass(86_400_000);
    assert_status!(node.check(&alice(), &session), Clear);
}

#[tokio::test]
async fn a_revocation_here_counts_at_once_and_elsewhere_after_a_reading() {
    let node = Node::new();
    let other = Revocations::new(
        node.store.clone(),
        SharedClock::new(node.clock.clone()),
        KEEP,
    );
    let (gone, stays) = (node.open(&alice()).await, node.open(&alice()).await);
    node.revocations.sync().await.unwrap();
    node.log_out(&alice(), &gone).await;
    assert_status!(node.check(&alice(), &gone), Revoked);
    assert_status!(node.check(&alice(), &stays), Clear);
    other.sync().await.unwrap();
    // Whoever issued it, and whatever else it says.
    let token = Verified::for_test(&json!({"sid": gone.as_str(), "exp": 0}).to_string());
    assert_status!(other.status(&token), Revoked);
}

/// Such as one whose transaction was hidden for long.
#[tokio::test]
async fn a_revocation_that_bears_an_old_time_is_found_by_a_thorough_reading() {
    let node = Node::new();
    let session = node.open(&alice()).await;
    node.revocations.sync().await.unwrap();
    node.pass(-120_000);
    node.store.revoke(&alice(), &session).await.unwrap();
    node.pass(120_000);
    node.revocations.sync().await.unwrap();
    assert_status!(node.check(&alice(), &session), Clear);
    node.revocations.sync_thoroughly().await.unwrap();
    assert_status!(node.check(&alice(), &session), Revoked);
}

#[tokio::test]
async fn how_far_it_has_read_is_told_by_the_clock_of_the_store() {
    let node = Node::new();
    for apart in [-600_000, 600_000] {
        let clock = Hand(Arc::new(AtomicI64::new(1_000_000_000 + apart)));
        let other = Revocations::new(node.store.clone(), SharedClock::new(clock), KEEP);
        other.sync().await.unwrap();
        let session = node.open(&alice()).await;
        node.store.revoke(&alice(), &session).await.unwrap();
        let token = node.token(&alice(), json!({"sid": session.as_str()}));
        assert_status!(other.status(&token), Clear);
        other.sync().await.unwrap();
        assert_status!(other.status(&token), Revoked);
    }
}

/// As after a fail-over to a server whose clock is behind.
#[tokio::test]
async fn a_store_whose_clock_went_back_is_read_thoroughly() {
    let node = Node::new();
    let session = node.open(&alice()).await;
    let ahead = Hand(Arc::new(AtomicI64::new(1_000_000_000)));
    let clock = SharedClock::new(ahead.clone());
    let other = Revocations::new(node.store.clone(), clock, KEEP);
    other.sync().await.unwrap();
    let stays = node.token(&alice(), json!({"jti": "stays"}));
    node.pass(-300_000);
    node.store.revoke(&alice(), &session).await.unwrap();
    let token = node.token(&alice(), json!({"sid": session.as_str()}));
    assert_status!(other.status(&token), Clear);
    other.sync().await.unwrap();
    assert_status!(other.status(&token), Revoked);
    // And goes on from there.
    for _ in 0..3 {
        for clock in [&node.clock, &ahead] {
            clock.0.fetch_add(20_000, Relaxed);
        }
        assert_status!(other.status(&stays), Clear);
        other.sync().await.unwrap();
    }
}

#[tokio::test]
async fn a_known_revocation_outlives_silence_but_not_the_tokens() {
    let node = Node::new();
    let session = node.open(&alice()).await;
    node.revocations.sync().await.unwrap();
    node.log_out(&alice(), &session).await;
    node.pass(60_000);
    assert_status!(node.check(&alice(), &session), Revoked);
    node.pass(900_000 + 120_000);
    node.revocations.sync().await.unwrap();
    assert_status!(node.check(&alice(), &session), Clear);
    assert!(node.is_empty().await);
}

/// What is revoked and what is not is told apart by realm and `jti`.
#[tokio::test]
async fn a_revoked_token_is_refused_whether_it_has_a_session_or_not() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let until = node.clock.now().saturating_add(KEEP);
    let revoke = async |subject: &Subject, id| {
        node.store.revoke_token(subject, id, until).await.unwrap();
        node.revocations.sync().await.unwrap();
    };
    let session = node.open(&alice()).await;
    let namesake = Subject::new("apis", "alice");
    assert_status!(node.check(&alice(), &session), Clear);
    revoke(&alice(), "jti").await;
    assert_status!(node.check(&alice(), &session), Revoked);
    let foreign = node.token(&alice(), json!({"sid": FOREIGN_SESSION, "jti": "jti"}));
    assert_status!(node.revocations.status(&foreign), Revoked);
    assert_status!(node.check_id(&alice(), "jti"), Revoked);
    assert_status!(node.check_application(&alice(), "jti"), Revoked);
    assert_status!(node.check_id(&alice(), "other"), Clear);
    assert_status!(node.check_id(&namesake, "jti"), Clear);
    revoke(&namesake, "jti").await;
    assert_status!(node.check_id(&namesake, "jti"), Revoked);
}

#[tokio::test]
async fn a_token_is_revoked_until_the_latest_end() {
    let node = Node::new();
    let later = |secs| node.clock.now().saturating_add(Duration::from_secs(secs));
    for until in [later(10), later(100_000), later(20)] {
        let result = node.store.revoke_token(&alice(), "jti", until).await;
        result.unwrap();
        node.revocations.sync().await.unwrap();
    }
    node.pass(99_999_000);
    node.revocations.sync().await.unwrap();
    assert_status!(node.check_id(&alice(), "jti"), Revoked);
    node.pass(2_000);
    node.revocations.sync().await.unwrap();
    assert_status!(node.check_id(&alice(), "jti"), Clear);
    assert!(node.is_empty().await);
}

/// Whatever `sid` it has: only own sessions have ended by name.
#[tokio::test]
async fn a_log_out_everywhere_reaches_all_tokens_but_those_of_own_sessions() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let token = |claims| node.token(&alice(), claims);
    let plain = token(json!({"jti": "one"}));
    let foreign = token(json!({"jti": "two", "sid": FOREIGN_SESSION}));
    let no_session = token(json!({"sid": "no session of ours"})).of_own_issuer();
    let undated = token(json!({"sid": FOREIGN_SESSION, "iat": null}));
    let bobs = node.token(&Subject::new("users", "bob"), json!({"jti": "one"}));
    node.pass(5_000);
    node.store.revoke_all(&alice()).await.unwrap();
    node.revocations.sync().await.unwrap();
    for token in [&plain, &foreign, &no_session, &undated] {
        assert_status!(node.revocations.status(token), Revoked);
    }
    assert_status!(node.revocations.status(&bobs), Clear);
    let session = node.open(&alice()).await;
    assert_status!(node.check(&alice(), &session), Clear);
    let ticket = node.store.login_ticket().await.unwrap();
    list(&node, "app", ticket).await;
    let application = node.check_application(&alice(), "app");
    assert_status!(asked(application).await, Clear);
}

/// The clock of the node that issues may be ahead of the store's.
#[tokio::test]
async fn a_log_out_everywhere_allows_for_clocks_that_are_ahead() {
    let mut node = Node::new();
    node.revocations.sync().await.unwrap();
    node.pass(700);
    node.store.revoke_all(&alice()).await.unwrap();
    node.revocations.sync().await.unwrap();
    let ahead = |secs| {
        let issued_at = node.clock.now().as_secs() + secs;
        node.token(&alice(), json!({"sid": FOREIGN_SESSION, "iat": issued_at}))
    };
    let [two, three, five] = [2, 3, 5].map(ahead);
    assert_status!(node.revocations.status(&two), Revoked);
    assert_status!(node.revocations.status(&three), Clear);
    let skew = Duration::from_millis(4_001);
    node.revocations = node.revocations.clone().with_clock_skew(skew);
    assert_status!(node.revocations.status(&five), Revoked);
}

#[tokio::test]
async fn application_tokens_are_good_only_while_listed() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    list(&node, "app", LoginTicket::from_sequence(0)).await;
    let check = || node.check_application(&alice(), "app");
    assert_status!(asked(check()).await, Clear);
    assert_status!(check(), Clear);
    // Somebody else's token that happens to have the same id.
    let of_bob = node.check_application(&Subject::new("users", "bob"), "app");
    assert_status!(asked(of_bob).await, Revoked);
    let removed = node.store.remove_application_token(&alice(), "app").await;
    assert!(removed.unwrap());
    node.revocations.sync().await.unwrap();
    assert_status!(asked(check()).await, Revoked);
    let unlisted = node.check_application(&alice(), "other");
    assert_status!(asked(unlisted).await, Revoked);
}

/// The store that it would ask may have lost its place to one in which a token was removed.
#[tokio::test]
async fn a_silent_snapshot_does_not_ask_about_application_tokens() {
    let node = Node::new();
    let ticket = node.store.login_ticket().await.unwrap();
    list(&node, "app", ticket).await;
    let check = || node.check_application(&alice(), "app");
    assert_status!(check(), Unknown);
    node.revocations.sync().await.unwrap();
    assert_status!(asked(check()).await, Clear);
    node.pass(30_001);
    assert_status!(check(), Unknown);
    node.revocations.sync().await.unwrap();
    assert_status!(check(), Clear);
}

#[tokio::test]
async fn an_answer_that_a_removal_overtook_is_not_remembered() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    list(&node, "app", LoginTicket::from_sequence(0)).await;
    let answer = node.check_application(&alice(), "app");
    node.revocations.apply(Revocation::ApplicationToken {
        id: "app".to_owned(),
        at: node.clock.now(),
    });
    assert_status!(asked(answer).await, Clear);
    assert!(!node.revocations.shared.live.contains(&alice(), "app"));
}

/// Puts an application token of alice's on the live list.
async fn list(node: &Node, id: &str, ticket: LoginTicket) {
    let token = ApplicationToken {
        id: id.to_owned(),
        subject: alice(),
        created_at: node.clock.now(),
    };
    let added = node.store.add_application_token(token, 10, ticket).await;
    added.unwrap();
}

#[tokio::test]
async fn a_revocation_is_known_for_longer_than_the_token_lives() {
    let node = Node::new();
    let session = node.open(&alice()).await;
    node.log_out(&alice(), &session).await;
    // The verifier's leeway, and a clock that is behind.
    node.pass(900_000 + 119_000);
    node.revocations.sync().await.unwrap();
    assert_status!(node.check(&alice(), &session), Revoked);
}
