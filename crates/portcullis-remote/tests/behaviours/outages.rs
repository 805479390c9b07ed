//! Issuers that are down, or worse.

use std::time::Duration;

use portcullis_remote::{FetchErrorKind, IssuerError};
use portcullis_testing::{
    clock::FakeClock,
    issuer::{Answer, Endpoint, FakeIssuer},
};

use crate::{LATER, World, answer, assert_unavailable, trusting};

#[tokio::test]
async fn old_keys_serve_while_the_issuer_is_down_and_no_longer_than_that() {
    let world = World::new();
    assert_eq!(world.answer(&world.fake.token("alice")).await, 200);
    for told in [
        Answer::error(500),
        Answer::error(404),
        Answer::close(),
        Answer::json(serde_json::json!({"keys": []})),
        Answer::text("<html>"),
        Answer::normal().truncated_to(20),
        Answer::redirect("http://127.0.0.1:1/"),
    ] {
        world.fake.answer(Endpoint::Keys, told);
        world.clock.advance(LATER);
        assert_eq!(world.answer(&world.fake.token("alice")).await, 200);
        let unknown = world.fake.token("bob").signed_by(&world.fake.unknown_key());
        assert_unavailable(&answer(&world.guard, Some(&unknown)).await);
    }
    world.fake.go_offline();
    world.clock.advance(Duration::from_secs(3700));
    let token = world.fake.token("alice");
    assert_unavailable(&answer(&world.guard, Some(&token)).await);
    assert!(!world.issuer.health().is_ready());

    world.fake.answer_as_usual(Endpoint::Keys);
    world.fake.go_online();
    world.clock.advance(Duration::from_secs(700));
    assert_eq!(world.answer(&world.fake.token("alice")).await, 200);
    assert!(world.issuer.health().is_ready());
}

#[tokio::test]
async fn a_service_starts_while_the_issuer_is_down() {
    let clock = FakeClock::new();
    let fake = FakeIssuer::builder().clock(clock.shared()).start();
    fake.go_offline();
    let refused = trusting(&fake, &clock).connect().await.unwrap_err();
    let IssuerError::Fetch(error) = refused else {
        panic!("{refused}");
    };
    assert_eq!(error.kind(), FetchErrorKind::Unreachable);

    let world = World::of(fake, clock);
    let token = world.fake.token("alice");
    assert_unavailable(&answer(&world.guard, Some(&token)).await);
    world.fake.go_online();
    world.clock.advance(LATER);
    assert_eq!(world.answer(&world.fake.token("alice")).await, 200);
}

#[tokio::test]
async fn an_issuer_that_asks_for_time_is_given_it() {
    let world = World::new();
    let busy = Answer::error(429).header("retry-after", "120");
    world.fake.answer(Endpoint::Keys, busy);
    let token = world.fake.token("alice");
    assert_unavailable(&answer(&world.guard, Some(&token)).await);
    assert_eq!(world.fake.count(Endpoint::Keys), 1);
    world.fake.answer_as_usual(Endpoint::Keys);
    // It is not asked before.
    world.clock.advance(Duration::from_secs(60));
    assert_unavailable(&answer(&world.guard, Some(&token)).await);
    assert_eq!(world.fake.count(Endpoint::Keys), 1);
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(world.answer(&token).await, 200);
    assert_eq!(world.fake.count(Endpoint::Keys), 2);
}

#[tokio::test]
async fn no_more_is_read_than_a_key_set_can_have() {
    for told in [
        Answer::normal().endless(),
        Answer::json(serde_json::json!({"keys": [], "x": " ".repeat(600 * 1024)})).gzip(),
    ] {
        let world = World::new();
        world.fake.answer(Endpoint::Keys, told);
        let Err(error) = world.issuer.ready().await else {
            panic!("it was read to no end");
        };
        assert_eq!(error.kind(), FetchErrorKind::TooLarge, "{error}");
    }
}
