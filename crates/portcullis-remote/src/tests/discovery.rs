//! Where metadata is looked for, and what is believed of it.

use std::time::Duration;

use portcullis::jose::{Algorithm, SigningKey};
use serde_json::json;

use super::{
    server::{Reply, Server},
    turned_clock::TurnedClock,
};
use crate::{
    Client, FetchError, FetchErrorKind, Fetched, Source,
    discovery::Discovery,
    freshness::SHORTEST,
    http::Fetcher,
    source::{Discovered, Reader},
    url_rules::UrlRules,
};

const HOUR: Duration = Duration::from_secs(3600);

fn fetcher() -> Fetcher {
    let client = Client::builder().no_proxy().build().unwrap();
    Fetcher::new(client).with_rules(UrlRules::default().loopback_http(true))
}

fn metadata(issuer: &str, jwks_uri: &str) -> Reply {
    let document = json!({"issuer": issuer, "jwks_uri": jwks_uri, "extra": [1]});
    Reply::body(document.to_string()).header("cache-control", "max-age=3600")
}

fn one_key(key_id: &str) -> Reply {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let jwk = key
        .verifying_key()
        .with_key_id(key_id)
        .public_jwk()
        .unwrap();
    Reply::body(json!({"keys": [jwk]}).to_string())
}

fn discover(issuer: &str, clock: &TurnedClock) -> Discovered {
    let discovery = Discovery::of_issuer(issuer, fetcher(), clock.shared()).unwrap();
    Discovered::new(discovery, fetcher(), Reader::new(None))
}

async fn keys_of(issuer: &str) -> Result<Fetched, FetchError> {
    discover(issuer, &TurnedClock::default()).fetch().await
}

fn key_ids(fetched: &Fetched) -> Vec<Option<&str>> {
    fetched.keys().iter().map(|key| key.key_id()).collect()
}

const SUFFIX: &str = "/realms/main/.well-known/openid-configuration";
const RFC_8414: &str = "/.well-known/oauth-authorization-server/realms/main";
const INSERTION: &str = "/.well-known/openid-configuration/realms/main";

#[tokio::test]
async fn each_place_is_tried_where_the_one_before_has_nothing() {
    let places = [SUFFIX, RFC_8414, INSERTION];
    for (index, place) in places.into_iter().enumerate() {
        for slash in ["", "/"] {
            let server = Server::start().await;
            let issuer = server.url(&format!("/realms/main{slash}"));
            server.answer(place, metadata(&issuer, &server.url("/keys")));
            server.answer("/keys", one_key("a"));
            let fetched = keys_of(&issuer).await.unwrap();
            assert_eq!(key_ids(&fetched), [Some("a")]);
            assert_eq!(fetched.metadata().unwrap().issuer(), issuer);
            let expected = [&places[..=index], &["/keys"]].concat();
            assert_eq!(server.take_paths(), expected);
        }
    }
}

#[tokio::test]
async fn where_there_is_none_all_places_are_named() {
    let server = Server::start().await;
    let error = keys_of(&server.url("/realms/main")).await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Status(404));
    for place in [SUFFIX, RFC_8414, INSERTION] {
        assert!(error.to_string().contains(&server.url(place)), "{error}");
    }
}

#[tokio::test]
async fn nothing_but_an_absence_leads_on() {
    for reply in [
        Reply::status(500),
        Reply::status(403),
        Reply::status(301).header("location", "/elsewhere"),
        Reply::body("<html>"),
        Reply::body(r#"{"issuer":"#),
    ] {
        let server = Server::start().await;
        let issuer = server.url("/realms/main");
        server.answer(SUFFIX, reply);
        server.answer(RFC_8414, metadata(&issuer, &server.url("/keys")));
        let error = keys_of(&issuer).await.unwrap_err();
        assert_ne!(error.kind(), FetchErrorKind::Status(404));
        assert!(error.to_string().contains(SUFFIX), "{error}");
        assert_eq!(server.take_paths(), [SUFFIX]);
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_not_believed() {
    let server = Server::start().await;
    let issuer = server.url("/realms/main");
    for other in [server.url("/realms/main/"), server.url("/realms/other")] {
        server.answer(SUFFIX, metadata(&other, &server.url("/keys")));
        let error = keys_of(&issuer).await.unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::IssuerMismatch);
        for name in [&issuer, &other] {
            assert!(error.to_string().contains(&format!("{name:?}")), "{error}");
        }
        assert_eq!(server.take_paths(), [SUFFIX]);
    }
}

#[tokio::test]
async fn urls_of_the_document_are_held_to_the_rules() {
    let server = Server::start().await;
    let issuer = server.url("/realms/main");
    for jwks_uri in ["http://keys.example.com/", "file:///etc/passwd", "/keys"] {
        server.answer(SUFFIX, metadata(&issuer, jwks_uri));
        let error = keys_of(&issuer).await.unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::UrlNotAllowed);
        assert!(error.to_string().contains(jwks_uri), "{error}");
    }
    server.answer(SUFFIX, Reply::body(json!({"issuer": issuer}).to_string()));
    let error = keys_of(&issuer).await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Malformed);
    let not_allowed = Discovery::of_issuer(
        &issuer,
        fetcher().with_rules(UrlRules::default()),
        TurnedClock::default().shared(),
    );
    let error = not_allowed.unwrap_err();
    assert!(error.to_string().contains("allow_loopback_http"), "{error}");
}

