//! Verifiers from a configuration, with issuers that are there and that are not.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use portcullis::{
    config::VerifierConfig,
    verify::{Verification, Verified, Verifier, VerifyError, VerifyErrorKind},
};
use portcullis_remote::{LoadError, VerifierLoader, Worker};
use portcullis_testing::{
    issuer::{CLIENT_ID, CLIENT_SECRET, Endpoint, FakeIssuer},
    keys,
    mint::AUDIENCE,
};
use serde_json::{Value, json};

fn config(json: &Value) -> VerifierConfig {
    serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{error}: {json}"))
}

/// What becomes of a token, whoever has to be waited for.
async fn verify(verifier: &Verifier, token: &[u8]) -> Result<Verified, VerifyError> {
    match verifier.verify(token) {
        Verification::Done(result) => result,
        Verification::Pending(pending) => pending.await,
    }
}

/// What the loader says is wrong, by path.
fn problems(json: &Value) -> Vec<String> {
    let problems = VerifierLoader::new(&config(json)).build().unwrap_err();
    problems
        .iter()
        .map(|problem| problem.path().to_owned())
        .collect()
}

#[tokio::test]
async fn keys_are_fetched_from_where_it_says() {
    let issuer = FakeIssuer::builder().path("/realms/main").start();
    let token = issuer.token("alice").build();
    let base =
        json!({ "issuer": issuer.name(), "audience": AUDIENCE, "allow_loopback_http": true });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("keys.json");
    std::fs::write(&path, issuer.key_set().public_jwks()).unwrap();
    let worker = Worker::start().unwrap();
    for (more, is_asked) in [
        (json!({ "discover": true }), true),
        (json!({ "metadata_url": issuer.metadata_url() }), true),
        (
            json!({ "jwks_uri": issuer.keys_url(), "stale_limit": "2h", "interval": "5m" }),
            true,
        ),
        (json!({ "watch_keys": path }), false),
        (json!({ "keys_file": path }), false),
    ] {
        let mut json = base.clone();
        json.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        let before = issuer.count(Endpoint::Keys);
        let config = config(&json);
        let verifier = VerifierLoader::new(&config).worker(&worker).connect().await;
        let verifier = verifier.unwrap_or_else(|error| panic!("{error}: {json}"));
        assert_eq!(issuer.count(Endpoint::Keys) > before, is_asked, "{json}");
        // There are keys: nobody is waited for.
        assert!(verifier.verify_now(token.as_bytes()).is_ok(), "{json}");
        let other = issuer.token("alice").audience("other").build();
        let error = verifier.verify_now(other.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), VerifyErrorKind::WrongAudience);
    }
}

#[tokio::test]
async fn a_service_starts_while_an_issuer_is_down_if_it_may() {
    let issuer = FakeIssuer::start();
    let there = FakeIssuer::builder().path("/there").start();
    issuer.go_offline();
    let trusted = |issuer: &FakeIssuer| {
        json!({ "issuer": issuer.name(), "audience": AUDIENCE, "discover": true,
            "allow_loopback_http": true })
    };
    let config = config(&json!([trusted(&there), trusted(&issuer)]));
    let error = VerifierLoader::new(&config).connect().await.unwrap_err();
    assert!(matches!(&error, LoadError::Fetch(_)), "{error}");
    assert!(error.to_string().contains(&issuer.name()), "{error}");
    let verifier = VerifierLoader::new(&config).build().unwrap();
    let token = there.token("alice").build();
    assert!(verify(&verifier, token.as_bytes()).await.is_ok());
    let token = issuer.token("alice").build();
    let error = verify(&verifier, token.as_bytes()).await.unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::KeysUnavailable);
}

/// A service that reads its settings again does so in a task.
#[test]
fn waiting_for_keys_may_move_between_threads() {
    fn is_send<T: Send>(_: &T) {}
    let config = VerifierConfig::default();
    is_send(&VerifierLoader::new(&config).connect());
}

#[tokio::test]
async fn a_provider_says_where_its_keys_are() {
    let issuer = FakeIssuer::builder().path("/realms/main").start();
    let json = json!({
        "provider": { "keycloak": { "base": format!("http://{}", issuer.address()), "realm": "main" } },
        "audience": AUDIENCE, "allow_loopback_http": true,
    });
    let config = config(&json);
    let verifier = VerifierLoader::new(&config).connect().await.unwrap();
    let access = issuer.token("alice").claim("typ", "Bearer").build();
    assert!(verifier.verify_now(access.as_bytes()).is_ok());
    let id = issuer.token("alice").claim("typ", "ID").build();
    assert!(verifier.verify_now(id.as_bytes()).is_err());
}

#[tokio::test]
async fn an_issuer_is_asked_about_each_token() {
    let issuer = FakeIssuer::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    std::fs::write(&path, format!("{CLIENT_SECRET}\n")).unwrap();
    let base = json!({ "client_id": CLIENT_ID, "client_secret_file": path, "max_age": "1s" });
    for endpoint in [Some(issuer.introspection_url()), None] {
        let mut introspection = base.clone();
        introspection["endpoint"] = json!(endpoint);
        let config = config(&json!({ "issuer": issuer.name(), "audience": AUDIENCE,
            "introspection": introspection, "allow_loopback_http": true }));
        let verifier = VerifierLoader::new(&config).build().unwrap();
        let token = issuer.opaque(&issuer.token("alice"));
        assert!(verify(&verifier, token.as_bytes()).await.is_ok());
        let error = verify(&verifier, b"garbage").await.unwrap_err();
        assert_eq!(error.kind(), VerifyErrorKind::Inactive);
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let key = keys::signing(portcullis::jose::Algorithm::ES256);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key.jwk");
    std::fs::write(&path, key.to_jwk().unwrap().expose()).unwrap();
    let base = json!({ "issuer": "https://a.example", "audience": "api" });
    for (more, expected) in [
        (
            json!({ "jwks_uri": "http://a.example/keys" }),
            &["jwks_uri"][..],
        ),
        (
            json!({ "jwks_uri": "https://a.example/keys", "stale_limit": "1s", "interval": "1h",
                "audience": [] }),
            &["audience", "jwks_uri"],
        ),
        (json!({ "issuer": [], "discover": true }), &["issuer"]),
        (json!({ "issuer": "", "discover": true }), &["issuer"]),
        (
            json!({ "issuer": [], "provider": { "auth0": { "domain": "a b" } } }),
            &["provider"],
        ),
        (
            json!({ "discover": true, "ca_file": "/none" }),
            &["ca_file"],
        ),
        (
            json!({ "discover": true, "issuer": [], "dangerous": { "any_issuer": true } }),
            &["discover"],
        ),
        (
            json!({ "introspection": {} }),
            &["introspection.client_id", "introspection"],
        ),
        (
            json!({ "introspection": { "client_id": "a", "client_secret": "hunter2",
                "client_secret_file": "/none" } }),
            &["introspection.client_secret"],
        ),
        (
            json!({ "introspection": { "client_id": "a", "client_secret_file": "/none" } }),
            &["introspection.client_secret_file"],
        ),
        (
            json!({ "introspection": { "client_id": "a", "private_key_file": path,
                "endpoint": "http://a.example" } }),
            &["introspection"],
        ),
    ] {
        let mut json = base.clone();
        json.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        assert_eq!(problems(&json), expected, "{json}");
        let listed = expected.iter().map(|path| format!("[0].{path}"));
        assert_eq!(
            problems(&json!([json])),
            listed.collect::<Vec<_>>(),
            "{json}"
        );
    }
}
