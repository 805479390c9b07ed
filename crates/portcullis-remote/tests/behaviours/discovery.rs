//! Where metadata and keys are, and whose.

use portcullis_remote::{Issuer, IssuerError};
use portcullis_testing::{
    clock::FakeClock,
    issuer::{Answer, Discovery, Endpoint, FakeIssuer},
};

use crate::{World, trusting};

#[tokio::test]
async fn an_issuer_that_lies_about_its_name_is_not_trusted() {
    let clock = FakeClock::new();
    for discovery in [
        Discovery::OpenId,
        Discovery::OAuth,
        Discovery::OpenIdInserted,
    ] {
        for (path, lie) in [("/a", "/a/"), ("/a/", "/a"), ("/a", "/b"), ("", "/")] {
            let fake = FakeIssuer::builder()
                .path(path)
                .discovery(discovery.clone())
                .start();
            let said = format!("http://{}{lie}", fake.address());
            fake.set_metadata("issuer", said.clone());
            let error = trusting(&fake, &clock).connect().await.unwrap_err();
            let text = error.to_string();
            // Both are shown.
            assert!(
                text.contains(&said) && text.contains(&fake.name()),
                "{text}"
            );
            assert_eq!(fake.count(Endpoint::Keys), 0);
        }
    }
}

#[tokio::test]
async fn metadata_is_found_in_each_place() {
    let clock = FakeClock::new();
    for discovery in [
        Discovery::OpenId,
        Discovery::OAuth,
        Discovery::OpenIdInserted,
    ] {
        for path in ["", "/", "/a/b", "/a/"] {
            let builder = FakeIssuer::builder().path(path).clock(clock.shared());
            let fake = builder.discovery(discovery.clone()).start();
            let world = World::of(fake, clock.clone());
            assert_eq!(
                world.answer(&world.fake.token("alice")).await,
                200,
                "{path}"
            );
            assert_eq!(world.fetches(), (1, 1));
        }
    }
}

#[tokio::test]
async fn only_a_place_that_is_not_there_is_passed_over() {
    let clock = FakeClock::new();
    let fake = FakeIssuer::builder()
        .path("/a")
        .discovery(Discovery::OAuth)
        .start();
    let first = "/a/.well-known/openid-configuration";
    fake.answer(first, Answer::error(500));
    let error = trusting(&fake, &clock).connect().await.unwrap_err();
    assert!(matches!(error, IssuerError::Fetch(_)), "{error}");
    assert_eq!((fake.count(first), fake.count(Endpoint::Metadata)), (1, 0));
}

#[tokio::test]
async fn documents_lead_nowhere_that_is_not_safe() {
    let clock = FakeClock::new();
    for url in [
        "http://keys.example/",
        "file:///etc/passwd",
        "//keys.example",
        "keys",
        "",
    ] {
        let fake = FakeIssuer::start();
        fake.set_metadata("jwks_uri", url);
        let error = trusting(&fake, &clock).connect().await.unwrap_err();
        assert!(matches!(error, IssuerError::Fetch(_)), "{url}: {error}");
    }
    // Unless this machine is allowed by name, it is not either.
    let fake = FakeIssuer::start();
    assert!(Issuer::builder(fake.name()).build().is_err());
    // Redirects are not followed.
    let other = FakeIssuer::start();
    fake.answer(Endpoint::Keys, Answer::redirect(&other.keys_url()));
    assert!(trusting(&fake, &clock).connect().await.is_err());
    assert_eq!(other.count(Endpoint::Keys), 0);
}

#[tokio::test]
async fn keys_may_be_at_another_server() {
    let clock = FakeClock::new();
    let fake = FakeIssuer::builder().clock(clock.shared()).start();
    let keeper = FakeIssuer::start();
    let document = fake.keys(|keys| keys.document());
    keeper.answer(Endpoint::Keys, Answer::text(document));
    fake.set_metadata("jwks_uri", keeper.keys_url());
    let world = World::of(fake, clock);
    assert_eq!(world.answer(&world.fake.token("alice")).await, 200);
    assert_eq!(world.fetches(), (1, 0));
    assert_eq!(keeper.count(Endpoint::Keys), 1);
}
