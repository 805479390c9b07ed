//! Keys that change, and keys that are odd.

use std::collections::BTreeSet;

use portcullis::{
    jose::{Algorithm, KeyErrorKind, KeySet},
    verify::Verifier,
};
use portcullis_testing::{
    issuer::{Endpoint, FakeIssuer, OddKey},
    keys, mint,
};
use serde_json::Value;

use crate::{get, json};

/// The key set as somebody fetches it, and how many keys were left out.
async fn fetch(issuer: &FakeIssuer) -> (KeySet, usize) {
    let body = get(&issuer.keys_url()).await.bytes().await.unwrap();
    let (keys, skipped) = KeySet::from_jwks(&body, Algorithm::ALL).unwrap();
    (keys, skipped.len())
}

/// Whether the keys of now verify a token.
async fn passes(issuer: &FakeIssuer, token: &str) -> bool {
    let (keys, _) = fetch(issuer).await;
    if keys.is_empty() {
        return false;
    }
    let builder = Verifier::builder().keys(keys).issuer(issuer.name());
    let verifier = builder.audience(mint::AUDIENCE).build().unwrap();
    verifier.verify_now(token.as_bytes()).is_ok()
}

#[tokio::test]
async fn tokens_of_every_algorithm_are_verified_by_what_is_published() {
    for algorithm in Algorithm::ALL.iter().filter(|one| !one.is_symmetric()) {
        let key = keys::signing(*algorithm).with_key_id("the key");
        let issuer = FakeIssuer::builder().key(key).start();
        assert!(
            passes(&issuer, &issuer.token("alice").build()).await,
            "{algorithm}"
        );
        let forged = issuer
            .token("alice")
            .forged_by(&keys::untrusted(*algorithm));
        assert!(!passes(&issuer, &forged.build()).await, "{algorithm}");
    }
    let issuer = FakeIssuer::builder().algorithm(Algorithm::Ed25519).start();
    assert_eq!(issuer.signing_key().algorithm(), Algorithm::Ed25519);
    assert_eq!(issuer.unknown_key().algorithm(), Algorithm::Ed25519);
}

#[tokio::test]
async fn keys_roll() {
    let issuer = FakeIssuer::start();
    let old = issuer.token("alice").build();
    assert_eq!(issuer.roll(), "key-2");
    let new = issuer.token("alice").build();
    assert!(passes(&issuer, &old).await && passes(&issuer, &new).await);
    let again = issuer.token("alice").signed_by(&issuer.previous_key());
    assert!(passes(&issuer, &again.build()).await);

    issuer.keys(|keys| keys.withdraw("key-1"));
    assert!(!passes(&issuer, &old).await && passes(&issuer, &new).await);
    let unknown = issuer.token("alice").signed_by(&issuer.unknown_key());
    assert!(!passes(&issuer, &unknown.build()).await);
    // A verifier that fetches nothing sees the same.
    assert_eq!(issuer.key_set().len(), 1);

    issuer.keys(|keys| keys.restore("key-1"));
    assert!(passes(&issuer, &old).await && passes(&issuer, &new).await);
    issuer.keys(|keys| keys.sign_with("key-2"));
    assert_eq!(issuer.previous_key().key_id(), Some("key-1"));
}

#[tokio::test]
async fn a_key_is_announced_before_it_signs() {
    let issuer = FakeIssuer::start();
    let next = issuer.keys(|keys| keys.announce());
    assert_eq!(fetch(&issuer).await.0.len(), 2);
    assert_eq!(issuer.signing_key().key_id(), Some("key-1"));
    issuer.keys(|keys| keys.sign_with(&next));
    assert_eq!(issuer.signing_key().key_id(), Some("key-2"));
    // Signed with before anybody could know it.
    let early = issuer.keys(|keys| {
        let name = keys.roll();
        keys.withdraw(&name);
        name
    });
    assert_eq!(issuer.signing_key().key_id(), Some(&*early));
    assert!(!passes(&issuer, &issuer.token("alice").build()).await);
}

#[tokio::test]
async fn a_key_is_replaced_under_its_name() {
    let issuer = FakeIssuer::start();
    let old = issuer.token("alice").build();
    let before = issuer.keys(|keys| keys.replace("key-1"));
    let new = issuer.token("alice").build();
    assert_eq!(before.key_id(), issuer.signing_key().key_id());
    assert_ne!(before.thumbprint(), issuer.signing_key().thumbprint());
    assert!(!passes(&issuer, &old).await && passes(&issuer, &new).await);

    let nameless = keys::signing(Algorithm::ES384);
    let name = issuer.keys(|keys| keys.announce_key(nameless));
    issuer.keys(|keys| {
        keys.replace(&name);
        keys.sign_with(&name);
    });
    assert_eq!(issuer.signing_key().key_id(), None);
    assert!(passes(&issuer, &issuer.token("alice").build()).await);
}

