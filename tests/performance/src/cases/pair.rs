//! Issuing a pair of HS256 tokens, as opening and refreshing a session do; the
//! store is not asked.

use aws_lc_rs::hmac;
use portcullis::{
    issue::{AccessToken, IssuedToken, TokenIssuer},
    jose::{Algorithm, CompactJws, encode_segment},
    secret::SecretString,
    session::{
        SessionId, Successor,
        refresh::{RefreshFamily, RefreshKeys, RefreshTokens, SessionSecret},
    },
    subject::Subject,
    time::{Clock, SharedClock},
};
use portcullis_testing::keys;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::issuing;
use crate::{
    fixture::{Fixture, KEY_ID},
    measure::Case,
};

/// What cannot be saved: the signatures, and the claims written by serde_json.
pub fn floor() -> Case {
    let (access, refresh) = Pair::new().issue();
    let key = hmac::Key::new(hmac::HMAC_SHA256, keys::secret(Algorithm::HS256));
    let (access, access_input) = parts::<AccessClaims>(access.token());
    let (refresh, refresh_input) = parts::<RefreshClaims>(&refresh);
    Case::new("two HMACs and the serialization", move || {
        let segments = [segment(&access), segment(&refresh)];
        let tags = [&access_input, &refresh_input].map(|input| hmac::sign(&key, input));
        (segments, tags)
    })
}

/// An access token and a refresh token.
pub fn pair() -> Case {
    let pair = Pair::new();
    Case::new("portcullis, a pair of tokens", move || pair.issue())
}

struct Pair {
    issuer: TokenIssuer,
    refresh: RefreshTokens,
    family: RefreshFamily,
    successor: Successor,
}

impl Pair {
    fn new() -> Self {
        let fixture = Fixture::new(Algorithm::HS256);
        let issuer = issuing::issuer(&fixture);
        let key = keys::signing(Algorithm::HS256).with_key_id(KEY_ID);
        let keys = RefreshKeys::new(key, []).expect("the fixture is complete");
        let now = SharedClock::default().now();
        Self {
            refresh: RefreshTokens::new(keys, &issuer),
            issuer,
            family: RefreshFamily {
                subject: Subject::new("users", "5ba552d67c8b4e0fa1d6b3a5f4c2e918"),
                session: SessionId::random().expect("there is randomness"),
                secret: SessionSecret::random().expect("there is randomness"),
                client: Some("s6BhdRkqt3".to_owned()),
                scope: "stations:read stations:write".parse().expect("scopes"),
                auth_time: Some(now),
                acr: None,
                amr: Vec::new(),
                confirmation: None,
                data: None,
            },
            successor: Successor {
                generation: 3,
                rotated_at: now,
                idle_deadline: now,
                absolute_deadline: now,
                refresh_key: KEY_ID.into(),
            },
        }
    }

    fn issue(&self) -> (IssuedToken, SecretString) {
        let family = &self.family;
        let token = AccessToken::new(&family.subject)
            .session(family.session.as_str())
            .client(family.client.as_deref())
            .scope(family.scope.clone())
            .auth_time(family.auth_time);
        let access = self.issuer.access(&token).expect("it can be issued");
        let refresh = self.refresh.encode(family, &self.successor);
        (access, refresh.expect("it can be issued"))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessClaims {
    aud: String,
    auth_time: i64,
    client_id: String,
    exp: i64,
    iat: i64,
    iss: String,
    jti: String,
    nbf: i64,
    scope: String,
    sid: String,
    sub: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RefreshClaims {
    r#type: String,
    iss: String,
    aud: String,
    realm: String,
    sub: String,
    sid: String,
    r#gen: u64,
    sec: String,
    client_id: String,
    scope: String,
    auth_time: i64,
    iat: i64,
    nbf: i64,
    exp: i64,
    session_exp: i64,
    jti: String,
}

/// The claims of a token, and what is signed.
fn parts<T: DeserializeOwned>(token: &SecretString) -> (T, Vec<u8>) {
    let token = CompactJws::parse(token.expose().as_bytes(), 8192).expect("it is a token");
    let mut json = Vec::new();
    token.decode_payload(&mut json).expect("it is base64");
    let claims = serde_json::from_slice(&json).expect("all claims are known");
    (claims, token.signing_input().to_vec())
}

fn segment(claims: &impl Serialize) -> String {
    encode_segment(&serde_json::to_vec(claims).expect("it serializes"))
}
