//! The metadata document, in each of its places.

use portcullis_testing::issuer::{Answer, Discovery, Endpoint, FakeIssuer};
use serde_json::json as value;

use crate::{client, get, json};

#[tokio::test]
async fn metadata_is_in_one_place_only() {
    for path in ["", "/", "/realms/main", "/realms/main/"] {
        let all = [
            Discovery::OpenId,
            Discovery::OAuth,
            Discovery::OpenIdInserted,
            Discovery::At("/v2.0/metadata".to_owned()),
        ];
        let start = |discovery: &Discovery| {
            let builder = FakeIssuer::builder().path(path);
            builder.discovery(discovery.clone()).start()
        };
        let issuers: Vec<_> = all.iter().map(start).collect();
        for issuer in &issuers {
            let origin = format!("http://{}", issuer.address());
            assert_eq!(issuer.url(), format!("{origin}{path}"));
            let document = json(&issuer.metadata_url()).await;
            assert_eq!(document["issuer"], issuer.url());
            let own = issuer.metadata_url().replace(&origin, "");
            for other in &issuers {
                let place = other.metadata_url();
                let place = place.replace(&format!("http://{}", other.address()), "");
                let status = get(&format!("{origin}{place}")).await.status();
                assert_eq!(status, if place == own { 200 } else { 404 }, "{place}");
            }
        }
    }
    let keys_only = FakeIssuer::builder().discovery(Discovery::Nowhere).start();
    let place = format!("{}/.well-known/openid-configuration", keys_only.url());
    assert_eq!(get(&place).await.status(), 404);
    assert_eq!(get(&keys_only.keys_url()).await.status(), 200);
}

#[tokio::test]
async fn metadata_leads_to_the_keys() {
    let issuer = FakeIssuer::builder().path("/a").keys_path("/certs").start();
    let document = json(&issuer.metadata_url()).await;
    assert_eq!(
        document["jwks_uri"],
        format!("http://{}/certs", issuer.address())
    );
    assert_eq!(
        document["introspection_endpoint"],
        issuer.introspection_url()
    );
    assert_eq!(
        document["id_token_signing_alg_values_supported"],
        value!(["ES256"])
    );
    let keys = json(document["jwks_uri"].as_str().unwrap()).await;
    assert_eq!(keys["keys"][0]["kid"], "key-1");
    assert_eq!(issuer.count(Endpoint::Keys), 1);
    assert_eq!(issuer.count("/certs"), 1);
}

#[tokio::test]
async fn metadata_says_what_it_is_told() {
    let issuer = FakeIssuer::start();
    let other = FakeIssuer::start();
    issuer.set_metadata("issuer", "https://evil.example");
    issuer.set_metadata("jwks_uri", other.keys_url());
    issuer.set_metadata("x_unknown", value!({"a": [1, null]}));
    issuer.unset_metadata("token_endpoint");
    let document = json(&issuer.metadata_url()).await;
    assert_eq!(document["issuer"], "https://evil.example");
    assert_eq!(document["jwks_uri"], other.keys_url());
    assert_eq!(document["x_unknown"], value!({"a": [1, null]}));
    assert!(document.get("token_endpoint").is_none());
    // Its tokens do not lie.
    let claims = issuer.token("alice").claims_json();
    assert!(claims.contains(&issuer.url()), "{claims}");

    issuer.set_metadata("token_endpoint", "https://back.example");
    let document = json(&issuer.metadata_url()).await;
    assert_eq!(document["token_endpoint"], "https://back.example");
}

#[tokio::test]
async fn a_name_may_be_a_template() {
    let name = "https://login.test/{tenantid}/v2.0";
    let issuer = FakeIssuer::builder()
        .path("/common/v2.0")
        .name(name)
        .start();
    assert_eq!(json(&issuer.metadata_url()).await["issuer"], name);
    assert_eq!(issuer.name(), name);
    let token = issuer
        .token("alice")
        .claim("iss", "https://login.test/t1/v2.0");
    assert!(token.claims_json().contains("/t1/"));
}

#[tokio::test]
async fn any_path_can_have_an_answer() {
    let issuer = FakeIssuer::start();
    let url = issuer.url_of("/elsewhere");
    assert_eq!(get(&url).await.status(), 404);
    issuer.answer("/elsewhere", Answer::json(value!({"keys": []})));
    assert_eq!(json(&url).await, value!({"keys": []}));
    issuer.answer_as_usual("/elsewhere");
    assert_eq!(get(&format!("{url}?q=1")).await.status(), 404);
    assert_eq!(issuer.count("/elsewhere"), 3);
    let last = issuer.requests().pop().unwrap();
    assert_eq!((last.path(), last.query()), ("/elsewhere", Some("q=1")));
}

#[tokio::test]
async fn documents_are_read_only() {
    let issuer = FakeIssuer::start();
    for (url, allow) in [
        (issuer.metadata_url(), "GET"),
        (issuer.keys_url(), "GET"),
        (issuer.introspection_url(), "POST"),
    ] {
        let response = client().put(&url).body("x").send().await.unwrap();
        assert_eq!(response.status(), 405);
        assert_eq!(response.headers()["allow"], allow);
    }
}

#[tokio::test]
async fn documents_may_ask_for_a_token() {
    let issuer = FakeIssuer::start();
    issuer.require_bearer(Endpoint::Metadata, "service-account");
    let ask = |value: &str| {
        let request = client().get(issuer.metadata_url());
        request.header("authorization", value).send()
    };
    assert_eq!(get(&issuer.metadata_url()).await.status(), 401);
    for (value, status) in [
        ("Bearer other", 401),
        ("Basic service-account", 401),
        ("bearer service-account", 200),
    ] {
        assert_eq!(ask(value).await.unwrap().status(), status, "{value}");
    }
    assert_eq!(get(&issuer.keys_url()).await.status(), 200);
}

#[tokio::test]
async fn requests_are_written_down() {
    let issuer = FakeIssuer::start();
    let request = client()
        .get(issuer.keys_url())
        .header("x-test", "secret value");
    request.send().await.unwrap();
    let request = &issuer.requests_to(Endpoint::Keys)[0];
    assert_eq!(request.method(), "GET");
    assert_eq!(request.header("x-test"), Some("secret value"));
    assert_eq!(request.header("x-other"), None);
    assert!(request.body().is_empty());
    assert!(request.client().is_none());
    let shown = format!("{request:?}");
    assert!(
        shown.contains("x-test") && !shown.contains("secret"),
        "{shown}"
    );
    assert!(issuer.requests_to(Endpoint::Metadata).is_empty());
}
