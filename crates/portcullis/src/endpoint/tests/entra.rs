//! A tenant of Entra ID: its key, its ID tokens, and its faults.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::fixture::{self, People, Server};
use crate::{
    endpoint::{EntraIdTokens, SingleSignOn},
    jose::{Algorithm, SigningKey, encode_compact},
    session::SessionStore,
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
    verify::{KeySource, KeyTerms, KeysUnavailable, LiveKeys, MissingKey, Verifier},
};

pub(super) const TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
pub(super) const CLIENT: &str = "6731de76-14a6-49ae-97bc-6eba6914391e";
pub(super) const ISSUER: &str =
    "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0";

/// What the issuer answers when it is asked for its keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Nothing in time.
    Down(KeysUnavailable),
    /// Its key, after a while.
    Key,
}

/// The tenant. Its keys are fetched when they are needed first.
#[derive(Clone)]
pub(super) struct Entra(Arc<Inner>);

struct Inner {
    clock: SharedClock,
    keys: LiveKeys,
    answer: Mutex<Answer>,
}

impl Entra {
    pub(super) fn new(clock: SharedClock) -> Self {
        Self(Arc::new(Inner {
            clock,
            keys: LiveKeys::new(&[Algorithm::RS256]),
            answer: Mutex::new(Answer::Key),
        }))
    }

    pub(super) fn id_tokens() -> EntraIdTokens {
        EntraIdTokens::new(TENANT, CLIENT).unwrap()
    }

    pub(super) fn verifier(&self) -> Verifier {
        Verifier::builder()
            .keys_from(self.clone())
            .issuer(ISSUER)
            .audience(CLIENT)
            .clock(self.0.clock.clone())
            .build()
            .unwrap()
    }

    pub(super) fn single_sign_on(&self, people: People) -> SingleSignOn {
        SingleSignOn::new(self.verifier(), Self::id_tokens(), people)
    }

    /// What it answers from now on; it forgets the keys.
    pub(super) fn answers(&self, answer: Answer) {
        self.0.keys.withdraw();
        *self.0.answer.lock().unwrap() = answer;
    }

    /// The claims of an ID token that was given just now, for an hour.
    pub(super) fn claims(&self, object: &str) -> Value {
        let now = self.0.clock.now().as_secs();
        json!({
            "ver": "2.0", "iss": ISSUER, "tid": TENANT, "aud": CLIENT, "oid": object,
            "sub": format!("pairwise {object}"), "iat": now, "nbf": now, "exp": now + 3600,
            "preferred_username": "robot", "email": "robot@example.com", "nonce": "n",
        })
    }

    pub(super) fn token(&self, object: &str) -> String {
        sign(&self.claims(object))
    }
}

/// Signed with the tenant's key.
pub(super) fn sign(claims: &Value) -> String {
    encode_compact(
        br#"{"typ":"JWT","alg":"RS256","kid":"entra"}"#,
        claims.to_string().as_bytes(),
        &key(),
    )
    .unwrap()
}

pub(super) fn key() -> SigningKey {
    // Making one takes seconds.
    let pem = include_bytes!("../../../../portcullis-testing/keys/rsa.pem");
    let key = SigningKey::from_pem(Algorithm::RS256, pem).unwrap();
    key.with_key_id("entra")
}

/// A key that is not the tenant's.
pub(super) fn other_key() -> SigningKey {
    let pem = include_bytes!("../../../../portcullis-testing/keys/rsa.other.pem");
    SigningKey::from_pem(Algorithm::RS256, pem).unwrap()
}

impl KeySource for Entra {
    fn keys(&self) -> &LiveKeys {
        &self.0.keys
    }

    fn missing(&self) -> MissingKey {
        let entra = self.0.clone();
        match *self.0.answer.lock().unwrap() {
            Answer::Down(error) => MissingKey::Unavailable(error),
            Answer::Key => MissingKey::Wait(Box::pin(async move {
                tokio::task::yield_now().await;
                let later = Timestamp::from_millis(i64::MAX);
                let terms = KeyTerms {
                    settled_until: later,
                    good_until: later,
                };
                entra.keys.publish(key().verifying_key().into(), terms);
                Ok(())
            })),
        }
    }
}

pub(super) const SSO: &str = "/api/users/sso";

pub(super) async fn sign_on(server: &Server, token: &str) -> fixture::Answer {
    server.bearer("POST", SSO, token).await
}

/// As all tokens that are not good, whatever the reason.
pub(super) fn is_refused(answer: &fixture::Answer) {
    answer.is(401);
    assert_eq!(answer.body(), r#"{"login":false,"error":"invalid_token"}"#);
    assert_eq!(
        answer.header("www-authenticate"),
        Some(r#"Bearer realm="api", error="invalid_token""#)
    );
}

pub(super) fn is_unavailable(answer: &fixture::Answer) {
    answer.is(503);
    let body = r#"{"login":false,"error":"temporarily_unavailable"}"#;
    assert_eq!(answer.body(), body);
    assert_eq!(answer.header("retry-after"), Some("3"));
    assert_eq!(answer.header("www-authenticate"), None);
}

/// How many sessions alice has.
pub(super) async fn session_count(server: &Server) -> usize {
    let sessions = server.store.sessions(&Subject::new("users", "alice")).await;
    sessions.unwrap().len()
}
