//! What is on the disk is there after a restart.

use std::time::Duration;

use own_store::OwnStore;
use portcullis::{
    session::{
        Created, Device, Grant, LoginTicket, NewSession, SecretDigest, SessionId, SessionStore,
    },
    subject::Subject,
    time::Clock,
};
use portcullis_testing::clock::FakeClock;

#[allow(clippy::expect_used)] // Not within a test, but of one.
fn session(of: &Subject) -> NewSession {
    let day = Duration::from_secs(86_400);
    NewSession {
        id: SessionId::random().expect("randomness"),
        subject: of.clone(),
        client: None,
        idle_ttl: day,
        absolute_ttl: day,
        secret_digest: SecretDigest::of(b"a secret"),
        refresh_key: "key".into(),
        grant: Grant::new(),
        device: Device::default(),
        limit: None,
    }
}

#[tokio::test]
async fn sessions_and_log_outs_survive_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sessions.redb");
    let clock = FakeClock::new();
    let open = || OwnStore::open(&path, clock.shared()).expect("a store");
    let (alice, bob) = (Subject::new("users", "alice"), Subject::new("users", "bob"));

    let store = open();
    let before = store.login_ticket().await.expect("a ticket");
    store.revoke_all(&bob).await.expect("revokes");
    let created = store.create(session(&alice), before).await;
    let Ok(Created::Session { session: row, .. }) = created else {
        panic!("not created: {created:?}");
    };
    let told = store.revocations(clock.now()).await.expect("tells");
    assert_eq!(told.len(), 1);
    drop(store);

    let store = open();
    assert_eq!(store.sessions(&alice).await.expect("lists"), [*row]);
    let again = store.revocations(clock.now()).await.expect("tells");
    assert_eq!(again, told);
    let overtaken = store.create(session(&bob), before).await;
    assert_eq!(overtaken.expect("answers"), Created::LoggedOutMeanwhile);
    let ticket = store.login_ticket().await.expect("a ticket");
    assert_eq!(ticket, LoginTicket::from_sequence(1));
}

#[tokio::test]
async fn a_file_belongs_to_one_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("sessions.redb");
    let clock = FakeClock::new();
    let first = OwnStore::open(&path, clock.shared());
    assert!(first.is_ok());
    assert!(OwnStore::open(&path, clock.shared()).is_err());
}
