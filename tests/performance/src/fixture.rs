//! The tokens that everybody is given, and what everybody reads out of them.

use std::time::{SystemTime, UNIX_EPOCH};

use http::HeaderValue;
use portcullis::{
    jose::{Algorithm, SigningKey, encode_compact},
    verify::{TokenCache, Verifier, VerifierBuilder},
};
use portcullis_testing::keys;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub const ISSUER: &str = "https://issuer.example";
pub const AUDIENCE: &str = "https://api.example";
pub const KEY_ID: &str = "2026-01";

const TOKEN_IDS: [&str; 2] = [
    "dbe39bf3a3ba4238a513f51d6e1691c4",
    "1c0d6f8c54be4b5d9d0b8f2f9ab07e63",
];

/// The algorithms of the tables.
pub const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::HS256,
    Algorithm::RS256,
    Algorithm::PS256,
    Algorithm::ES256,
    Algorithm::Ed25519,
];

/// The claims that every handler asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct User {
    pub sub: String,
    pub scope: String,
    pub exp: u64,
}

/// One algorithm's tokens.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub algorithm: Algorithm,
    pub token: String,
    /// Another good one.
    pub other: String,
    /// The other one's claims under the first one's signature. That of another
    /// RSA key would sometimes be too large for ours, and refused at once.
    pub forged: String,
}

impl Fixture {
    pub fn new(algorithm: Algorithm) -> Self {
        let [token, other] = TOKEN_IDS.map(|id| token(keys::signing(algorithm), id));
        let forged = match (other.rsplit_once('.'), token.rsplit_once('.')) {
            (Some((claims, _)), Some((_, signature))) => format!("{claims}.{signature}"),
            _ => unreachable!("tokens have three parts"),
        };
        Self {
            algorithm,
            token,
            other,
            forged,
        }
    }

    pub fn signing_key(&self) -> SigningKey {
        keys::signing(self.algorithm).with_key_id(KEY_ID)
    }

    /// A verifier as the guide shows it.
    pub fn verifier(&self) -> Verifier {
        self.verifier_builder()
            .build()
            .expect("the fixture is complete")
    }

    /// The same with a cache, in which shared secrets have to be asked for.
    pub fn cached(&self) -> Verifier {
        let cache = TokenCache::new().with_shared_secrets();
        self.verifier_builder()
            .cache(cache)
            .build()
            .expect("the fixture is complete")
    }

    pub fn verifier_builder(
        &self,
    ) -> VerifierBuilder<
        portcullis::verify::Ready,
        portcullis::verify::Ready,
        portcullis::verify::Ready,
    > {
        Verifier::builder()
            .keys(self.signing_key().verifying_key())
            .issuer(ISSUER)
            .audience(AUDIENCE)
    }

    /// The name in the headers, by which the peers go too.
    pub fn name(&self) -> &'static str {
        match self.algorithm {
            Algorithm::Ed25519 => "EdDSA",
            other => other.name(),
        }
    }
}

/// An access token of RFC 9068 as identity providers write it.
fn token(key: SigningKey, id: &str) -> String {
    let key = key.with_key_id(KEY_ID);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let claims = json!({
        "iss": ISSUER,
        "sub": "5ba552d67c8b4e0fa1d6b3a5f4c2e918",
        "aud": AUDIENCE,
        "client_id": "s6BhdRkqt3",
        "iat": now,
        "exp": now + 86_400,
        "jti": id,
        "scope": "stations:read stations:write",
    });
    encode_compact(
        key.header_json(Some("at+jwt")).as_bytes(),
        claims.to_string().as_bytes(),
        &key,
    )
    .expect("the fixture can be signed")
}

/// What an attacker sends, or somebody by mistake.
pub fn garbage() -> HeaderValue {
    bearer("not-a-token")
}

/// Eight kilobytes that look like a token from afar.
pub fn long_garbage() -> HeaderValue {
    bearer(&"A".repeat(8 * 1024 - 7))
}

pub fn bearer(token: &str) -> HeaderValue {
    HeaderValue::try_from(format!("Bearer {token}")).expect("tokens are header values")
}
