//! Answers that cannot be used never replace a good set.

use portcullis_remote::{FetchErrorKind, IssuerError};
use portcullis_testing::issuer::{Answer, Endpoint};
use serde_json::json;

use crate::bench::{Bench, UNSETTLED, at_once, until};

#[tokio::test]
async fn what_cannot_be_used_does_not_replace_what_can() {
    use FetchErrorKind::{EmptySet, Malformed, Status, TooLarge, Unreachable};

    let bench = Bench::new();
    let (issuer, verifier) = bench.connect().await;
    let token = bench.token();
    let mixed = json!({"keys": [{"kty": "oct", "k": "AAAA", "kid": "s"}]});
    for (answer, kind) in [
        (Answer::error(500), Status(500)),
        (Answer::error(404), Status(404)),
        (Answer::redirect("https://elsewhere.example/"), Status(302)),
        (Answer::close(), Unreachable),
        (Answer::normal().truncated_to(20), Malformed),
        (Answer::text(""), Malformed),
        (Answer::text("<html>"), Malformed),
        (Answer::json(json!({"keys": 7})), Malformed),
        (Answer::json(json!({"keys": []})), EmptySet),
        (Answer::json(mixed), EmptySet),
        (Answer::json(json!({"keys": [{"kty": "x"}]})), EmptySet),
        (Answer::normal().endless(), TooLarge),
        (Answer::text(vec![b' '; 600 * 1024]).gzip(), TooLarge),
    ] {
        bench.clock.advance(UNSETTLED);
        let before = bench.fake.count(Endpoint::Keys);
        let failures = issuer.health().failures();
        bench.fake.answer(Endpoint::Keys, answer.clone());
        issuer.refresh();
        bench.fake.arrived(Endpoint::Keys, before + 1).await;
        until(|| issuer.health().failures() > failures).await;
        let health = issuer.health();
        let error = health.last_error().unwrap();
        assert_eq!(error.kind(), kind, "{answer:?}: {error}");
        assert_eq!(at_once(&verifier, &token), Ok(()), "{answer:?}");
        bench.fake.answer_as_usual(Endpoint::Keys);
        bench.clock.advance(UNSETTLED);
        issuer.refresh();
        until(|| issuer.health().failures() == 0).await;
    }
}

/// To the letter, slash by slash; and nothing more is asked of it.
#[tokio::test]
async fn an_issuer_that_calls_itself_something_else_is_not_followed() {
    let bench = Bench::new();
    for name in [
        "https://evil.example".to_owned(),
        format!("{}/", bench.fake.name()),
    ] {
        bench.fake.set_metadata("issuer", name.clone());
        let IssuerError::Fetch(error) = bench.builder().connect().await.unwrap_err() else {
            panic!("it is no matter of the configuration");
        };
        assert_eq!(error.kind(), FetchErrorKind::IssuerMismatch);
        let message = error.to_string();
        assert!(message.contains(&name), "{message}");
        assert!(message.contains(&bench.fake.name()), "{message}");
    }
    assert_eq!(bench.fake.count(Endpoint::Keys), 0);
}

#[tokio::test]
async fn urls_that_may_not_be_fetched_are_an_error_of_the_configuration() {
    let bench = Bench::new();
    let plain = portcullis_remote::Issuer::builder(bench.fake.name());
    assert!(plain.build().is_err());
    let elsewhere = bench.builder().keys_url("http://keys.example/");
    assert!(elsewhere.build().is_err());
    let nobody = portcullis_remote::Issuer::builder("");
    assert!(nobody.build().is_err());
    assert_eq!(bench.fake.requests().len(), 0);
}
