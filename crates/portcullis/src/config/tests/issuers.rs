//! Issuers and rings.

use serde_json::{Value, json};

use super::{paths, with};
use crate::{
    config::{ConfigProblems, IssuerConfig, KeyRingConfig},
    issue::{AccessToken, KeyRing, TokenIssuer},
    jose::{Algorithm, KeySet, SigningKey},
    subject::Subject,
    time::SharedClock,
};

fn build(json: &Value) -> Result<TokenIssuer, ConfigProblems> {
    let config: IssuerConfig = serde_json::from_value(json.clone()).unwrap();
    config.build()
}

fn base() -> Value {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let key = key.to_jwk().unwrap();
    json!({ "issuer": "https://issuer.example", "audience": "api", "signing_key": key.expose() })
}

/// The header and claims of a token that it issues.
fn token(json: &Value) -> (Value, Value) {
    let issuer = build(json).unwrap_or_else(|problems| panic!("{problems}: {json}"));
    let alice = Subject::new(issuer.shape().realm(), "alice");
    let issued = issuer.access(&AccessToken::new(&alice).client("mobile"));
    let issued = issued.unwrap();
    let token = issued.token().expose();
    assert!(
        issuer
            .verifier()
            .build()
            .unwrap()
            .verify_now(token.as_bytes())
            .is_ok()
    );
    let part = |index: usize| {
        let part = token.split('.').nth(index).unwrap();
        let mut decoded = Vec::new();
        crate::jose::decode_segment(part.as_bytes(), &mut decoded).unwrap();
        serde_json::from_slice(&decoded).unwrap()
    };
    (part(0), part(1))
}

#[test]
fn each_setting_does_what_the_builders_does() {
    let (header, claims) = token(&with(
        &base(),
        json!({ "access_ttl": "5m", "key_id": "k1" }),
    ));
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["kid"], "k1");
    assert_eq!(claims["iss"], "https://issuer.example");
    assert_eq!(claims["aud"], "api");
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(lifetime, 300);

    let (header, claims) = token(&with(
        &base(),
        json!({ "shape": "plain", "subject_claim": "uid", "subject_realm": "staff",
            "audience_array": true, "audience": ["a"],
            "kind_claim": { "name": "kind", "access": "a", "refresh": "r" } }),
    ));
    assert_eq!(header["typ"], "JWT");
    assert_eq!(claims["uid"], "alice");
    assert_eq!(claims["aud"], json!(["a"]));
    assert_eq!(claims["kind"], "a");
    for shape in ["session", "api_key", "password_grant"] {
        token(&with(&base(), json!({ "shape": shape })));
    }
    let secret = "correct horse battery staple, and more";
    let (header, _) = token(&json!({ "shape": "plain", "secret": secret, "algorithm": "HS256" }));
    assert_eq!(header["alg"], "HS256");
}

#[test]
fn older_keys_still_verify() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.json");
    let old = SigningKey::generate(Algorithm::Ed25519).unwrap();
    std::fs::write(&path, KeySet::from(old.verifying_key()).public_jwks()).unwrap();
    let issuer = build(&with(&base(), json!({ "older_keys_file": path }))).unwrap();
    let ids: Vec<_> = issuer
        .keys()
        .iter()
        .map(|key| key.key_id().map(str::to_owned))
        .collect();
    assert_eq!(ids[1].as_deref(), old.key_id());
}

#[test]
fn a_shared_secret_takes_the_place_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let old = file("old", "the old secret, of 32 random bytes or more");
    let new = file("new", "the new secret, of 32 random bytes or more");
    let issuer = |json: Value| {
        let json = with(
            &json!({ "issuer": "https://a.example", "audience": "api",
            "shape": "plain", "algorithm": "HS256" }),
            json,
        );
        build(&json).unwrap()
    };
    let before = issuer(json!({ "secret_file": old }));
    let after = issuer(json!({ "secret_file": new, "older_secret_file": old }));
    let elsewhere = json!({ "issuer": "https://a.example", "audience": "api",
        "algorithms": "HS256", "secret_file": [new, old] });
    let elsewhere = super::build(&elsewhere).unwrap();
    let alice = Subject::new("users", "alice");
    for issuer in [&before, &after] {
        let token = issuer.access(&AccessToken::new(&alice)).unwrap();
        let token = token.token().expose().as_bytes();
        assert!(elsewhere.verify_now(token).is_ok());
        assert!(after.verifier().build().unwrap().verify_now(token).is_ok());
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    for (more, expected) in [
        (
            json!({ "issuer": null, "audience": [] }),
            &["issuer", "audience"][..],
        ),
        (json!({ "signing_key": null }), &[""]),
        (
            json!({ "signing_key_file": "/none", "secret": "x", "issuer": "", "access_ttl": "10ms" }),
            &["signing_key", "secret", "issuer", "access_ttl"],
        ),
        (
            json!({ "signing_key": "hunter2", "key_id": "" }),
            &["signing_key", "key_id"],
        ),
        (
            json!({ "signing_key": null, "signing_key_file": "/none" }),
            &["signing_key_file"],
        ),
        (
            json!({ "signing_key": null, "secret": "hunter2" }),
            &["secret"],
        ),
        (
            json!({ "older_keys_file": ["/none", "/nothing"] }),
            &["older_keys_file[0]", "older_keys_file[1]"],
        ),
        (
            json!({ "kind_claim": { "name": "kind", "access": "a" } }),
            &["kind_claim.refresh"],
        ),
        (json!({ "subject_claim": "exp" }), &[""]),
        (json!({ "key_id": "k".repeat(300) }), &[""]),
    ] {
        let json = with(&base(), more);
        let problems = build(&json).unwrap_err();
        assert_eq!(paths(&problems), expected, "{problems}");
        assert!(!problems.to_string().contains("hunter2"), "{problems}");
    }
    let config: IssuerConfig = serde_json::from_value(json!({ "secret": "hunter2" })).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    for bad in [
        json!({ "secrets": "x" }),
        json!({ "shape": "other" }),
        json!({ "secret": 12 }),
    ] {
        assert!(serde_json::from_value::<IssuerConfig>(bad).is_err());
    }
}

#[test]
fn a_ring_brings_the_keys() {
    let ring = |json: Value| -> Result<KeyRing, ConfigProblems> {
        let config: KeyRingConfig = serde_json::from_value(json).unwrap();
        config.build_access_keys(SharedClock::default())
    };
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path();
    let good = ring(
        json!({ "directory": directory, "name": "staff", "node": "a", "lease": "10s",
        "algorithms": "ES256", "max_age": "1m", "max_silence": "2h", "never_retire": true }),
    );
    assert_eq!(
        paths(&ring(json!({ "lease": "1s" })).unwrap_err()),
        ["directory", ""]
    );
    let good = good.unwrap();
    let build = |json: &Value| {
        let config: IssuerConfig = serde_json::from_value(json.clone()).unwrap();
        config.build_signing_with(good.clone(), SharedClock::default())
    };
    let named = with(&base(), json!({ "older_keys_file": "/none" }));
    let problems = build(&named).unwrap_err();
    assert_eq!(paths(&problems), ["signing_key", "older_keys_file"]);
    assert!(build(&with(&base(), json!({ "signing_key": null }))).is_ok());
    let config: KeyRingConfig = serde_json::from_value(json!({ "directory": directory })).unwrap();
    assert!(config.build_refresh_keys(SharedClock::default()).is_ok());
}
