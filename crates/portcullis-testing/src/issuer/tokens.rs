//! What introspection says of tokens (RFC 7662 section 2.2).

use std::collections::HashMap;

use portcullis::jose::{CompactJws, MAX_SIGNATURE};
use serde_json::{Map, Value, json};

use super::keys::IssuerKeys;

/// No token of a test is longer.
const MAX_TOKEN: usize = 64 * 1024;

/// Tokens that introspection has something of its own to say about.
#[derive(Default)]
pub(super) struct Tokens {
    answers: HashMap<String, Value>,
    opaque: usize,
}

impl Tokens {
    /// Says this of a token from now on, whatever it is.
    pub(super) fn set(&mut self, token: &str, answer: Value) {
        self.answers.insert(token.to_owned(), answer);
    }

    /// A token of no meaning, with these claims.
    pub(super) fn opaque(&mut self, claims: &str) -> String {
        self.opaque += 1;
        let token = format!("opaque-token-{}", self.opaque);
        let claims = serde_json::from_str(claims).unwrap_or_default();
        self.set(&token, active(claims));
        token
    }

    /// The answer about a token: what was set; of its own tokens the claims,
    /// until they expire; of all others that they are not active.
    pub(super) fn introspect(&self, token: &str, keys: &IssuerKeys, now: i64) -> Value {
        let answer = match self.answers.get(token) {
            Some(answer) => Some(answer.clone()),
            None => own_claims(token, keys).map(active),
        };
        match answer {
            Some(answer) if is_in_time(&answer, now) => answer,
            _ => inactive(),
        }
    }
}

/// All that is said of a token that is not good (RFC 7662 section 2.2).
pub(super) fn inactive() -> Value {
    json!({"active": false})
}

fn active(mut claims: Map<String, Value>) -> Value {
    claims.insert("active".to_owned(), true.into());
    claims
        .entry("token_type")
        .or_insert_with(|| "Bearer".into());
    Value::Object(claims)
}

/// The claims of a token that one of these keys has signed.
fn own_claims(token: &str, keys: &IssuerKeys) -> Option<Map<String, Value>> {
    let jws = CompactJws::parse(token.as_bytes(), MAX_TOKEN).ok()?;
    let (mut signature, mut payload) = ([0; MAX_SIGNATURE], Vec::new());
    let signature = jws.decode_signature(&mut signature).ok()?;
    let input = jws.signing_input();
    let mut verifying = keys.owned().map(|key| key.verifying_key());
    verifying.find(|key| key.verify(input, signature).is_ok())?;
    jws.decode_payload(&mut payload).ok()?;
    serde_json::from_slice(&payload).ok()
}

fn is_in_time(answer: &Value, now: i64) -> bool {
    let date = |name: &str| answer.get(name).and_then(Value::as_f64);
    let now = now as f64;
    date("exp").is_none_or(|exp| now < exp) && date("nbf").is_none_or(|nbf| nbf <= now)
}
