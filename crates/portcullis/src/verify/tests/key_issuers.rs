//! Keys whose JWKs name the issuer they are for.

use VerifyErrorKind::*;

use super::*;
use crate::jose::{KeySet, VerifyingKey};

struct Published(LiveKeys);

impl KeySource for Published {
    fn keys(&self) -> &LiveKeys {
        &self.0
    }

    fn missing(&self) -> MissingKey {
        MissingKey::Absent
    }
}

fn signing_key() -> SigningKey {
    SigningKey::generate(Algorithm::Ed25519).unwrap()
}

/// The key, as a JWK that names this issuer publishes it.
fn for_issuer(key: &SigningKey, issuer: Option<&str>) -> VerifyingKey {
    let mut jwk = key.verifying_key().public_jwk().unwrap();
    if let Some(issuer) = issuer {
        jwk.insert("issuer".to_owned(), issuer.into());
    }
    VerifyingKey::from_jwk(Value::Object(jwk).to_string(), None).unwrap()
}

fn header(key: &SigningKey) -> String {
    key.header_json(Some("JWT"))
}

#[test]
fn the_issuer_of_a_key_is_the_one_of_the_token() {
    let key = signing_key();
    let token = signed(&key, &header(&key), &claims());
    let of = |issuers: &[Option<&str>]| {
        let keys = issuers.iter().map(|issuer| for_issuer(&key, *issuer));
        let builder = Verifier::builder().keys(KeySet::new(keys)).issuer(ISS);
        builder.audience("api").clock(clock()).build().unwrap()
    };
    let guid = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    for (issuers, expected) in [
        (&[None][..], Ok(())),
        (&[Some(ISS)], Ok(())),
        (&[Some("https://issuer.example/")], Err(UnknownKey)),
        (&[Some("")], Err(UnknownKey)),
        (&[Some("{tenantid}")], Err(UnknownKey)),
        (&[Some("https://issuer.example{tenantid}")], Err(UnknownKey)),
        (&[Some("https://other.example"), Some(ISS)], Ok(())),
        (&[Some("https://other.example"), None], Ok(())),
        (
            &[Some(guid), Some("https://other.example")],
            Err(UnknownKey),
        ),
    ] {
        let verifier = of(issuers);
        // The second time, the header is known.
        for _ in 0..2 {
            assert_eq!(kind(&verifier, &token), expected, "{issuers:?}");
        }
    }
    // Whatever issuer is accepted, its keys are its own.
    let keys = for_issuer(&key, Some("https://other.example"));
    let any = Verifier::builder().keys(keys).dangerous().any_issuer();
    let any = any.audience("api").clock(clock()).build().unwrap();
    assert_eq!(kind(&any, &token), Err(UnknownKey));
    let without = signed(&key, &header(&key), &without("iss"));
    assert_eq!(kind(&any, &without), Err(UnknownKey));
}

/// A token that is remembered goes with the issuer that its key was for.
#[test]
fn a_key_that_changes_its_issuer_is_another_key() {
    let key = signing_key();
    let token = signed(&key, &header(&key), &claims());
    let keys = LiveKeys::new(&[Algorithm::Ed25519]);
    let terms = KeyTerms {
        settled_until: Timestamp::from_secs(NOW + 60),
        good_until: Timestamp::from_secs(NOW + 60),
    };
    let publish = |issuers: &[&str]| {
        let set = issuers.iter().map(|issuer| for_issuer(&key, Some(issuer)));
        keys.publish(KeySet::new(set), terms)
    };
    let builder = Verifier::builder().keys_from(Published(keys.clone()));
    let builder = builder.issuer(ISS).audience("api").clock(clock());
    let verifier = builder.cache(TokenCache::new()).build().unwrap();
    let other = "https://other.example";
    for (issuers, expected) in [
        (&[ISS][..], Ok(())),
        (&[other], Err(UnknownKey)),
        (&[ISS], Ok(())),
        (&[other, ISS], Ok(())),
        (&[other], Err(UnknownKey)),
        (&[ISS, other], Ok(())),
        (&[ISS], Ok(())),
    ] {
        assert!(publish(issuers), "{issuers:?}");
        assert!(!publish(issuers), "{issuers:?}");
        for _ in 0..2 {
            assert_eq!(kind(&verifier, &token), expected, "{issuers:?}");
        }
    }
}
