//! The endpoints as a router.

#![allow(clippy::unwrap_used)]

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    routing::get,
};
use portcullis::{
    endpoint::{
        Account, Accounts, AccountsError, ApiKeyApi, BODY_LIMIT, ClientAddress, ClientCheck,
        Endpoints, Login,
    },
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    secret::SecretString,
    session::{DynSessionStore, MemoryStore, Revocations, Sessions},
    subject::Subject,
    time::SharedClock,
};
use portcullis_axum::AuthLayer;
use tower::ServiceExt;

/// Knows nobody, and only those who come from home.
struct Nobody;

impl Accounts for Nobody {
    async fn authenticate(&self, login: Login<'_>) -> Result<Option<Account>, AccountsError> {
        match login.source {
            Some(address) if address.is_loopback() => Ok(None),
            _ => Err(AccountsError::TooManyRequests {
                retry_after: Duration::from_secs(1),
            }),
        }
    }

    async fn current(&self, _: &Subject) -> Result<Option<Account>, AccountsError> {
        Ok(None)
    }

    async fn client(
        &self,
        _: &str,
        _: Option<&SecretString>,
        _: Option<IpAddr>,
    ) -> Result<ClientCheck, AccountsError> {
        Ok(ClientCheck::Refused)
    }
}

fn endpoints() -> Endpoints {
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::ES256).unwrap())
        .shape(TokenShape::api_key())
        .issuer("https://api.example")
        .audience("api")
        .build()
        .unwrap();
    let clock = SharedClock::default();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let revocations = Revocations::new(store, clock, Duration::from_secs(3600));
    let sessions = Sessions::builder(revocations, issuer).build().unwrap();
    Endpoints::builder(Nobody)
        .api_key_api(ApiKeyApi::new(sessions))
        .common_routes()
        .build()
        .unwrap()
}

fn app() -> Router {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    let issuer = TokenIssuer::builder(key).issuer("i").audience("a");
    let verifier = issuer.build().unwrap().verifier().build().unwrap();
    Router::new()
        .route("/hello", get(async || "hello"))
        .layer(AuthLayer::new(verifier))
        .merge(portcullis_axum::router(endpoints()))
}

fn login(size: usize) -> Request {
    let form = format!("apiid=a&apikey={}", "b".repeat(size));
    Request::post("/v1/authenticate")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form))
        .unwrap()
}

fn from(mut request: Request, peer: [u8; 4]) -> Request {
    let peer = SocketAddr::from((peer, 1024));
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

fn empty(method: &str, path: &str) -> Request {
    let request = Request::builder().method(method).uri(path);
    request.body(Body::empty()).unwrap()
}

#[tokio::test]
async fn endpoints_need_no_token_and_the_rest_does() {
    let app = app();
    for (request, status) in [
        (empty("GET", "/.well-known/jwks.json"), 200),
        (empty("HEAD", "/.well-known/jwks.json"), 200),
        (empty("GET", "/v1/authenticate"), 405),
        (empty("BREW", "/v1/authenticate"), 405),
        (empty("GET", "/hello"), 401),
        (empty("GET", "/elsewhere"), 404),
        (from(login(8), [127, 0, 0, 1]), 401),
        (from(login(BODY_LIMIT), [127, 0, 0, 1]), 413),
    ] {
        let path = request.uri().clone();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
}

#[tokio::test]
async fn the_address_of_the_client_is_the_peer_unless_a_request_has_one() {
    let app = app();
    let status = async |request: Request| app.clone().oneshot(request).await.unwrap().status();
    assert_eq!(status(login(8)).await, 429);
    assert_eq!(status(from(login(8), [192, 0, 2, 1])).await, 429);
    let mut request = from(login(8), [192, 0, 2, 1]);
    let home = ClientAddress(IpAddr::from([127, 0, 0, 1]));
    request.extensions_mut().insert(home);
    assert_eq!(status(request).await, 401);
}
