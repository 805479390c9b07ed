//! Nodes on one store, and what they do there.

use std::time::Duration;

use portcullis::{
    session::{
        AttemptId, Created, Device, DynSessionStore, Grant, LoginTicket, NewSession, Revocations,
        RotationAttempt, RotationMode, RotationOutcome, RotationRules, SecretDigest, SessionId,
        SessionRecord, SessionStore,
    },
    subject::Subject,
    time::{SharedClock, Timestamp},
    verify::{Status, TokenStatus, Verified},
};
use portcullis_sqlx::PostgresStore;
use portcullis_testing::mint::Mint;

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
        limit: None,
    }
}

pub(crate) async fn create(
    store: &PostgresStore,
    session: NewSession,
    ticket: LoginTicket,
) -> Option<SessionRecord> {
    match store.create(session, ticket).await.unwrap() {
        Created::Session { session, .. } => Some(*session),
        _ => None,
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

/// An access token of the session, verified.
pub(crate) fn token_of(session: &SessionRecord) -> Verified {
    let mint = Mint::new();
    let token = mint.token(session.subject.name());
    let token = token.claim("sid", session.id.as_str()).build();
    mint.verifier().verify_now(token.as_bytes()).unwrap()
}

/// What the snapshot says about the session's tokens.
pub(crate) fn check(revocations: &Revocations, session: &SessionRecord) -> Known {
    Known::of(&revocations.status(&token_of(session)))
}

/// A status about which nobody has to be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Clear,
    Revoked,
    Unknown,
}

impl Known {
    fn of(status: &Status) -> Self {
        match status {
            Status::Clear => Self::Clear,
            Status::Revoked => Self::Revoked,
            Status::Unknown => Self::Unknown,
            other => panic!("{other:?}"),
        }
    }
}

/// How long it takes until the snapshot says so.
pub(crate) async fn until(
    revocations: &Revocations,
    session: &SessionRecord,
    expected: Known,
) -> Duration {
    let begin = tokio::time::Instant::now();
    let token = token_of(session);
    loop {
        let known = Known::of(&revocations.status(&token));
        if known == expected {
            return begin.elapsed();
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "still {known:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
