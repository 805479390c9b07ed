use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::session::{
    ApplicationToken, Created, Device, Grant, LoginTicket, MemoryStore, NewSession,
    RevocationReason, SecretDigest,
};

const KEEP: Duration = Duration::from_secs(900);

#[derive(Clone)]
struct Hand(Arc<AtomicI64>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
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
        self.clock.0.fetch_add(millis, Ordering::Relaxed);
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
        };
        let ticket = self.store.login_ticket().await.unwrap();
        let Created::Session(session) = self.store.create(session, ticket).await.unwrap() else {
            panic!("refused");
        };
        session.id
    }

    /// Logs a session out on this node.
    async fn log_out(&self, subject: &Subject, id: &SessionId) {
        assert!(self.store.revoke(id).await.unwrap());
        self.revocations.apply(Revocation::Session {
            id: id.clone(),
            subject: subject.clone(),
            at: self.clock.now(),
            reason: RevocationReason::Logout,
        });
    }

    fn check(&self, subject: &Subject, session: &SessionId) -> Checked {
        self.revocations.check(&TokenFacts {
            subject: Some(subject),
            session: Some(session.as_str()),
            token_id: Some("jti"),
            issued_at: Some(self.clock.now().floor_to_second()),
            application: false,
        })
    }

    fn check_id(
        &self,
        subject: &Subject,
        id: &str,
        issued_at: Timestamp,
        application: bool,
    ) -> Checked {
        self.revocations.check(&TokenFacts {
            subject: Some(subject),
            session: None,
            token_id: Some(id),
            issued_at: Some(issued_at),
            application,
        })
    }
}

fn alice() -> Subject {
    Subject::new("users", "alice")
}

#[tokio::test]
async fn before_the_first_reading_and_after_silence_nothing_is_known() {
    let node = Node::new();
    let session = node.open(&alice()).await;
    assert_eq!(node.check(&alice(), &session), Checked::Unknown);
    node.revocations.sync().await.unwrap();
    node.pass(30_000);
    assert_eq!(node.check(&alice(), &session), Checked::Clear);
    node.pass(1);
    assert_eq!(node.check(&alice(), &session), Checked::Unknown);
    node.pass(-120_000);
    assert_eq!(node.check(&alice(), &session), Checked::Unknown);
}

#[tokio::test]
async fn a_sole_writer_may_be_silent() {
    let mut node = Node::new();
    node.revocations = node.revocations.clone().sole_writer();
    let session = node.open(&alice()).await;
    assert_eq!(node.check(&alice(), &session), Checked::Unknown);
    node.revocations.sync().await.unwrap();
    node.pass(86_400_000);
    assert_eq!(node.check(&alice(), &session), Checked::Clear);
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
    assert_eq!(node.check(&alice(), &gone), Checked::Revoked);
    assert_eq!(node.check(&alice(), &stays), Checked::Clear);
    other.sync().await.unwrap();
    let facts = TokenFacts {
        subject: None,
        session: Some(gone.as_str()),
        token_id: None,
        issued_at: None,
        application: false,
    };
    assert_eq!(other.check(&facts), Checked::Revoked);
}

/// Such as one whose transaction was hidden for long.
#[tokio::test]
async fn a_revocation_that_bears_an_old_time_is_found_by_a_thorough_reading() {
    let node = Node::new();
    let session = node.open(&alice()).await;
    let clock = SharedClock::new(Hand(Arc::new(AtomicI64::new(1_000_600_000))));
    let ahead = Revocations::new(node.store.clone(), clock, KEEP);
    ahead.sync().await.unwrap();
    node.store.revoke(&session).await.unwrap();
    ahead.sync().await.unwrap();
    let token = TokenFacts {
        subject: None,
        session: Some(session.as_str()),
        token_id: None,
        issued_at: None,
        application: false,
    };
    assert_eq!(ahead.check(&token), Checked::Clear);
    ahead.sync_thoroughly().await.unwrap();
    assert_eq!(ahead.check(&token), Checked::Revoked);
}

#[tokio::test]
async fn a_known_revocation_outlives_silence_but_not_the_tokens() {
    let node = Node::new();
    let session = node.open(&alice()).await;
    node.revocations.sync().await.unwrap();
    node.log_out(&alice(), &session).await;
    node.pass(60_000);
    assert_eq!(node.check(&alice(), &session), Checked::Revoked);
    node.pass(900_000 + 120_000);
    node.revocations.sync().await.unwrap();
    assert_eq!(node.check(&alice(), &session), Checked::Clear);
    assert!(node.revocations.read().is_empty());
}