/// Entra ID: metadata of external tenants is on one host and says another, and that
/// of `common` says a pattern.
#[tokio::test]
async fn metadata_may_be_elsewhere_and_of_a_pattern() {
    let server = Server::start().await;
    server.answer("/keys", one_key("a"));
    for issuer in [
        "https://72f988bf-86f1-41af-91ab-2d7cd011db47.ciamlogin.com/72f988bf/v2.0",
        "https://login.microsoftonline.com/{tenantid}/v2.0",
    ] {
        server.answer("/elsewhere?p=q", metadata(issuer, &server.url("/keys")));
        let at = |expected: &str| {
            let url = server.url("/elsewhere?p=q");
            let clock = TurnedClock::default().shared();
            let discovery = Discovery::at(&url, expected, fetcher(), clock).unwrap();
            Discovered::new(discovery, fetcher(), Reader::new(None))
        };
        let fetched = at(issuer).fetch().await.unwrap();
        assert_eq!(key_ids(&fetched), [Some("a")]);
        let error = at("https://login.example.com").fetch().await.unwrap_err();
        assert_eq!(error.kind(), FetchErrorKind::IssuerMismatch);
    }
}

#[tokio::test]
async fn metadata_is_kept_as_long_as_it_is_fresh_and_longer_in_an_outage() {
    let server = Server::start().await;
    let issuer = server.url("/realms/main");
    server.answer(RFC_8414, metadata(&issuer, &server.url("/keys")));
    server.answer("/keys", one_key("a"));
    let clock = TurnedClock::default();
    let source = discover(&issuer, &clock);
    source.fetch().await.unwrap();
    server.take_paths();
    clock.advance(HOUR - Duration::from_secs(1));
    source.fetch().await.unwrap();
    assert_eq!(server.take_paths(), ["/keys"]);
    // It is looked for where it was.
    clock.advance(Duration::from_secs(1));
    source.fetch().await.unwrap();
    assert_eq!(server.take_paths(), [RFC_8414, "/keys"]);
    clock.advance(HOUR);
    server.answer(RFC_8414, Reply::status(503));
    server.answer("/keys", one_key("b"));
    let fetched = source.fetch().await.unwrap();
    assert_eq!(key_ids(&fetched), [Some("b")]);
    assert!(fetched.metadata().is_some());
    assert_eq!(server.take_paths(), [RFC_8414, "/keys"]);
    // It is not looked for again each time.
    source.fetch().await.unwrap();
    assert_eq!(server.take_paths(), ["/keys"]);
    clock.advance(SHORTEST);
    // Another name is no outage.
    server.answer(
        RFC_8414,
        metadata("https://evil.example", &server.url("/keys")),
    );
    let error = source.fetch().await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::IssuerMismatch);
}

#[tokio::test]
async fn keys_that_moved_are_found_at_once() {
    let server = Server::start().await;
    let issuer = server.url("/realms/main");
    server.answer(SUFFIX, metadata(&issuer, &server.url("/keys")));
    server.answer("/keys", one_key("a"));
    let source = discover(&issuer, &TurnedClock::default());
    source.fetch().await.unwrap();
    server.answer("/keys", Reply::status(404));
    let error = source.fetch().await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Status(404));
    server.answer(SUFFIX, metadata(&issuer, &server.url("/moved")));
    server.answer("/moved", one_key("b"));
    server.take_paths();
    // Within one fetch, though the metadata seemed fresh.
    let fetched = source.fetch().await.unwrap();
    assert_eq!(key_ids(&fetched), [Some("b")]);
    assert_eq!(server.take_paths(), ["/keys", SUFFIX, "/moved"]);
    // A fault is no reason to look elsewhere at once, but before the next time.
    server.answer("/moved", Reply::status(500));
    assert!(source.fetch().await.is_err());
    assert_eq!(server.take_paths(), ["/moved"]);
    server.answer(SUFFIX, metadata(&issuer, &server.url("/keys")));
    server.answer("/keys", one_key("c"));
    let fetched = source.fetch().await.unwrap();
    assert_eq!(key_ids(&fetched), [Some("c")]);
    assert_eq!(server.take_paths(), [SUFFIX, "/keys"]);
}
