//! The endpoints as a router.

#![allow(clippy::unwrap_used)]

#[path = "../../portcullis-tower/tests/nobody/mod.rs"]
mod nobody;

use std::net::{IpAddr, SocketAddr};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, Request},
    routing::get,
};
use portcullis::{
    endpoint::{BODY_LIMIT, ClientAddress, Endpoints, ResourceMetadata},
    issue::TokenIssuer,
    jose::{Algorithm, SigningKey},
};
use portcullis_axum::AuthLayer;
use tower::ServiceExt;

use nobody::Logins;

fn endpoints() -> Endpoints {
    nobody::endpoints(Logins::FromHome)
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

#[tokio::test]
async fn well_known_documents_of_what_is_nested_are_at_the_root() {
    let resource = ResourceMetadata::new("https://a.example/mcp").unwrap();
    let endpoints = Endpoints::without_accounts()
        .resource(resource)
        .mounted_at("/mcp")
        .build()
        .unwrap();
    let app: Router = Router::new()
        .merge(portcullis_axum::router(endpoints.outside_mount()))
        .nest("/mcp", portcullis_axum::router(endpoints));
    for (path, status) in [
        ("/.well-known/oauth-protected-resource/mcp", 200),
        // For proxies that take the prefix away.
        ("/mcp/.well-known/oauth-protected-resource/mcp", 200),
        ("/.well-known/oauth-protected-resource", 404),
    ] {
        let response = app.clone().oneshot(empty("GET", path)).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
}

/// Browsers know the path from outside, and nothing of routers.
#[tokio::test]
async fn the_refresh_cookie_of_what_is_nested_has_the_whole_path() {
    let app: Router = Router::new().nest("/inner", portcullis_axum::router(endpoints()));
    let mut request = empty("POST", "/inner/auth/cookie/logout");
    let site = "same-origin".parse().unwrap();
    request.headers_mut().insert("sec-fetch-site", site);
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), 401);
    let cleared = response.headers().get_all("set-cookie");
    let cleared: Vec<_> = cleared
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(cleared.len(), 3, "{cleared:?}");
    let refresh = cleared.iter().find(|value| value.contains("refresh_token"));
    assert!(
        refresh.unwrap().contains("Path=/inner/auth/cookie;"),
        "{cleared:?}"
    );
}
