//! A token before it is signed.

use std::sync::atomic::{AtomicU64, Ordering};

use portcullis::jose::SigningKey;
use serde_json::{Map, Value, json};

use super::{Mint, hostile};

/// A token before it is signed: change what the test is about, then
/// [`build`](Self::build).
///
/// Nothing is checked: header and claims say what the test wants.
///
/// ```
/// use portcullis_testing::mint::Mint;
///
/// let mint = Mint::new();
/// let no_type = mint.token("alice").without_header("typ").build();
/// let fractions = mint.token("alice").claim("exp", 4_000_000_000.5).build();
/// let never = mint.token("alice").without("exp").build();
/// # assert!(mint.verifier().verify_now(no_type.as_bytes()).is_ok());
/// # assert!(mint.verifier().verify_now(fractions.as_bytes()).is_ok());
/// # assert!(mint.verifier().verify_now(never.as_bytes()).is_err());
/// ```
#[derive(Clone, Debug)]
#[must_use = "a draft is no token until it is built"]
pub struct Draft {
    mint: Mint,
    header: Map<String, Value>,
    claims: Map<String, Value>,
    // What the mint wrote, to tell what the test did.
    minted: Map<String, Value>,
    key: SigningKey,
    now: i64,
}

impl Mint {
    /// A token for `subject`, to be changed and [built](Draft::build).
    pub fn token(&self, subject: &str) -> Draft {
        Draft::new(self, subject)
    }

    /// A log-out token (OpenID Connect Back-Channel Logout 1.0 section 2.4) for
    /// all sessions of `subject` at the audience, to be changed and
    /// [built](Draft::build).
    ///
    /// ```
    /// use portcullis_testing::mint::Mint;
    ///
    /// let mint = Mint::new();
    /// let everywhere = mint.logout_token("alice").build();
    /// let one_session = mint.logout_token("alice").without("sub").claim("sid", "s-1").build();
    /// ```
    pub fn logout_token(&self, subject: &str) -> Draft {
        Draft::new(self, subject)
            .without("client_id")
            .claim("events", json!({LOGOUT_EVENT: {}}))
            .header("typ", "logout+jwt")
    }
}

/// The member of `events` that makes a token one for logging out.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

impl Draft {
    fn new(mint: &Mint, subject: &str) -> Self {
        let now = mint.now();
        let claims = minted(mint, now, subject.into());
        Self {
            mint: mint.clone(),
            header: header_of(&mint.key),
            minted: claims.clone(),
            claims,
            key: mint.key.clone(),
            now,
        }
    }

    /// The same token, minted now: dates and `jti` are new, unless the test has set or
    /// removed them.
    ///
    /// ```
    /// use std::time::Duration;
    /// use portcullis_testing::{clock::FakeClock, mint::Mint};
    ///
    /// let clock = FakeClock::new();
    /// let mint = Mint::new().clock(clock.shared());
    /// let token = mint.token("alice").claim("scope", "stations:read");
    /// clock.advance(Duration::from_secs(24 * 60 * 60));
    /// assert!(mint.verifier().verify_now(token.build().as_bytes()).is_err());
    /// assert!(mint.verifier().verify_now(token.renewed().build().as_bytes()).is_ok());
    /// ```
    pub fn renewed(&self) -> Self {
        let now = self.mint.now();
        let subject = self.minted.get("sub").cloned().unwrap_or_default();
        let minted = minted(&self.mint, now, subject);
        let mut claims = self.claims.clone();
        for (name, value) in &minted {
            if claims.get(name) == self.minted.get(name) {
                claims.insert(name.clone(), value.clone());
            }
        }
        Self {
            claims,
            minted,
            now,
            ..self.clone()
        }
    }

    /// Sets a claim.
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Sets `aud`.
    pub fn audience(self, audience: &str) -> Self {
        self.claim("aud", audience)
    }

    /// Leaves a claim out.
    pub fn without(mut self, name: &str) -> Self {
        self.claims.remove(name);
        self
    }

    /// Sets a header parameter.
    pub fn header(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a header parameter out.
    pub fn without_header(mut self, name: &str) -> Self {
        self.header.remove(name);
        self
    }

    /// Lets it have expired an hour ago, beyond any leeway.
    pub fn expired(self) -> Self {
        let now = self.now;
        self.claim("iat", now.saturating_sub(7200))
            .claim("exp", now.saturating_sub(3600))
    }

    /// Signs with another key, and says so in `alg` and `kid`.
    pub fn signed_by(mut self, key: &SigningKey) -> Self {
        for (name, value) in header_of(key) {
            self.header.insert(name, value);
        }
        if key.key_id().is_none() {
            self.header.remove("kid");
        }
        self.key = key.clone();
        self
    }

    /// Signs with another key, under the header that is there.
    pub fn forged_by(mut self, key: &SigningKey) -> Self {
        self.key = key.clone();
        self
    }

    /// The header as it would be signed.
    pub fn header_json(&self) -> String {
        Value::Object(self.header.clone()).to_string()
    }

    /// The claims as they would be signed.
    pub fn claims_json(&self) -> String {
        Value::Object(self.claims.clone()).to_string()
    }

    pub(super) fn mint(&self) -> &Mint {
        &self.mint
    }

    /// The token, in the compact serialization.
    pub fn build(&self) -> String {
        hostile::signed(self.header_json(), self.claims_json(), &self.key)
    }

    /// The token as the value of an `Authorization` header field.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.build())
    }
}

fn minted(mint: &Mint, now: i64, subject: Value) -> Map<String, Value> {
    let ttl = i64::try_from(mint.ttl.as_secs()).unwrap_or(i64::MAX);
    object(json!({
        "iss": &*mint.issuer,
        "aud": &*mint.audience,
        "sub": subject,
        "client_id": "test-client",
        "iat": now,
        "exp": now.saturating_add(ttl),
        "jti": next_id(),
    }))
}

fn header_of(key: &SigningKey) -> Map<String, Value> {
    let mut header = object(json!({"typ": "at+jwt", "alg": key.header_name()}));
    if let Some(id) = key.key_id() {
        header.insert("kid".to_owned(), id.into());
    }
    header
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// Token ids that differ, and are the same in every run of a single test.
fn next_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("token-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}
