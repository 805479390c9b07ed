//! The issuer is down.

use axum::{Router, body::Body, http::Request, routing::get};
use portcullis::verify::VerifyErrorKind::KeysUnavailable;
use portcullis_axum::AuthLayer;
use portcullis_remote::{FetchErrorKind, IssuerError};
use portcullis_testing::issuer::{Answer, Endpoint};
use tower::ServiceExt;

use crate::bench::{Bench, MINUTE, SECOND, UNSETTLED, at_once, result, until, verify};

#[tokio::test]
async fn who_must_not_start_without_keys_does_not() {
    let bench = Bench::new();
    bench.fake.go_offline();
    let error = bench.builder().connect().await.unwrap_err();
    let IssuerError::Fetch(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind(), FetchErrorKind::Unreachable);
    bench.fake.go_online();
    assert!(bench.builder().connect().await.is_ok());
}

#[tokio::test]
async fn a_service_that_starts_without_its_issuer_answers_503_until_it_is_there() {
    let bench = Bench::new();
    bench.fake.go_offline();
    let (issuer, verifier) = bench.lazy();
    let app = Router::new()
        .route("/me", get(|| async { "let in" }))
        .layer(AuthLayer::new(verifier));
    let ask = || {
        let request =
            Request::get("/me").header("authorization", bench.fake.token("alice").bearer());
        app.clone().oneshot(request.body(Body::empty()).unwrap())
    };
    let refused = ask().await.unwrap();
    assert_eq!(refused.status(), 503);
    let retry_after = refused.headers()["retry-after"].to_str().unwrap();
    assert!(retry_after.parse::<u32>().unwrap() >= 1);
    assert!(!refused.headers().contains_key("www-authenticate"));
    assert!(!issuer.health().is_ready());
    assert_eq!(issuer.health().keys(), 0);
    // What is wrong with it in any case is said all the same.
    let expired = bench.fake.token("alice").expired().bearer();
    let request = Request::get("/me").header("authorization", expired);
    let refused = app.clone().oneshot(request.body(Body::empty()).unwrap());
    assert_eq!(refused.await.unwrap().status(), 401);

    bench.fake.go_online();
    bench.clock.advance(2 * SECOND);
    assert_eq!(ask().await.unwrap().status(), 200);
}

#[tokio::test]
async fn keys_at_hand_go_on_until_they_are_stale() {
    let bench = Bench::new();
    let (issuer, verifier) = bench.connect().await;
    let token = bench.token();
    bench.fake.answer(Endpoint::Keys, Answer::error(500));
    bench.clock.advance(10 * MINUTE);
    issuer.health();
    until(|| issuer.health().failures() > 0).await;
    assert_eq!(at_once(&verifier, &token), Ok(()));
    let kind = issuer.health().last_error().unwrap().kind();
    assert_eq!(kind, FetchErrorKind::Status(500));
    // About others nobody can say anything.
    bench.fake.roll();
    assert_eq!(
        verify(&verifier, &bench.token()).await,
        Err(KeysUnavailable)
    );
    bench.clock.advance(49 * MINUTE);
    assert_eq!(at_once(&verifier, &token), Ok(()));
    assert!(issuer.health().is_ready());
    bench.clock.advance(2 * MINUTE);
    let error = result(&verifier, &token).await.unwrap_err();
    assert_eq!(error.kind(), KeysUnavailable);
    assert!(error.retry_after().is_some());
    assert!(!issuer.health().is_ready());

    bench.fake.answer_as_usual(Endpoint::Keys);
    bench.clock.advance(2 * SECOND);
    assert_eq!(verify(&verifier, &token).await, Ok(()));
    let health = issuer.health();
    assert_eq!((health.failures(), health.last_error()), (0, None));
}

#[tokio::test]
async fn the_stale_limit_can_be_chosen() {
    let bench = Bench::new();
    let builder = || bench.builder().interval(MINUTE);
    assert!(builder().stale_limit(MINUTE).build().is_err());
    let issuer = builder().stale_limit(2 * MINUTE).connect().await.unwrap();
    let verifier = crate::bench::verifier(&issuer);
    let token = bench.token();
    bench.fake.go_offline();
    bench.clock.advance(110 * SECOND);
    assert_eq!(at_once(&verifier, &token), Ok(()));
    bench.clock.advance(20 * SECOND);
    assert_eq!(verify(&verifier, &token).await, Err(KeysUnavailable));
}

#[tokio::test]
async fn an_issuer_that_asks_to_be_left_alone_is() {
    let bench = Bench::new();
    let answer = Answer::error(503).header("retry-after", "120");
    bench.fake.answer(Endpoint::Keys, answer);
    let (_issuer, verifier) = bench.lazy();
    let token = bench.token();
    let wait = |error: portcullis::verify::VerifyError| error.retry_after().unwrap().as_secs();
    let first = result(&verifier, &token).await.unwrap_err();
    assert!((119..=120).contains(&wait(first)));
    bench.clock.advance(MINUTE);
    let second = result(&verifier, &token).await.unwrap_err();
    assert!((50..=61).contains(&wait(second)));
    assert_eq!(bench.fake.count(Endpoint::Keys), 1);
    bench.fake.answer_as_usual(Endpoint::Keys);
    bench.clock.advance(2 * MINUTE);
    assert_eq!(verify(&verifier, &token).await, Ok(()));
}

#[tokio::test]
async fn need_does_not_hasten_attempts_beyond_one_a_second() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.connect().await;
    bench.fake.answer(Endpoint::Keys, Answer::error(500));
    bench.clock.advance(UNSETTLED);
    let stranger = bench.stranger();
    assert_eq!(verify(&verifier, &stranger).await, Err(KeysUnavailable));
    // Nobody waits now.
    for _ in 0..100 {
        assert!(at_once(&verifier, &bench.token()).is_ok());
    }
    bench.clock.advance(2 * SECOND);
    assert_eq!(verify(&verifier, &stranger).await, Err(KeysUnavailable));
    assert!(bench.fake.count(Endpoint::Keys) >= 3);
}

#[tokio::test]
async fn readiness_waits_for_the_first_keys_and_can_be_asked_again() {
    let bench = Bench::new();
    bench.fake.answer_once(Endpoint::Keys, Answer::error(500));
    let (issuer, _) = bench.lazy();
    let health = issuer.health();
    assert_eq!((health.is_ready(), health.next_attempt()), (false, None));
    assert!(issuer.ready().await.is_err());
    bench.clock.advance(2 * SECOND);
    assert!(issuer.ready().await.is_ok());
    assert!(issuer.ready().await.is_ok());
    assert_eq!(bench.fake.count(Endpoint::Keys), 2);
    let health = issuer.health();
    assert!(health.is_ready() && health.age().unwrap() < MINUTE);
    assert!(health.good_for().unwrap() > 59 * MINUTE);
}
