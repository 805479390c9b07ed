//! What the cases have in common.

use std::{future::Future, time::Duration};

use portcullis::{
    claims::KeyConfirmation,
    session::{
        ApplicationToken, AttemptId, Created, Device, DynSessionStore, Grant, LoginTicket,
        NewSession, RotationAttempt, RotationMode, RotationOutcome, RotationRules, SecretDigest,
        SessionData, SessionId, SessionRecord, SessionStore, Successor, TokenAdded,
    },
    subject::Subject,
    time::{Clock, Timestamp},
};

use crate::clock::FakeClock;

/// The lifetimes of the sessions that are opened here.
pub(super) const IDLE: Duration = Duration::from_secs(30 * 86_400);
pub(super) const ABSOLUTE: Duration = Duration::from_secs(90 * 86_400);

/// The default grace window.
pub(super) const GRACE: Duration = RotationRules::DEFAULT_GRACE;

pub(super) const MILLISECOND: Duration = Duration::from_millis(1);

/// A store under test and the clock that it goes by.
#[derive(Clone, Debug)]
pub struct Bench {
    pub(super) store: DynSessionStore,
    pub(super) clock: FakeClock,
}

impl Bench {
    pub(super) fn new(store: impl SessionStore, clock: FakeClock) -> Self {
        Self {
            store: DynSessionStore::new(store),
            clock,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn pass(&self, duration: Duration) {
        self.clock.advance(duration);
    }

    pub(super) async fn ticket(&self) -> LoginTicket {
        self.store.login_ticket().await.expect("a ticket")
    }

    /// Opens a session of alice's.
    pub(super) async fn open(&self) -> SessionRecord {
        self.open_for(&alice()).await
    }

    pub(super) async fn open_for(&self, subject: &Subject) -> SessionRecord {
        let ticket = self.ticket().await;
        match self.create(new_session(subject), ticket).await {
            Created::Session { session, .. } => *session,
            refused => unreachable!("nobody logged out: {refused:?}"),
        }
    }

    pub(super) async fn create(&self, session: NewSession, ticket: LoginTicket) -> Created {
        self.store
            .create(session, ticket)
            .await
            .expect("the store creates")
    }

    pub(super) async fn rotate(&self, attempt: &RotationAttempt) -> RotationOutcome {
        self.store.rotate(attempt).await.expect("the store rotates")
    }

    /// Presents the token of this generation under default rules, and expects a
    /// token.
    pub(super) async fn advance(&self, session: &SessionRecord, generation: u64) -> Successor {
        let outcome = self.rotate(&attempt(session, generation)).await;
        successor(&outcome)
    }

    /// The row as the store has it now.
    pub(super) async fn row(&self, session: &SessionRecord) -> SessionRecord {
        let row = self.store.session(&session.subject, &session.id).await;
        row.expect("the store reads").expect("the session exists")
    }

    pub(super) async fn live(&self, subject: &Subject) -> Vec<SessionRecord> {
        self.store.sessions(subject).await.expect("the store lists")
    }

    pub(super) async fn list_token(&self, id: &str, ticket: LoginTicket) -> TokenAdded {
        let token = ApplicationToken {
            id: id.to_owned(),
            subject: alice(),
            created_at: self.now(),
        };
        self.store
            .add_application_token(token, 10, ticket)
            .await
            .expect("the store adds")
    }
}

/// The successor that an outcome must have.
pub(super) fn successor(outcome: &RotationOutcome) -> Successor {
    let successor = outcome.successor();
    assert!(successor.is_some(), "no successor: {outcome:?}");
    successor.expect("there is one").clone()
}

pub(super) fn alice() -> Subject {
    Subject::new("users", "alice")
}

pub(super) fn new_session(subject: &Subject) -> NewSession {
    let mut grant = Grant::new();
    grant.scope = "demo:read \"quoted\"".to_owned();
    grant.auth_time = Some(FakeClock::START);
    grant.acr = Some("mfa".to_owned());
    grant.amr = vec!["pwd".to_owned(), "otp".to_owned()];
    grant.cnf = Some(KeyConfirmation::jkt("a thumbprint"));
    // A number that no binary fraction is, and text that no database shall mind.
    let data = serde_json::json!({ "share": 0.1, "name": "Zo\u{eb} \u{1f511} '\"\\" });
    grant.data = Some(SessionData::new(&data).expect("a short object"));
    NewSession {
        id: SessionId::random().expect("randomness"),
        subject: subject.clone(),
        client: Some("web".to_owned()),
        idle_ttl: IDLE,
        absolute_ttl: ABSOLUTE,
        secret_digest: SecretDigest::of(b"the session's secret"),
        refresh_key: "key-1".into(),
        grant,
        device: device("browser"),
        limit: None,
    }
}

pub(super) fn device(user_agent: &str) -> Device {
    Device::new(Some(user_agent), Some([192, 0, 2, 1].into()))
}

/// An honest attempt to exchange the token of this generation.
pub(super) fn attempt(session: &SessionRecord, generation: u64) -> RotationAttempt {
    RotationAttempt {
        id: AttemptId::random().expect("randomness"),
        deadline: Timestamp::from_millis(i64::MAX),
        session: session.id.clone(),
        subject: session.subject.clone(),
        generation,
        secret_digest: session.secret_digest,
        client: session.client.clone(),
        scope_allowed: true,
        mode: RotationMode::Rotate,
        idle_ttl: IDLE,
        refresh_key: "key-1".into(),
        device: device("browser"),
        rules: RotationRules::default(),
    }
}

/// Numbers that are the same at every run (xorshift, Marsaglia 2003).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % sides
    }
}

/// Runs all futures at once, each as a task of its own.
pub(super) async fn at_once<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<_> = futures.into_iter().map(tokio::spawn).collect();
    let mut outputs = Vec::new();
    for task in tasks {
        outputs.push(task.await.expect("the task ends"));
    }
    outputs
}
