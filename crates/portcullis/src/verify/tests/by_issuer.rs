//! Verifiers that are found by the issuer that a token names.

use std::{
    collections::HashMap,
    future::ready,
    pin::Pin,
    sync::{Mutex, atomic::AtomicUsize},
    task::{Context, Poll, Waker},
};

use super::{KeysUnavailable as Unavailable, VerifyErrorKind::*, *};

/// Knows some, has to ask about `slow` ones, and counts.
#[derive(Clone, Default)]
struct Tenants {
    known: Arc<Mutex<HashMap<String, Verifier>>>,
    asked: Arc<AtomicUsize>,
}

impl Tenants {
    fn add(&self, issuer: &str, signed_by: u8) {
        let verifier = of(issuer, signed_by);
        self.known
            .lock()
            .unwrap()
            .insert(issuer.to_owned(), verifier);
    }
}

impl IssuerResolver for Tenants {
    fn resolve(&self, issuer: &str) -> Resolved {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let known = self.known.lock().unwrap().get(issuer).cloned();
        match (issuer, known) {
            ("down", _) => Resolved::Wait(Box::pin(ready(Err(Unavailable {
                retry_after: Duration::from_secs(7),
            })))),
            (name, known) if name.starts_with("slow") => Resolved::Wait(Box::pin(ready(Ok(known)))),
            (_, Some(verifier)) => Resolved::Known(verifier),
            (_, None) => Resolved::Unknown,
        }
    }
}

fn of(issuer: &str, signed_by: u8) -> Verifier {
    Verifier::builder()
        .keys(key(signed_by).verifying_key())
        .issuer(issuer)
        .audience("api")
        .cache(TokenCache::new().with_shared_secrets())
        .clock(clock())
        .build()
        .unwrap()
}

fn token(issuer: &str, signed_by: u8) -> String {
    let key = key(signed_by);
    signed(
        &key,
        &key.header_json(Some("JWT")),
        &with("iss", json!(issuer)),
    )
}

fn outcome(verifier: &Verifier, token: &str) -> Result<(), VerifyErrorKind> {
    let result = match verifier.verify(token.as_bytes()) {
        Verification::Done(result) => result,
        Verification::Pending(mut pending) => {
            let mut context = Context::from_waker(Waker::noop());
            match Pin::new(&mut pending).poll(&mut context) {
                Poll::Ready(result) => result,
                Poll::Pending => panic!("it still waits"),
            }
        }
    };
    result.map(drop).map_err(|error| error.kind())
}

#[test]
fn a_token_is_checked_by_the_issuer_that_it_names_and_by_no_other() {
    let tenants = Tenants::default();
    tenants.add("a", 1);
    tenants.add("b", 2);
    tenants.add("slow", 3);
    let verifier = Verifier::by_issuer(tenants.clone());
    for _ in 0..2 {
        assert_eq!(outcome(&verifier, &token("a", 1)), Ok(()));
        assert_eq!(outcome(&verifier, &token("b", 2)), Ok(()));
        assert_eq!(outcome(&verifier, &token("slow", 3)), Ok(()));
        assert_eq!(outcome(&verifier, &token("a", 2)), Err(BadSignature));
        assert_eq!(outcome(&verifier, &token("b", 1)), Err(BadSignature));
        assert_eq!(outcome(&verifier, &token("slow", 1)), Err(BadSignature));
    }
    assert_eq!(outcome(&verifier, &token("c", 1)), Err(WrongIssuer));
    assert_eq!(outcome(&verifier, &token("slowly", 1)), Err(WrongIssuer));
    assert_eq!(outcome(&verifier, &token("down", 1)), Err(KeysUnavailable));
    // One that comes later is known at once, and one that goes is not.
    tenants.add("c", 1);
    assert_eq!(outcome(&verifier, &token("c", 1)), Ok(()));
    tenants.known.lock().unwrap().remove("c");
    assert_eq!(outcome(&verifier, &token("c", 1)), Err(WrongIssuer));
}

#[test]
fn nobody_is_asked_about_names_that_are_none() {
    let tenants = Tenants::default();
    let verifier = Verifier::by_issuer(tenants.clone());
    let key = key(1);
    let unnamed = signed(&key, &key.header_json(Some("JWT")), &without("iss"));
    assert_eq!(outcome(&verifier, &unnamed), Err(WrongIssuer));
    let long = "i".repeat(MAX_ISSUER + 1);
    assert_eq!(outcome(&verifier, &token(&long, 1)), Err(WrongIssuer));
    assert_eq!(outcome(&verifier, "garbage"), Err(Malformed));
    assert_eq!(tenants.asked.load(Ordering::SeqCst), 0);
    assert_eq!(outcome(&verifier, &token(&long[1..], 1)), Err(WrongIssuer));
    assert_eq!(tenants.asked.load(Ordering::SeqCst), 1);
    // Where waiting is not possible, nobody knows.
    let waits = verifier.verify_now(token("slow", 1).as_bytes());
    assert_eq!(waits.unwrap_err().kind(), KeysUnavailable);
}

#[test]
fn it_stands_behind_verifiers_whose_issuers_are_fixed() {
    let tenants = Tenants::default();
    // It knows another key for the same name, and is not asked.
    tenants.add("fixed", 2);
    tenants.add("b", 2);
    let by_issuer = || Verifier::by_issuer(tenants.clone());
    for fixed in [
        vec![by_issuer(), of("fixed", 1)],
        vec![of("fixed", 1), of("other", 1), by_issuer()],
    ] {
        let verifier = Verifier::combine(fixed).unwrap();
        for _ in 0..2 {
            assert_eq!(outcome(&verifier, &token("fixed", 1)), Ok(()));
            assert_eq!(outcome(&verifier, &token("fixed", 2)), Err(BadSignature));
            assert_eq!(outcome(&verifier, &token("b", 2)), Ok(()));
            assert_eq!(outcome(&verifier, &token("c", 2)), Err(WrongIssuer));
        }
    }
    let large = with("iss", json!("fixed"));
    let mut large = large.as_object().unwrap().clone();
    large.insert("more".to_owned(), json!("x".repeat(9000)));
    let key = key(1);
    let large = signed(&key, &key.header_json(Some("JWT")), &Value::Object(large));
    let verifier = Verifier::combine([of("fixed", 1), by_issuer()]).unwrap();
    assert_eq!(outcome(&verifier, &large), Err(TooLarge));

    assert!(Verifier::combine([by_issuer(), by_issuer()]).is_err());
    let any = Verifier::builder()
        .keys(key.verifying_key())
        .dangerous()
        .any_issuer();
    let any = any.audience("api").build().unwrap();
    assert!(Verifier::combine([any, by_issuer()]).is_err());
    assert!(Verifier::combine([by_issuer()]).is_ok());
}
