//! Refresh tokens whose keys roll over.

use std::time::Duration;

use portcullis::{
    issue::{KeyRing, RingStage, TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{
        DynSessionStore, MemoryStore, OpenSession, RefreshRequest, Revocations, SessionError,
        SessionErrorKind, SessionStore, Sessions, TokenPair,
        refresh::{RefreshErrorKind, RefreshKeys},
    },
    subject::Subject,
};
use portcullis_testing::{clock::FakeClock, faulty::FaultyStore};
use tempfile::TempDir;

use super::node::Key;

const REFRESH_TTL: Duration = Duration::from_secs(7200);

struct Node {
    folder: TempDir,
    store: FaultyStore,
    ring: KeyRing,
    sessions: Sessions,
}

impl Node {
    fn new(store: &FaultyStore, clock: &FakeClock, access: &SigningKey, keys: &[&Key]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for key in keys {
            key.put(folder.path());
        }
        let ring = KeyRing::of_refresh_keys(folder.path())
            .max_silence(Duration::from_secs(600))
            .clock(clock.shared())
            .build()
            .unwrap();
        let issuer = TokenIssuer::builder(access.clone())
            .shape(TokenShape::password_grant())
            .clock(clock.shared())
            .build()
            .unwrap();
        let longest = Duration::from_secs(900);
        let revocations =
            Revocations::new(DynSessionStore::new(store.clone()), clock.shared(), longest);
        let sessions = Sessions::builder(revocations, issuer)
            .refresh_ring(ring.clone())
            .refresh_ttl(REFRESH_TTL)
            .build()
            .unwrap();
        Self {
            folder,
            store: store.clone(),
            ring,
            sessions,
        }
    }

    async fn look(&self) {
        self.ring.scan();
        self.ring.sync(&self.store).await.unwrap();
    }

    async fn open(&self) -> Result<TokenPair, SessionError> {
        let ticket = self.sessions.begin_login().await?;
        let alice = Subject::new("users", "alice");
        self.sessions
            .open(ticket, &OpenSession::login(&alice))
            .await
    }

    async fn refresh(&self, pair: &TokenPair) -> Result<TokenPair, SessionError> {
        let token = pair.refresh.as_ref().unwrap().token().expose();
        let presented = self.sessions.read(token.as_bytes())?;
        self.sessions
            .refresh(&presented, &RefreshRequest::new())
            .await
    }
}

async fn pass(clock: &FakeClock, nodes: &[&Node], time: Duration) {
    for _ in 0..time.as_secs() / 20 {
        clock.advance(Duration::from_secs(20));
        for node in nodes {
            node.look().await;
        }
    }
}

fn service() -> (FakeClock, FaultyStore, SigningKey, Key, Key) {
    let clock = FakeClock::new();
    let store = FaultyStore::new(MemoryStore::new(clock.shared()));
    let access = SigningKey::generate(Algorithm::HS256).unwrap();
    let [old, new] = ["1.jwk", "2.jwk"].map(|file| Key::new(file, Algorithm::HS256));
    (clock, store, access, old, new)
}

#[tokio::test]
async fn sessions_outlive_the_keys_of_their_refresh_tokens() {
    let (clock, store, access, old, new) = service();
    let [first, second] = [(); 2].map(|()| Node::new(&store, &clock, &access, &[&old]));
    pass(&clock, &[&first, &second], Duration::from_secs(20)).await;
    let idle = first.open().await.unwrap();
    let mut busy = second.open().await.unwrap();
    for node in [&first, &second] {
        new.put(node.folder.path());
    }
    let signing = || first.ring.health().signing.unwrap();
    for round in 0..60 {
        pass(&clock, &[&first, &second], Duration::from_secs(60)).await;
        let node = [&first, &second][round % 2];
        busy = node.refresh(&busy).await.unwrap();
    }
    assert_eq!(signing(), new.id());
    // Almost at the end of its life, and made with the old key.
    pass(&clock, &[&first, &second], Duration::from_secs(3540)).await;
    let idle = second.refresh(&idle).await.unwrap();
    pass(&clock, &[&first, &second], Duration::from_secs(4000)).await;
    let keys = second.ring.health().keys;
    assert!(matches!(keys[0].stage, RingStage::Retired(_)), "{keys:?}");
    first.refresh(&idle).await.unwrap();
}

#[tokio::test]
async fn a_token_whose_key_is_missing_here_ends_no_session() {
    let (clock, store, access, old, new) = service();
    let first = Node::new(&store, &clock, &access, &[&new]);
    first.look().await;
    let pair = first.open().await.unwrap();
    let second = Node::new(&store, &clock, &access, &[&old]);
    for _ in 0..2 {
        let error = second.refresh(&pair).await.unwrap_err();
        assert_eq!(error.kind(), SessionErrorKind::Unavailable);
        let error = second.open().await.unwrap_err();
        assert_eq!(error.kind(), SessionErrorKind::Unavailable);
        second.look().await;
    }
    let alice = Subject::new("users", "alice");
    assert_eq!(first.sessions.list(&alice).await.unwrap().len(), 1);
    new.put(second.folder.path());
    second.look().await;
    let pair = second.refresh(&pair).await.unwrap();
    // What nobody has made is refused all the same.
    let other = FaultyStore::new(MemoryStore::new(clock.shared()));
    let stranger = Key::new("3.jwk", Algorithm::HS256);
    let stranger = Node::new(&other, &clock, &access, &[&stranger]);
    stranger.look().await;
    let error = stranger.refresh(&pair).await.unwrap_err();
    assert_eq!(
        error.kind(),
        SessionErrorKind::Token(RefreshErrorKind::UnknownKey)
    );
    // A node that has heard nothing for too long cannot say.
    clock.advance(Duration::from_secs(600));
    let error = second.refresh(&pair).await.unwrap_err();
    assert_eq!(error.kind(), SessionErrorKind::Unavailable);
}

#[tokio::test]
async fn an_access_key_makes_no_refresh_tokens() {
    let (clock, store, access, old, _) = service();
    let shared = Key {
        file: "9.jwk",
        key: access.clone(),
    };
    let node = Node::new(&store, &clock, &access, &[&old, &shared]);
    node.look().await;
    // The ring would have it sign, being the last.
    let error = node.open().await.unwrap_err();
    assert_eq!(error.kind(), SessionErrorKind::Unavailable);
    // Nor is there a session that nobody has a token of.
    let alice = Subject::new("users", "alice");
    assert!(store.sessions(&alice).await.unwrap().is_empty());
}

#[test]
fn a_ring_of_other_keys_makes_no_refresh_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let clock = FakeClock::new();
    let builder = || {
        let key = SigningKey::generate(Algorithm::HS256).unwrap();
        let issuer = TokenIssuer::builder(key)
            .shape(TokenShape::password_grant())
            .build()
            .unwrap();
        let store = DynSessionStore::new(MemoryStore::new(clock.shared()));
        let longest = Duration::from_secs(900);
        Sessions::builder(Revocations::new(store, clock.shared(), longest), issuer)
    };
    let access = KeyRing::of_access_keys(folder.path()).build().unwrap();
    assert!(builder().refresh_ring(access).build().is_err());
    let refresh = || KeyRing::of_refresh_keys(folder.path()).build().unwrap();
    assert!(builder().refresh_ring(refresh()).build().is_ok());
    let both = builder().refresh_ring(refresh());
    let both = both.refresh_keys(RefreshKeys::generate().unwrap());
    assert!(both.build().is_err());
}
