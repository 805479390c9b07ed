//! Keys come, go and are replaced.

use portcullis::verify::VerifyErrorKind::{BadSignature, UnknownKey};
use portcullis_testing::issuer::{Answer, Endpoint, OddKey};

use crate::bench::{Bench, MINUTE, UNSETTLED, at_once, until, verify};

#[tokio::test]
async fn nothing_is_fetched_before_the_first_token_and_nothing_twice() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.lazy();
    assert!(verifier.verify_now(b"garbage").is_err());
    assert_eq!(bench.fake.requests().len(), 0);
    for _ in 0..3 {
        assert_eq!(verify(&verifier, &bench.token()).await, Ok(()));
        assert_eq!(bench.fake.count(Endpoint::Metadata), 1);
        assert_eq!(bench.fake.count(Endpoint::Keys), 1);
    }
}

#[tokio::test]
async fn a_roll_over_costs_one_fetch_and_no_failure() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.connect().await;
    let old = bench.token();
    assert_eq!(at_once(&verifier, &old), Ok(()));
    bench.clock.advance(UNSETTLED);
    bench.fake.roll();
    let new = bench.token();
    assert_eq!(verify(&verifier, &new).await, Ok(()));
    assert_eq!(bench.fake.count(Endpoint::Keys), 2);
    assert_eq!(at_once(&verifier, &new), Ok(()));
    assert_eq!(at_once(&verifier, &old), Ok(()));
}

#[tokio::test]
async fn a_withdrawn_key_is_refused_after_the_next_fetch() {
    let bench = Bench::new();
    let (issuer, verifier) = bench.connect().await;
    let old = bench.token();
    let name = bench
        .fake
        .keys(|keys| keys.current().key_id().unwrap().to_owned());
    bench.fake.roll();
    bench.fake.keys(|keys| keys.withdraw(&name));
    assert_eq!(at_once(&verifier, &old), Ok(()));
    issuer.refresh();
    until(|| verifier.verify_now(bench.token().as_bytes()).is_ok()).await;
    assert_eq!(at_once(&verifier, &old), Err(UnknownKey));
}

#[tokio::test]
async fn a_key_that_is_replaced_under_its_name_is_fetched() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.connect().await;
    let old = bench.token();
    let name = bench
        .fake
        .keys(|keys| keys.current().key_id().unwrap().to_owned());
    bench.fake.keys(|keys| keys.replace(&name));
    bench.clock.advance(UNSETTLED);
    assert_eq!(verify(&verifier, &bench.token()).await, Ok(()));
    assert_eq!(at_once(&verifier, &old), Err(BadSignature));
    assert_eq!(bench.fake.count(Endpoint::Keys), 2);
}

#[tokio::test]
async fn odd_keys_do_not_harm_the_others() {
    let bench = Bench::new();
    bench.fake.keys(|keys| {
        for odd in OddKey::ALL {
            keys.add_odd(*odd);
        }
    });
    let (_issuer, verifier) = bench.connect().await;
    assert_eq!(at_once(&verifier, &bench.token()), Ok(()));
    let unnamed = bench.fake.token("alice").without_header("kid").build();
    assert_eq!(verify(&verifier, &unnamed).await, Ok(()));
}

/// At four fifths of what the issuer says, or of ten minutes.
#[tokio::test]
async fn keys_are_fetched_ahead_of_their_expiry() {
    let bench = Bench::new();
    for (header, least, most) in [
        (None, 450, 510),
        (Some("no-store"), 450, 510),
        (Some("max-age=100"), 75, 85),
        (Some("max-age=1"), 22, 26),
        (Some("public, max-age=\"864000\""), 2700, 3060),
    ] {
        let mut answer = Answer::normal();
        if let Some(header) = header {
            answer = answer.header("cache-control", header);
        }
        bench.fake.answer(Endpoint::Keys, answer);
        let (issuer, _) = bench.connect().await;
        let next = issuer.health().next_attempt().unwrap().as_secs();
        assert!((least - 1..=most).contains(&next), "{header:?}: {next}");
    }
    let issuer = bench.builder().interval(MINUTE).connect().await.unwrap();
    assert!(issuer.health().next_attempt().unwrap() <= MINUTE);
}

#[tokio::test]
async fn a_fetch_that_is_due_is_made_without_a_token() {
    let bench = Bench::new();
    let (issuer, verifier) = bench.connect().await;
    bench.fake.roll();
    bench.clock.advance(9 * MINUTE);
    // Whatever looks at the clock notices.
    issuer.health();
    bench.fake.arrived(Endpoint::Keys, 2).await;
    until(|| issuer.health().age().unwrap() < MINUTE).await;
    assert_eq!(at_once(&verifier, &bench.token()), Ok(()));
}
