//! What the schemas accept can be read, and what they refuse cannot.

use std::fs;

use jsonschema::Validator;
use portcullis::config::{IssuerConfig, KeyRingConfig, VerifierConfig};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    project,
    schemas::{ISSUER, KEY_RING, VERIFIER, schema},
};

/// Asserts that schema and type both take this, or both do not.
struct Judge<T> {
    validator: Validator,
    read: fn(Value) -> serde_json::Result<T>,
}

impl<T: DeserializeOwned> Judge<T> {
    fn new(path: &str) -> Self {
        Self {
            validator: jsonschema::validator_for(&schema(path)).unwrap(),
            read: serde_json::from_value,
        }
    }

    fn takes(&self, value: Value) {
        let refused = self.validator.iter_errors(&value).next();
        assert!(refused.is_none(), "{value}: {refused:?}");
        let read = (self.read)(value.clone());
        assert!(read.is_ok(), "{value}: {:?}", read.err());
    }

    fn refuses(&self, value: Value) {
        assert!(!self.validator.is_valid(&value), "{value}");
        assert!((self.read)(value.clone()).is_err(), "{value}");
    }
}

#[test]
fn what_a_verifier_trusts() {
    let judge = Judge::<VerifierConfig>::new(VERIFIER);
    for good in [
        json!({}),
        json!([]),
        json!([{}, { "issuer": "a" }]),
        json!({ "issuer": "a", "audience": ["b", "c"], "keys": "x", "secret": null }),
        json!({ "algorithms": "ES256" }),
        json!({ "algorithms": ["EdDSA", "HS256", "PS512"] }),
        json!({ "leeway": "30s", "max_age": "1h 30m", "max_lifetime": "1.5h", "interval": null }),
        json!({ "keys_file": "a.pem", "seed_file": "b" }),
        json!({ "keys_file": ["a.pem", "b.json"], "discover": true }),
        json!({ "kind_claim": { "name": "typ", "access": "Bearer" } }),
        json!({ "require_claim_values": { "hd": "example.com", "org": ["a", "b"] } }),
        json!({ "cache": {}, "dangerous": {} }),
        json!({ "cache": { "max_bytes": 1 }, "dangerous": { "any_issuer": true } }),
        json!({ "introspection": { "client_id": "a", "timeout": "2s", "max_requests": 7 } }),
        json!({ "provider": "google" }),
        json!({ "provider": { "keycloak": { "base": "a", "realm": "b" } } }),
        json!({ "provider": { "entra_id": { "tenants": ["a"], "version_1": true } } }),
        json!({ "provider": { "entra_id": {} } }),
        json!({ "provider": { "github_actions": { "repositories": "a/b" } } }),
    ] {
        judge.takes(good.clone());
        if good.is_object() {
            judge.takes(json!([good]));
        }
    }
    for bad in [
        json!(null),
        json!("a"),
        json!([[{}]]),
        json!({ "audiance": "a" }),
        json!({ "issuer": 7 }),
        json!({ "issuer": null }),
        json!({ "audience": ["a", 7] }),
        json!({ "algorithms": "none" }),
        json!({ "algorithms": ["ES256", "rs256"] }),
        json!({ "leeway": 30 }),
        json!({ "leeway": "30" }),
        json!({ "leeway": "soon" }),
        json!({ "leeway": "" }),
        json!({ "discover": "true" }),
        json!({ "discover": null }),
        json!({ "secret": 12345 }),
        json!({ "secret": ["a"] }),
        json!({ "max_token_size": "8192" }),
        json!({ "max_token_size": -1 }),
        json!({ "kind_claim": { "name": "typ" } }),
        json!({ "kind_claim": { "name": "typ", "access": "a", "other": "b" } }),
        json!({ "require_claim_values": ["hd"] }),
        json!({ "cache": true }),
        json!({ "cache": { "size": 1 } }),
        json!({ "dangerous": { "all": true } }),
        json!({ "introspection": { "secret": "a" } }),
        json!({ "provider": "yahoo" }),
        json!({ "provider": "keycloak" }),
        json!({ "provider": { "keycloak": { "base": "a" } } }),
        json!({ "provider": { "keycloak": { "base": "a", "realm": "b", "tenant": "c" } } }),
        json!({ "provider": { "keycloak": {}, "google": {} } }),
    ] {
        judge.refuses(bad.clone());
        judge.refuses(json!([{}, bad]));
    }
}

#[test]
fn what_an_issuer_issues() {
    let judge = Judge::<IssuerConfig>::new(ISSUER);
    for good in [
        json!({}),
        json!({ "issuer": "a", "audience": "b", "access_ttl": "15m", "shape": "plain" }),
        json!({ "signing_key_file": "a", "older_keys_file": ["b"], "algorithm": "ES256" }),
        json!({ "kind_claim": { "name": "a", "access": "b", "refresh": "c" } }),
        json!({ "audience_array": null }),
    ] {
        judge.takes(good);
    }
    for bad in [
        json!("a"),
        json!({ "shape": "rfc" }),
        json!({ "algorithm": ["ES256"] }),
        json!({ "secret": 1 }),
        json!({ "ttl": "15m" }),
        json!({ "access_ttl": 900 }),
        json!({ "audience_array": "yes" }),
    ] {
        judge.refuses(bad);
    }
    let judge = Judge::<KeyRingConfig>::new(KEY_RING);
    judge.takes(json!({ "directory": "a", "algorithms": "ES256", "lease": "1m" }));
    judge.takes(json!({ "name": "a", "node": "b", "max_age": "5m", "never_retire": true }));
    judge.refuses(json!({ "directory": ["a"] }));
    judge.refuses(json!({ "dir": "a" }));
}

#[test]
fn the_example_files_are_valid() {
    let text = fs::read_to_string(project("examples/configuration/service.toml")).unwrap();
    let mut file: Value = toml::from_str(&text).unwrap();
    let verifier = file["verifier"].take();
    assert_eq!(verifier.as_array().unwrap().len(), 2);
    Judge::<VerifierConfig>::new(VERIFIER).takes(verifier);
}
