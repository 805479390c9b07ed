//! Tokens as identity providers make them, judged by verifiers that know the
//! provider by name.
//!
//! The key sets and claims in `data` are made by hand from what each provider
//! documents of itself, with the RSA keys of `portcullis-testing` in them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod addresses;
mod entra;
mod others;
mod requests;
mod services;

use portcullis::{
    jose::{Algorithm, KeySet, SigningKey, encode_compact},
    time::{SharedClock, Timestamp},
    verify::{
        Ready, Verified, Verifier, VerifierBuilder, VerifyError, VerifyErrorKind,
        providers::Provider,
    },
};
use portcullis_testing::{clock::FakeClock, keys};
use serde_json::Value;

/// When the tokens in `data` were issued.
const NOW: i64 = 1_700_000_000;

fn clock() -> SharedClock {
    FakeClock::at(Timestamp::from_secs(NOW + 10)).shared()
}

/// A provider's key set, and tokens of its shape.
struct Shape(Value);

macro_rules! shape {
    ($name:literal) => {
        crate::Shape::read(include_str!(concat!("data/", $name, ".json")))
    };
}
pub(crate) use shape;

impl Shape {
    fn read(json: &str) -> Self {
        Self(serde_json::from_str(json).unwrap())
    }

    /// Its keys, as a verifier of `provider` reads them.
    fn keys(&self, provider: &Provider) -> KeySet {
        let document = self.0["jwks"].to_string();
        let keys = KeySet::from_public_jwks(document.as_bytes(), Some(provider.algorithms()));
        keys.unwrap().0
    }

    fn builder(&self, provider: &Provider, audience: &str) -> VerifierBuilder<Ready, Ready, Ready> {
        let builder = Verifier::builder().keys(self.keys(provider)).clock(clock());
        provider.apply(builder).audience(audience)
    }

    fn verifier(&self, provider: &Provider, audience: &str) -> Verifier {
        self.builder(provider, audience).build().unwrap()
    }

    /// The claims of a token of this kind, with some that are others: `null` takes one
    /// away.
    fn claims(&self, kind: &str, changes: &Value) -> Value {
        let mut claims = self.0[kind].clone();
        let members = claims.as_object_mut().unwrap();
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => members.remove(name),
                value => members.insert(name.clone(), value.clone()),
            };
        }
        claims
    }

    fn token(&self, kind: &str, changes: &Value) -> String {
        let claims = self.claims(kind, changes);
        sign(&self.0["header"], &claims, &keys::signing(Algorithm::RS256))
    }

    fn judge(
        &self,
        verifier: &Verifier,
        kind: &str,
        changes: &Value,
    ) -> Result<Verified, VerifyError> {
        verifier.verify_now(self.token(kind, changes).as_bytes())
    }

    /// Goes through a table of changes to one kind of token, and what comes of each.
    fn check(&self, verifier: &Verifier, kind: &str, table: &[Row]) {
        for (changes, expected) in table {
            let found = self.judge(verifier, kind, changes);
            let found = found.map(drop).map_err(|error| error.kind());
            assert_eq!(found, *expected, "{kind} with {changes}");
        }
    }
}

type Row = (Value, Result<(), VerifyErrorKind>);

fn sign(header: &Value, claims: &Value, key: &SigningKey) -> String {
    let [header, claims] = [header, claims].map(Value::to_string);
    encode_compact(header.as_bytes(), claims.as_bytes(), key).unwrap()
}
