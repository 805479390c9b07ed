//! What an issuer says about how long its keys are good.

use std::time::Duration;

use portcullis_testing::issuer::{Answer, Endpoint};

use crate::{LATER, World};

/// RFC 9111, as far as it goes between 30 seconds and an hour.
#[tokio::test]
async fn keys_are_fetched_again_before_they_expire() {
    for (fields, fresh) in [
        (&[][..], 600),
        (&[("cache-control", "no-store")], 600),
        (&[("cache-control", "no-cache, max-age=120")], 600),
        (&[("cache-control", "max-age=1000")], 1000),
        (&[("cache-control", "max-age=1000"), ("age", "400")], 600),
        (
            &[
                ("cache-control", "public"),
                ("cache-control", "max-age=200"),
            ],
            200,
        ),
        (
            &[("cache-control", "x=\"no-store, max-age=5\", max-age=300")],
            300,
        ),
        (&[("cache-control", "max-age=0")], 30),
        (&[("cache-control", "max-age=60"), ("age", "55")], 30),
        (&[("cache-control", "max-age=86400")], 3600),
    ] {
        let world = World::new();
        let answer = fields
            .iter()
            .fold(Answer::normal(), |answer, (name, value)| {
                answer.another_header(name, value)
            });
        world.fake.answer(Endpoint::Keys, answer);
        assert_eq!(world.issuer.ready().await, Ok(()));
        // About four fifths of it, a little of which may have passed.
        let next = world.issuer.health().next_attempt().unwrap().as_secs();
        let least = (fresh * 70 / 100_u64).saturating_sub(10);
        assert!(
            (least..fresh).contains(&next),
            "{fields:?}: in {next} s of {fresh}"
        );
    }
}

#[tokio::test]
async fn a_set_that_has_not_changed_is_not_sent_again() {
    let world = World::new();
    world.fake.answer(Endpoint::Keys, Answer::normal().etag());
    assert_eq!(world.answer(&world.fake.token("alice")).await, 200);
    world.clock.advance(LATER);
    let unknown = world.fake.token("mallory");
    let unknown = unknown.signed_by(&world.fake.unknown_key());
    assert_eq!(world.answer(&unknown).await, 401);
    let asked = world.fake.requests_to(Endpoint::Keys);
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].header("if-none-match"), None);
    assert!(asked[1].header("if-none-match").is_some());
    // It was seen again: it is good for another hour.
    world.clock.advance(Duration::from_secs(3595));
    assert_eq!(world.answer(&world.fake.token("alice")).await, 200);
}
