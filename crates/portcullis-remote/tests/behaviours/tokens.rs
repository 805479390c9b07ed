//! Which issuer a token is judged by, and whether it needs to be there.

use std::time::Duration;

use portcullis::{guard::Authenticator, verify::Verifier};
use portcullis_testing::mint::Draft;

use crate::{LATER, World, answer, verifier};

#[tokio::test]
async fn a_token_is_judged_by_the_issuer_it_names() {
    let one = World::new();
    let other = World::new();
    let both = Verifier::combine([verifier(&one.issuer), verifier(&other.issuer)]).unwrap();
    let guard = Authenticator::new(both);
    let status = async |token: &Draft| answer(&guard, Some(token)).await.status().as_u16();
    assert_eq!(status(&one.fake.token("alice")).await, 200);
    assert_eq!((one.fetches(), other.fetches()), ((1, 1), (0, 0)));
    assert_eq!(status(&other.fake.token("alice")).await, 200);
    // One's key under the other's name.
    one.clock.advance(LATER);
    other.clock.advance(LATER);
    let mixed = other.fake.token("alice").claim("iss", one.fake.name());
    assert_eq!(status(&mixed).await, 401);
    assert_eq!((one.fetches().1, other.fetches().1), (2, 1));
    let unknown = one.fake.token("alice").claim("iss", "https://unknown.test");
    assert_eq!(status(&unknown).await, 401);
    // One of them is down: the other does not care.
    one.fake.go_offline();
    one.clock.advance(Duration::from_secs(3700));
    assert_eq!(status(&one.fake.token("alice")).await, 503);
    assert_eq!(status(&other.fake.token("alice")).await, 200);
    assert_eq!((one.fetches().1, other.fetches().1), (2, 1));
}

#[tokio::test]
async fn a_token_is_optional_and_a_bad_one_is_not() {
    let world = World::new();
    let guard = Authenticator::new(verifier(&world.issuer)).optional();
    assert_eq!(answer(&guard, None).await.status(), 200);
    assert_eq!(world.fetches(), (0, 0));
    let forged = world.fake.token("alice");
    let forged = forged.forged_by(&world.fake.unknown_key());
    assert_eq!(answer(&guard, Some(&forged)).await.status(), 401);
    world.fake.go_offline();
    world.clock.advance(Duration::from_secs(3700));
    let token = world.fake.token("alice");
    assert_eq!(answer(&guard, Some(&token)).await.status(), 503);
}
