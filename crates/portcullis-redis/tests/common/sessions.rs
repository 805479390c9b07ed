//! Sessions to test with.

use std::time::Duration;

use portcullis::{
    session::{
        AttemptId, Created, Device, Grant, NewSession, RotationAttempt, RotationMode,
        RotationRules, SecretDigest, SessionId, SessionRecord, SessionStore,
    },
    subject::Subject,
    time::Timestamp,
};

pub(crate) const DAY: Duration = Duration::from_secs(86_400);

pub(crate) fn alice() -> Subject {
    Subject::new("users", "alice")
}

pub(crate) fn new_session(subject: &Subject, idle_ttl: Duration) -> NewSession {
    NewSession {
        id: SessionId::random().unwrap(),
        subject: subject.clone(),
        client: None,
        idle_ttl,
        absolute_ttl: DAY,
        secret_digest: SecretDigest::of(b"secret"),
        refresh_key: "key".into(),
        grant: Grant::new(),
        device: Device::default(),
        limit: None,
    }
}

/// Opens a session of alice's.
pub(crate) async fn open(store: &impl SessionStore) -> SessionRecord {
    open_for(store, &alice(), DAY).await
}

pub(crate) async fn open_for(
    store: &impl SessionStore,
    subject: &Subject,
    idle_ttl: Duration,
) -> SessionRecord {
    let ticket = store.login_ticket().await.unwrap();
    let created = store.create(new_session(subject, idle_ttl), ticket).await;
    match created.unwrap() {
        Created::Session { session, .. } => *session,
        _ => panic!("nobody logged out"),
    }
}

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
        idle_ttl: DAY,
        refresh_key: "key".into(),
        device: Device::default(),
        rules: RotationRules::default(),
    }
}

pub(crate) fn with_grace(mut attempt: RotationAttempt, grace: Duration) -> RotationAttempt {
    attempt.rules = RotationRules::with_grace(grace);
    attempt
}

/// The attempt under rules that forgive nothing, so that no token rests.
pub(crate) fn without_window(attempt: RotationAttempt) -> RotationAttempt {
    with_grace(attempt, Duration::ZERO)
}
