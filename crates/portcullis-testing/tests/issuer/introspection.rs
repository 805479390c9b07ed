//! Introspection (RFC 7662) and who may ask for it.

use std::time::Duration;

use portcullis::jose::{Algorithm, SigningKey};
use portcullis_testing::{
    clock::FakeClock,
    issuer::{CLIENT_ID, CLIENT_SECRET, ClientAuth, Endpoint, FakeIssuer},
    keys,
    mint::Mint,
};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::client;

const FORM: &str = "application/x-www-form-urlencoded";

fn ask(issuer: &FakeIssuer, form: &str) -> RequestBuilder {
    let request = client().post(issuer.introspection_url());
    request.header("content-type", FORM).body(form.to_owned())
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
    let status = response.status().as_u16();
    let body = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn introspect(issuer: &FakeIssuer, token: &str) -> Value {
    let request = ask(issuer, &format!("token={token}"));
    let request = request.basic_auth(CLIENT_ID, Some("the+secret+of+the+test+client"));
    let (status, document) = answer(request).await;
    assert_eq!(status, 200);
    document
}

#[tokio::test]
async fn tokens_are_active_until_they_are_not() {
    let clock = FakeClock::new();
    let issuer = FakeIssuer::builder().clock(clock.shared()).start();
    let draft = issuer.token("alice").claim("scope", "a b");
    let token = draft.build();
    let opaque = issuer.opaque(&draft);
    assert_ne!(opaque, issuer.opaque(&draft));
    for token in [&token, &opaque] {
        let document = introspect(&issuer, token).await;
        assert_eq!(document["active"], true);
        assert_eq!(document["sub"], "alice");
        assert_eq!(document["scope"], "a b");
        assert_eq!(document["iss"], issuer.name());
    }
    // Of a key that was rolled away it is still its own.
    issuer.roll();
    issuer.keys(|keys| keys.withdraw("key-1"));
    assert_eq!(introspect(&issuer, &token).await["active"], true);

    assert!(!format!("{issuer:?}").contains(&opaque));
    issuer.revoke(&opaque);
    let inactive = json!({"active": false});
    assert_eq!(introspect(&issuer, &opaque).await, inactive);
    assert_eq!(introspect(&issuer, "whatever").await, inactive);
    let forged = draft.signed_by(&issuer.unknown_key()).build();
    assert_eq!(introspect(&issuer, &forged).await, inactive);
    clock.advance(Duration::from_secs(901));
    assert_eq!(introspect(&issuer, &token).await, inactive);
}

#[tokio::test]
async fn answers_may_be_nonsense() {
    let issuer = FakeIssuer::start();
    issuer.introspect_as("t", json!({"active": "yes"}));
    assert_eq!(introspect(&issuer, "t").await, json!({"active": "yes"}));
    issuer.introspect_as("t", json!([]));
    assert_eq!(introspect(&issuer, "t").await, json!([]));
}

#[tokio::test]
async fn clients_show_a_secret() {
    let issuer = FakeIssuer::builder()
        .client_with_secret("a client", "p:ä")
        .start();
    let basic = ask(&issuer, "token=t").basic_auth("a+client", Some("p%3A%C3%A4"));
    assert_eq!(answer(basic).await.0, 200);
    let post = "token=t&client_id=a+client&client_secret=p%3A%C3%A4";
    assert_eq!(answer(ask(&issuer, post)).await.0, 200);
    let id = "a client".to_owned();
    let clients: Vec<_> = issuer
        .requests_to(Endpoint::Introspection)
        .iter()
        .map(|request| request.client().cloned())
        .collect();
    let expected = [
        Some(ClientAuth::Basic { id: id.clone() }),
        Some(ClientAuth::Post { id }),
    ];
    assert_eq!(clients, expected);

    for wrong in [
        ask(&issuer, "token=t"),
        ask(&issuer, "token=t").basic_auth("a+client", Some("other")),
        ask(&issuer, "token=t").basic_auth("other", Some("p%3A%C3%A4")),
        ask(&issuer, "token=t").basic_auth(CLIENT_ID, Some(CLIENT_SECRET)),
        ask(&issuer, "token=t").bearer_auth("p"),
        // Two ways at once (RFC 6749 section 2.3).
        ask(&issuer, post).basic_auth("a+client", Some("p%3A%C3%A4")),
    ] {
        let (status, document) = answer(wrong).await;
        assert_eq!(
            (status, &document["error"]),
            (401, &"invalid_client".into())
        );
    }
    let last = issuer.requests().pop().unwrap();
    assert!(last.client().is_none());
}

#[tokio::test]
async fn clients_sign_an_assertion() {
    let key = keys::signing(Algorithm::ES256).with_key_id("client key");
    let issuer = FakeIssuer::builder()
        .client_with_keys("client-1", key.verifying_key())
        .start();
    let assertion = |key: &SigningKey, audience: &str, id: &str| {
        let mint = Mint::with_key(key.clone()).issuer("client-1");
        let draft = mint.token(id).audience(audience).header("typ", "JWT");
        draft.without("client_id").build()
    };
    let send = |assertion: String| {
        let kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
        let form = format!("token=t&client_assertion_type={kind}&client_assertion={assertion}");
        answer(ask(&issuer, &form))
    };
    let name = issuer.name();
    let good = assertion(&key, &name, "client-1");
    assert_eq!(send(good.clone()).await.0, 200);
    let request = issuer.requests().pop().unwrap();
    let id = "client-1".to_owned();
    let algorithm = Algorithm::ES256;
    assert_eq!(
        request.client(),
        Some(&ClientAuth::PrivateKeyJwt { id, algorithm })
    );
    let endpoint = assertion(&key, &issuer.introspection_url(), "client-1");
    assert_eq!(send(endpoint).await.0, 200);
    let token_endpoint = assertion(&key, &format!("{name}/token"), "client-1");
    assert_eq!(send(token_endpoint).await.0, 200);

    // A second time; by another key; for somebody else; of somebody else.
    let other_key = keys::untrusted(Algorithm::ES256).with_key_id("client key");
    for wrong in [
        good,
        assertion(&other_key, &name, "client-1"),
        assertion(&key, "https://other.example", "client-1"),
        assertion(&key, &name, "client-2"),
    ] {
        assert_eq!(send(wrong).await.0, 401);
    }
    let untyped = format!(
        "token=t&client_assertion={}",
        assertion(&key, &name, "client-1")
    );
    assert_eq!(answer(ask(&issuer, &untyped)).await.0, 401);
}

#[tokio::test]
async fn a_request_without_a_token_is_none() {
    let issuer = FakeIssuer::start();
    let authenticated = |request: RequestBuilder| {
        request.basic_auth(CLIENT_ID, Some("the+secret+of+the+test+client"))
    };
    let (status, document) = answer(authenticated(ask(&issuer, "a=b"))).await;
    assert_eq!(
        (status, &document["error"]),
        (400, &"invalid_request".into())
    );
    let json = client().post(issuer.introspection_url()).body("token=t");
    let json = json.header("content-type", "application/json");
    assert_eq!(answer(authenticated(json)).await.0, 400);
}
