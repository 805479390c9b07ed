//! Key documents behind URLs, and in code.

use std::time::Duration;

use portcullis::jose::{Algorithm, KeySet, SigningKey};
use serde_json::{Value, json};

use super::server::{Reply, Server};
use crate::{
    Client, FetchErrorKind, Source,
    http::Fetcher,
    source::{JwksUrl, Reader},
    url_rules::UrlRules,
};

fn source(url: &str, algorithms: Option<&[Algorithm]>) -> JwksUrl {
    let client = Client::builder().no_proxy().build().unwrap();
    let fetcher = Fetcher::new(client).with_rules(UrlRules::default().loopback_http(true));
    JwksUrl::new(url, fetcher, Reader::new(algorithms)).unwrap()
}

fn jwk(key_id: &str) -> Value {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let key = key.verifying_key().with_key_id(key_id);
    Value::Object(key.public_jwk().unwrap())
}

fn set(keys: &[Value]) -> Vec<u8> {
    json!({"keys": keys}).to_string().into_bytes()
}

#[tokio::test]
async fn keys_come_with_their_time() {
    let server = Server::start().await;
    let source = source(&server.url("/keys?tenant=a"), None);
    let reply = Reply::body(set(&[jwk("a"), jwk("b")]));
    server.answer("/keys?tenant=a", reply.clone());
    let fetched = source.fetch().await.unwrap();
    assert_eq!(fetched.keys().len(), 2);
    assert_eq!(fetched.fresh_for(), Duration::from_secs(600));
    assert!(fetched.left_out().is_empty() && fetched.metadata().is_none());
    let timed = reply
        .header("cache-control", "public")
        .header("cache-control", "max-age=\"900\"")
        .header("age", "300");
    server.answer("/keys?tenant=a", timed);
    let fetched = source.fetch().await.unwrap();
    assert_eq!(fetched.fresh_for(), Duration::from_secs(600));
    assert_eq!(server.take_seen()[1].header("if-none-match"), None);
}

#[tokio::test]
async fn an_entity_tag_saves_the_body_and_never_the_keys() {
    let server = Server::start().await;
    let source = source(&server.url("/keys"), None);
    let reply = |tag: &str, max_age: u32, key: &str| {
        Reply::body(set(&[jwk(key)]))
            .header("etag", tag)
            .header("cache-control", format!("max-age={max_age}"))
    };
    server.answer("/keys", reply("W/\"1\"", 100, "a"));
    let first = source.fetch().await.unwrap();
    server.answer("/keys", reply("W/\"1\"", 200, "never sent"));
    let again = source.fetch().await.unwrap();
    assert!(again.keys().iter().eq(first.keys().iter()));
    // The newer word counts.
    assert_eq!(first.fresh_for(), Duration::from_secs(100));
    assert_eq!(again.fresh_for(), Duration::from_secs(200));
    server.answer("/keys", reply("\"2\"", 100, "b"));
    let changed = source.fetch().await.unwrap();
    assert_eq!(changed.keys().iter().next().unwrap().key_id(), Some("b"));
    let tags: Vec<_> = server
        .take_seen()
        .iter()
        .map(|seen| seen.header("if-none-match").map(str::to_owned))
        .collect();
    let one = Some("W/\"1\"".to_owned());
    assert_eq!(tags, [None, one.clone(), one]);
    // A document without good keys is not what later ones are compared with.
    let broken = Reply::body("{").header("etag", "\"3\"");
    server.answer("/keys", broken);
    assert!(source.fetch().await.is_err());
    assert!(source.fetch().await.is_err());
    for seen in server.take_seen() {
        assert_eq!(seen.header("if-none-match"), Some("\"2\""));
    }
}

#[tokio::test]
async fn what_has_no_keys_is_an_error() {
    let server = Server::start().await;
    let source = source(&server.url("/keys"), None);
    let secret = json!({"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"});
    let whole = set(&[jwk("a")]);
    for (body, expected) in [
        (set(&[]), FetchErrorKind::EmptySet),
        (set(&[secret.clone(), secret]), FetchErrorKind::EmptySet),
        (set(&vec![jwk("a"); 101]), FetchErrorKind::Malformed),
        (whole[..whole.len() - 2].to_vec(), FetchErrorKind::Malformed),
        (b"<html>".to_vec(), FetchErrorKind::Malformed),
        (Vec::new(), FetchErrorKind::Malformed),
        (vec![b' '; 600 * 1024], FetchErrorKind::TooLarge),
    ] {
        server.answer("/keys", Reply::body(body));
        let error = source.fetch().await.unwrap_err();
        assert_eq!(error.kind(), expected, "{error}");
        assert!(error.to_string().contains(&server.url("/keys")), "{error}");
        assert!(!error.to_string().contains("MDEy"), "{error}");
    }
    server.answer("/keys", Reply::status(503).header("retry-after", "7"));
    let error = source.fetch().await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::Status(503));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
}

#[tokio::test]
async fn odd_keys_are_left_out_and_several_algorithms_are_several() {
    let server = Server::start().await;
    let rsa = {
        let key = SigningKey::generate(Algorithm::RS256).unwrap();
        let mut jwk = key.verifying_key().with_key_id("r").public_jwk().unwrap();
        jwk.remove("alg");
        jwk.insert(
            "issuer".to_owned(),
            "https://h.example/{tenantid}/v2.0".into(),
        );
        Value::Object(jwk)
    };
    let mut encrypting = jwk("e");
    encrypting["use"] = "enc".into();
    let secret = json!({"kty": "oct", "k": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"});
    let body = set(&[json!({"kty": "XYZ"}), encrypting, secret, json!(7), rsa]);
    server.answer("/keys", Reply::body(body));
    let algorithms = [Algorithm::RS256, Algorithm::ES256, Algorithm::PS256];
    let source = source(&server.url("/keys"), Some(&algorithms));
    let fetched = source.fetch().await.unwrap();
    let found: Vec<_> = fetched
        .keys()
        .iter()
        .map(|key| (key.algorithm(), key.key_id(), key.issuer()))
        .collect();
    let entra = Some("https://h.example/{tenantid}/v2.0");
    assert_eq!(
        found,
        [
            (Algorithm::RS256, Some("r"), entra),
            (Algorithm::PS256, Some("r"), entra)
        ]
    );
    let left_out = fetched.left_out();
    assert_eq!(left_out.len(), 4);
    assert_eq!(left_out[1].key_id(), Some("e"));
    assert_eq!(left_out[1].place(), server.url("/keys"));
    assert!(
        left_out[1].to_string().contains("key \"e\": `use`"),
        "{}",
        left_out[1]
    );
}

#[tokio::test]
async fn a_url_that_is_not_allowed_is_refused_before_it_is_fetched() {
    let client = Client::builder().no_proxy().build().unwrap();
    let error = JwksUrl::new(
        "http://127.0.0.1/keys",
        Fetcher::new(client),
        Reader::new(None),
    );
    assert_eq!(error.unwrap_err().kind(), FetchErrorKind::UrlNotAllowed);
}

#[tokio::test]
async fn a_set_in_code_is_a_source() {
    let key = SigningKey::generate(Algorithm::ES256).unwrap();
    let keys = KeySet::from(key.verifying_key());
    let fetched = keys.fetch().await.unwrap();
    assert_eq!(fetched.keys().len(), 1);
    let error = KeySet::default().fetch().await.unwrap_err();
    assert_eq!(error.kind(), FetchErrorKind::EmptySet);
}