#[tokio::test]
async fn members_of_a_key_come_and_go() {
    let issuer = FakeIssuer::builder()
        .key(keys::signing(Algorithm::RS256))
        .start();
    let name = "key-1";
    let entry = |document: Value| document["keys"][0].clone();
    let whole = entry(json(&issuer.keys_url()).await);
    assert!(whole.get("kid").is_none());
    assert_eq!(
        (&whole["alg"], &whole["use"]),
        (&"RS256".into(), &"sig".into())
    );
    issuer.keys(|keys| {
        keys.unset(name, "alg");
        keys.unset(name, "use");
        keys.set(name, "kid", "later");
        keys.set(name, "issuer", "https://login.test/{tenantid}/v2.0");
    });
    let changed = entry(json(&issuer.keys_url()).await);
    assert!(changed.get("alg").is_none() && changed.get("use").is_none());
    assert_eq!(changed["kid"], "later");
    assert_eq!(changed["issuer"], "https://login.test/{tenantid}/v2.0");
    assert_eq!(changed["n"], whole["n"]);
}

#[tokio::test]
async fn odd_keys_are_no_use_and_do_no_harm() {
    for odd in OddKey::ALL.iter().filter(|odd| **odd != OddKey::Secret) {
        let issuer = FakeIssuer::start();
        issuer.keys(|keys| keys.add_odd(*odd));
        let (keys, skipped) = fetch(&issuer).await;
        assert_eq!((keys.len(), skipped), (1, 1), "{odd:?}");
        assert!(passes(&issuer, &issuer.token("alice").build()).await);
    }
    let issuer = FakeIssuer::start();
    issuer.keys(|keys| keys.add_odd(OddKey::Secret));
    let body = get(&issuer.keys_url()).await.bytes().await.unwrap();
    let error = KeySet::from_jwks(&body, Algorithm::ALL).unwrap_err();
    assert_eq!(error.kind(), KeyErrorKind::MixedSet);
}

#[tokio::test]
async fn sets_are_large_or_empty_or_repeat_themselves() {
    let issuer = FakeIssuer::start();
    issuer.keys(|keys| {
        let twin = keys.jwk("key-1");
        keys.add_raw(twin);
    });
    let document = json(&issuer.keys_url()).await;
    assert_eq!(document["keys"][0], document["keys"][1]);
    issuer.keys(|keys| {
        for _ in 0..150 {
            keys.announce();
        }
    });
    assert_eq!(fetch(&issuer).await.0.len(), 152);
    issuer.keys(|keys| keys.clear());
    assert_eq!(
        json(&issuer.keys_url()).await,
        serde_json::json!({"keys": []})
    );
    assert!(!passes(&issuer, &issuer.token("alice").build()).await);
}

/// Whoever fetches while keys are changed sees the set before or after.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_seen_as_a_whole() {
    const TIMES: usize = 40;
    let issuer = FakeIssuer::start();
    let url = issuer.keys_url();
    let fetching = tokio::spawn(async move {
        let client = crate::client();
        let mut seen = BTreeSet::new();
        for _ in 0..TIMES {
            let response = client.get(&url).send().await.unwrap();
            let body = response.bytes().await.unwrap();
            let document: Value = serde_json::from_slice(&body).unwrap();
            let keys = document["keys"].as_array().unwrap();
            assert_eq!(keys.len(), 1, "{document}");
            seen.insert(keys[0]["kid"].as_str().unwrap().to_owned());
        }
        seen
    });
    for count in 1..=TIMES {
        issuer.arrived(Endpoint::Keys, count).await;
        issuer.keys(|keys| {
            let old = keys.current().key_id().unwrap().to_owned();
            keys.roll();
            keys.withdraw(&old);
        });
    }
    assert!(fetching.await.unwrap().len() > 1);
}

#[test]
#[should_panic(expected = "no key is named key-9")]
fn a_key_that_is_not_there_is_said_so() {
    FakeIssuer::start().keys(|keys| keys.withdraw("key-9"));
}

#[tokio::test]
async fn log_out_tokens_are_those_of_the_specification() {
    let issuer = FakeIssuer::builder().audience("client-1").start();
    let token = issuer.logout_token("alice");
    let claims: Value = serde_json::from_str(&token.claims_json()).unwrap();
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(claims["events"], serde_json::json!({event: {}}));
    assert_eq!(claims["sub"], "alice");
    assert_eq!(claims["aud"], "client-1");
    for name in ["iss", "iat", "exp", "jti"] {
        assert!(claims.get(name).is_some(), "{name}");
    }
    // Section 2.4: a nonce is prohibited.
    assert!(claims.get("nonce").is_none());
    assert!(token.header_json().contains(r#""typ":"logout+jwt""#));
}