#[tokio::test]
async fn login_logout_loops_do_not_grow_memory_and_are_asked_about() {
    let node = Node::new();
    let stays = node.open(&alice()).await;
    node.revocations.sync().await.unwrap();
    let mut gone = Vec::new();
    for _ in 0..1_000 {
        node.pass(20);
        let id = node.open(&alice()).await;
        node.log_out(&alice(), &id).await;
        gone.push(id);
        assert!(node.revocations.read().len() <= 64 + 51);
    }
    for id in &gone {
        match node.check(&alice(), id) {
            Checked::Revoked => {}
            Checked::AskStore(question) => assert!(!node.revocations.ask(question).await.unwrap()),
            other => panic!("{other:?}"),
        }
    }
    let Checked::AskStore(question) = node.check(&alice(), &stays) else {
        panic!("not in doubt");
    };
    assert!(node.revocations.ask(question).await.unwrap());
    let bob = Subject::new("users", "bob");
    let bobs = node.open(&bob).await;
    assert_eq!(node.check(&bob, &bobs), Checked::Clear);
}

#[tokio::test]
async fn too_many_subjects_become_one_bound() {
    let mut node = Node::new();
    node.revocations = node.revocations.clone().with_limits(4, 10);
    node.revocations.sync().await.unwrap();
    let mut gone = Vec::new();
    for name in 0..100 {
        node.pass(500);
        let subject = Subject::new("users", name.to_string());
        let id = node.open(&subject).await;
        node.log_out(&subject, &id).await;
        gone.push((subject, id));
    }
    assert!(node.revocations.read().len() <= 11);
    node.revocations.sync().await.unwrap();
    for (subject, id) in &gone {
        match node.check(subject, id) {
            Checked::Revoked => {}
            Checked::AskStore(question) => assert!(!node.revocations.ask(question).await.unwrap()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn tokens_without_a_session_go_by_id_or_by_a_cut_off() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let issued = node.clock.now();
    let until = issued.saturating_add(KEEP);
    node.store
        .revoke_token(&alice(), "one", until)
        .await
        .unwrap();
    node.revocations.sync().await.unwrap();
    assert_eq!(
        node.check_id(&alice(), "one", issued, false),
        Checked::Revoked
    );
    assert_eq!(
        node.check_id(&alice(), "two", issued, false),
        Checked::Clear
    );
    node.pass(5_000);
    node.store.revoke_all(&alice()).await.unwrap();
    node.revocations.sync().await.unwrap();
    assert_eq!(
        node.check_id(&alice(), "two", issued, false),
        Checked::Revoked
    );
    node.pass(1_000);
    let later = node.clock.now();
    assert_eq!(node.check_id(&alice(), "two", later, false), Checked::Clear);
    let bob = Subject::new("users", "bob");
    assert_eq!(node.check_id(&bob, "two", issued, false), Checked::Clear);
}

#[tokio::test]
async fn application_tokens_are_good_only_while_listed() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let now = node.clock.now();
    let token = ApplicationToken {
        id: "app".to_owned(),
        subject: alice(),
        created_at: now,
    };
    let ticket = LoginTicket::from_sequence(0);
    node.store
        .add_application_token(token, 10, ticket)
        .await
        .unwrap();
    let Checked::AskStore(question) = node.check_id(&alice(), "app", now, true) else {
        panic!("known without asking");
    };
    assert!(node.revocations.ask(question.clone()).await.unwrap());
    assert_eq!(node.check_id(&alice(), "app", now, true), Checked::Clear);
    // Somebody else's token that happens to have the same id.
    let bob = Subject::new("users", "bob");
    let Checked::AskStore(of_bob) = node.check_id(&bob, "app", now, true) else {
        panic!("known without asking");
    };
    assert!(!node.revocations.ask(of_bob).await.unwrap());
    node.store.remove_application_token("app").await.unwrap();
    node.revocations.sync().await.unwrap();
    assert!(matches!(
        node.check_id(&alice(), "app", now, true),
        Checked::AskStore(_)
    ));
    assert!(!node.revocations.ask(question.clone()).await.unwrap());
    let Checked::AskStore(unlisted) = node.check_id(&alice(), "other", now, true) else {
        panic!("known without asking");
    };
    assert!(!node.revocations.ask(unlisted).await.unwrap());
}

#[tokio::test]
async fn an_answer_that_a_removal_overtook_is_not_remembered() {
    let node = Node::new();
    node.revocations.sync().await.unwrap();
    let now = node.clock.now();
    let Checked::AskStore(question) = node.check_id(&alice(), "app", now, true) else {
        panic!("known without asking");
    };
    node.revocations.apply(Revocation::ApplicationToken {
        id: "app".to_owned(),
        at: now,
    });
    node.revocations
        .write()
        .remember_live(alice(), "app".to_owned(), question.removals);
    assert!(!node.revocations.read().is_live(&alice(), "app"));
}

#[tokio::test]
async fn a_revocation_is_known_for_longer_than_the_token_lives() {
    let node = Node::new();
    let session = node.open(&alice()).await;
    node.log_out(&alice(), &session).await;
    // The verifier's leeway, and a clock that is behind.
    node.pass(900_000 + 119_000);
    node.revocations.sync().await.unwrap();
    assert_eq!(node.check(&alice(), &session), Checked::Revoked);
}
