//! Nodes on one store, and what they do there.

use std::time::Duration;

use portcullis::{
    session::{
        AttemptId, Checked, Created, Device, DynSessionStore, Grant, LoginTicket, NewSession,
        Revocations, RotationAttempt, RotationMode, RotationOutcome, RotationRules, SecretDigest,
        SessionId, SessionRecord, SessionStore, TokenFacts,
    },
    subject::Subject,
    time::{SharedClock, Timestamp},
};
use portcullis_sqlx::PostgresStore;

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn alice() -> Subject {
    Subject::new("users", "alice")
}

pub(crate) fn new_session() -> NewSession {
    NewSession {
        id: SessionId::random().unwrap(),
        subject: alice(),
        client: None,
        idle_ttl: HOUR,
        absolute_ttl: 2 * HOUR,
        secret_digest: SecretDigest::of(b"secret"),
        refresh_key: "key".into(),
        grant: Grant::new(),
        device: Device::default(),
    }
}

pub(crate) async fn create(
    store: &PostgresStore,
    session: NewSession,
    ticket: LoginTicket,
) -> Option<SessionRecord> {
    match store.create(session, ticket).await.unwrap() {
        Created::Session(session) => Some(*session),
        Created::LoggedOutMeanwhile => None,
    }
}

pub(crate) async fn open(store: &PostgresStore) -> SessionRecord {
    let ticket = store.login_ticket().await.unwrap();
    create(store, new_session(), ticket).await.unwrap()
}

/// An attempt under rules that forgive nothing.
pub(crate) fn attempt(session: &SessionRecord, generation: u64) -> RotationAttempt {
    RotationAttempt {
        id: AttemptId::random().unwrap(),
        deadline: Timestamp::from_millis(i64::MAX),
        session: session.id.clone(),
        subject: session.subject.clone(),
        generation,
        secret_digest: session.secret_digest,
        client: None,
        scope_allowed: true,
        mode: RotationMode::Rotate,
        idle_ttl: HOUR,
        refresh_key: "key".into(),
        device: Device::default(),
        rules: RotationRules::with_grace(Duration::ZERO),
    }
}

pub(crate) async fn rotate(store: &PostgresStore, attempt: &RotationAttempt) -> RotationOutcome {
    store.rotate(attempt).await.unwrap()
}

pub(crate) fn is_rotated(outcome: &RotationOutcome) -> bool {
    matches!(outcome, RotationOutcome::Rotated(_))
}

/// The snapshot of a node whose only store this is.
pub(crate) fn snapshot(store: &PostgresStore) -> Revocations {
    Revocations::new(
        DynSessionStore::new(store.clone()),
        SharedClock::default(),
        HOUR,
    )
}

pub(crate) fn check(revocations: &Revocations, session: &SessionRecord) -> Checked {
    revocations.check(&TokenFacts {
        subject: Some(&session.subject),
        session: Some(session.id.as_str()),
        token_id: None,
        issued_at: Some(session.created_at),
        application: false,
    })
}

/// How long it takes until the snapshot says so.
pub(crate) async fn until(
    revocations: &Revocations,
    session: &SessionRecord,
    expected: Checked,
) -> Duration {
    let begin = tokio::time::Instant::now();
    while check(revocations, session) != expected {
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "still {:?}",
            check(revocations, session)
        );
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    begin.elapsed()
}
