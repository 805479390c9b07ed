//! Getting tokens from it.

use std::net::{Ipv4Addr, TcpListener};

use portcullis::verify::Verifier;
use portcullis_testing::issuer::{CLIENT_ID, CLIENT_SECRET, Endpoint, FakeIssuer};
use reqwest::header;
use serde_json::{Value, json};

use crate::{client, json};

/// Asks with a form, as the client that there is; its answer.
async fn ask(issuer: &FakeIssuer, secret: &str, form: &str) -> (u16, Value) {
    let credentials = format!(
        "client_id={CLIENT_ID}&client_secret={}",
        secret.replace(' ', "+")
    );
    let response = client()
        .post(issuer.token_url())
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(format!("{form}&{credentials}"))
        .send()
        .await
        .unwrap();
    let status = response.status().as_u16();
    assert_eq!(response.headers()["cache-control"], "no-store");
    (
        status,
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap(),
    )
}

fn verifier(issuer: &FakeIssuer) -> Verifier {
    let builder = Verifier::builder().keys(issuer.key_set());
    let builder = builder.issuer(issuer.name()).audience("https://api.test");
    builder.rfc9068().build().unwrap()
}

#[tokio::test]
async fn a_client_gets_tokens_for_itself_and_for_anybody() {
    let issuer = FakeIssuer::builder().path("/realms/main").start();
    let verifier = verifier(&issuer);
    for (form, subject, scope) in [
        ("grant_type=client_credentials", CLIENT_ID, None),
        (
            "grant_type=client_credentials&scope=a+b",
            CLIENT_ID,
            Some("a b"),
        ),
        (
            "grant_type=password&username=alice&password=x",
            "alice",
            None,
        ),
        ("grant_type=password&username=bob&scope=", "bob", None),
    ] {
        let (status, answer) = ask(&issuer, CLIENT_SECRET, form).await;
        assert_eq!(status, 200, "{form}");
        assert_eq!(answer["token_type"], "Bearer");
        assert_eq!(answer["expires_in"], 900);
        assert_eq!(answer.get("scope").and_then(Value::as_str), scope);
        let token = answer["access_token"].as_str().unwrap();
        let verified = verifier.verify_now(token.as_bytes()).unwrap();
        assert_eq!(verified.subject_name(), Some(subject));
        assert_eq!(verified.client_id(), Some(CLIENT_ID));
        assert_eq!(verified.scope().to_string(), scope.unwrap_or_default());
    }
    let metadata = json(&issuer.metadata_url()).await;
    assert_eq!(metadata["token_endpoint"], issuer.token_url());
    assert_eq!(issuer.count(Endpoint::Token), 4);
}

#[tokio::test]
async fn whoever_asks_wrongly_gets_a_code() {
    let issuer = FakeIssuer::start();
    for (secret, form, status, code) in [
        (
            "wrong",
            "grant_type=client_credentials",
            401,
            "invalid_client",
        ),
        (
            CLIENT_SECRET,
            "grant_type=implicit",
            400,
            "unsupported_grant_type",
        ),
        (CLIENT_SECRET, "grant_type=password", 400, "invalid_request"),
        (CLIENT_SECRET, "a=b", 400, "invalid_request"),
    ] {
        let answer = ask(&issuer, secret, form).await;
        assert_eq!(answer, (status, json!({"error": code})), "{form}");
    }
    let response = client().get(issuer.token_url()).send().await.unwrap();
    assert_eq!(response.status(), 405);
}

#[tokio::test]
async fn it_has_the_address_and_the_name_that_it_is_given() {
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = taken.local_addr().unwrap();
    assert!(FakeIssuer::builder().listen(address).try_start().is_err());
    drop(taken);
    let issuer = FakeIssuer::builder()
        .listen(address)
        .origin("http://issuer:9000/");
    let issuer = issuer.path("/main").try_start().unwrap();
    assert_eq!(issuer.address(), address);
    assert_eq!(issuer.name(), "http://issuer:9000/main");
    let place = format!("http://{address}/main/.well-known/openid-configuration");
    let metadata = json(&place).await;
    assert_eq!(metadata["issuer"], "http://issuer:9000/main");
    assert_eq!(metadata["jwks_uri"], "http://issuer:9000/main/keys");
}
