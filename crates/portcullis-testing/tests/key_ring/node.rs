//! Nodes of one service, each with a directory of its own, and a foreign
//! verifier.

use std::{path::Path, time::Duration};

use portcullis::{
    issue::{AccessToken, IssueError, KeyRing, RingStage, TokenIssuer},
    jose::{Algorithm, KeySet, SigningKey},
    subject::Subject,
    time::Clock,
    verify::{KeySource, KeyTerms, LiveKeys, MissingKey, TokenCache, Verifier, VerifyError},
};
use portcullis_testing::{clock::FakeClock, faulty::FaultyStore};
use tempfile::TempDir;

pub(crate) const TTL: Duration = Duration::from_secs(900);
pub(crate) const MAX_AGE: Duration = Duration::from_secs(300);
pub(crate) const LEASE: Duration = Duration::from_secs(60);
pub(crate) const SILENCE: Duration = Duration::from_secs(1200);
pub(crate) const TICK: Duration = Duration::from_secs(10);

/// A process that issues and verifies.
pub(crate) struct Node {
    pub(crate) folder: TempDir,
    pub(crate) store: FaultyStore,
    pub(crate) ring: KeyRing,
    pub(crate) issuer: TokenIssuer,
    pub(crate) verifier: Verifier,
}

impl Node {
    pub(crate) fn new(store: &FaultyStore, clock: &FakeClock, keys: &[&Key]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for key in keys {
            key.put(folder.path());
        }
        Self::in_folder(folder, store, clock)
    }

    pub(crate) fn in_folder(folder: TempDir, store: &FaultyStore, clock: &FakeClock) -> Self {
        let ring = KeyRing::of_access_keys(folder.path())
            .max_age(MAX_AGE)
            .lease(LEASE)
            .max_silence(SILENCE)
            .clock(clock.shared())
            .build()
            .unwrap();
        let issuer = TokenIssuer::builder(ring.clone())
            .issuer("https://issuer.example")
            .audience("https://api.example")
            .access_ttl(TTL)
            .clock(clock.shared())
            .build()
            .unwrap();
        let verifier = issuer.verifier().cache(TokenCache::new()).build().unwrap();
        Self {
            folder,
            store: store.clone(),
            ring,
            issuer,
            verifier,
        }
    }

    /// What a node does at each interval.
    pub(crate) async fn look(&self) {
        self.ring.scan();
        let _ = self.ring.sync(&self.store).await;
    }

    pub(crate) fn issue(&self) -> Result<String, IssueError> {
        let alice = Subject::new("users", "alice");
        let token = self
            .issuer
            .access(&AccessToken::new(&alice).client("web"))?;
        Ok(token.token().expose().to_owned())
    }

    pub(crate) fn verify(&self, token: &str) -> Result<(), VerifyError> {
        self.verifier.verify_now(token.as_bytes()).map(drop)
    }

    pub(crate) fn signing(&self) -> Option<String> {
        self.ring.health().signing
    }

    pub(crate) fn stage(&self, key: &Key) -> Option<RingStage> {
        let keys = self.ring.health().keys;
        let found = keys.into_iter().find(|known| known.id == key.id());
        found.map(|key| key.stage)
    }
}

/// A key and the name of its file.
pub(crate) struct Key {
    pub(crate) file: &'static str,
    pub(crate) key: SigningKey,
}

impl Key {
    pub(crate) fn new(file: &'static str, algorithm: Algorithm) -> Self {
        Self {
            file,
            key: SigningKey::generate(algorithm).unwrap(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        self.key.key_id().unwrap()
    }

    pub(crate) fn put(&self, folder: &Path) {
        let jwk = self.key.to_jwk().unwrap();
        std::fs::write(folder.join(self.file), jwk.expose()).unwrap();
    }

    pub(crate) fn remove(&self, folder: &Path) {
        std::fs::remove_file(folder.join(self.file)).unwrap();
    }
}

/// Lets `time` pass, while all nodes look at their intervals.
pub(crate) async fn pass(clock: &FakeClock, nodes: &[&Node], time: Duration) {
    let mut passed = Duration::ZERO;
    while passed < time {
        clock.advance(TICK);
        passed += TICK;
        for node in nodes {
            node.look().await;
        }
    }
}

/// Another service, which fetches the key set when its copy is as old as it may
/// be, and never because of a token that it does not know the key of.
#[derive(Clone)]
pub(crate) struct Foreign {
    keys: LiveKeys,
    clock: FakeClock,
}

impl KeySource for Foreign {
    fn keys(&self) -> &LiveKeys {
        &self.keys
    }

    fn missing(&self) -> MissingKey {
        MissingKey::Absent
    }
}

impl Foreign {
    pub(crate) fn new(clock: &FakeClock) -> (Self, Verifier) {
        let foreign = Self {
            keys: LiveKeys::new(&[Algorithm::ES256, Algorithm::Ed25519]),
            clock: clock.clone(),
        };
        let verifier = Verifier::builder()
            .keys_from(foreign.clone())
            .issuer("https://issuer.example")
            .audience("https://api.example")
            .clock(clock.shared())
            .cache(TokenCache::new())
            .build()
            .unwrap();
        (foreign, verifier)
    }

    pub(crate) fn fetch(&self, node: &Node) {
        let json = node.ring.public_keys().public_jwks();
        let (keys, skipped) =
            KeySet::from_jwks(json.as_bytes(), &[Algorithm::ES256, Algorithm::Ed25519]).unwrap();
        assert!(skipped.is_empty());
        let until = self.clock.now().saturating_add(Duration::from_secs(3600));
        let terms = KeyTerms {
            settled_until: until,
            good_until: until,
        };
        self.keys.publish(keys, terms);
    }
}
