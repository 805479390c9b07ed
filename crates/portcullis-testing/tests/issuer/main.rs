//! The fake issuer, by real HTTP.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod answers;
mod documents;
mod introspection;
mod keys;
mod network;
mod tokens;

use reqwest::{Client, ClientBuilder, Response, redirect};
use serde_json::Value;

/// A client that does not look for the system's certificates, which takes long
/// and is of no use here.
fn client_builder() -> ClientBuilder {
    Client::builder().no_proxy().tls_certs_only([])
}

/// A client that goes nowhere else than where it is sent.
fn client() -> Client {
    let builder = client_builder().redirect(redirect::Policy::none());
    builder.build().unwrap()
}

async fn get(url: &str) -> Response {
    client().get(url).send().await.unwrap()
}

async fn json(url: &str) -> Value {
    let response = get(url).await;
    assert_eq!(response.status(), 200, "{url}");
    assert_eq!(response.headers()["content-type"], "application/json");
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
