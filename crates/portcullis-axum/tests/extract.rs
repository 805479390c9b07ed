//! Every extractor, with a layer and without.

#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, FromRef},
    http::{Request, StatusCode},
    routing::get,
};
use http_body_util::BodyExt;
use portcullis::{
    challenge::{Reason, Rejection, RejectionBody, RejectionKind},
    credentials::TokenHeader,
    head::Target,
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    policy::{Policy, RequiredScopes},
    subject::Subject,
    verify::{Status, TokenStatus, Verified, Verifier},
};
use portcullis_axum::{
    AuthLayer, Authenticated, Authenticator, Bearer, Claims, Refresh, Scoped, ScopedIfPresent,
    Token,
};
use tower::ServiceExt;

#[derive(Clone, serde::Deserialize)]
struct User {
    sub: String,
}

/// No token has this form.
#[derive(Clone, serde::Deserialize)]
struct Alien {
    _tentacles: u8,
}

struct Read;
impl RequiredScopes for Read {
    const SCOPES: &'static [&'static str] = &["read"];
}

struct Write;
impl RequiredScopes for Write {
    const SCOPES: &'static [&'static str] = &["write"];
}

struct XRefresh;
impl TokenHeader for XRefresh {
    const NAME: &'static str = "x-refresh";
}

#[derive(Clone)]
struct State {
    authenticator: Authenticator,
}

impl FromRef<State> for Authenticator {
    fn from_ref(state: &State) -> Self {
        state.authenticator.clone()
    }
}

fn issuer() -> TokenIssuer {
    let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    TokenIssuer::builder(key)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
        .unwrap()
}

fn verifier() -> Verifier {
    issuer().verifier().build().unwrap()
}

fn credentials() -> String {
    let alice = Subject::new("users", "alice");
    let token = AccessToken::new(&alice)
        .client("mobile")
        .scope("read".parse().unwrap());
    let issued = issuer().access(&token).unwrap();
    format!("Bearer {}", issued.token().expose())
}

fn app() -> Router<State> {
    Router::new()
        .route("/claims", get(async |Claims(user): Claims<User>| user.sub))
        .route(
            "/maybe/claims",
            get(async |user: Option<Claims<User>>| user.map_or("-".into(), |user| user.0.sub)),
        )
        .route("/alien", get(async |_: Claims<Alien>| "?"))
        .route("/maybe/alien", get(async |_: Option<Claims<Alien>>| "?"))
        .route("/token", get(async |token: Token| name(&token)))
        .route(
            "/maybe/token",
            get(async |token: Option<Token>| token.map_or("-".into(), |token| name(&token))),
        )
        .route("/read", get(async |token: Scoped<Read>| name(&token)))
        .route("/write", get(async |token: Scoped<Write>| name(&token)))
        .route(
            "/maybe/read",
            get(async |user: ScopedIfPresent<Read, Claims<User>>| {
                user.into_inner().map_or("-".into(), |user| user.0.sub)
            }),
        )
        .route("/maybe/write", get(async |_: ScopedIfPresent<Write>| "?"))
        .route(
            "/own",
            get(async |Authenticated(user): Authenticated<User>| user.sub),
        )
        .route(
            "/own/maybe",
            get(async |user: Option<Authenticated<User>>| user.map_or("-".into(), |u| u.0.sub)),
        )
        .route("/own/alien", get(async |_: Authenticated<Alien>| "?"))
        .route(
            "/own/token",
            get(async |Authenticated(token): Authenticated<Verified>| name(&token)),
        )
        .route(
            "/own/and/token",
            get(async |_: Authenticated<User>, token: Token| name(&token)),
        )
        .route(
            "/own/write",
            get(async |_: Scoped<Write, Authenticated<User>>| "?"),
        )
        .route(
            "/bearer",
            get(async |Bearer(it): Bearer| it.expose().to_owned()),
        )
        .route(
            "/maybe/bearer",
            get(async |it: Option<Bearer>| it.map_or("-".into(), |it| it.0.expose().to_owned())),
        )
        .route(
            "/refresh",
            get(async |Refresh(it): Refresh| it.expose().to_owned()),
        )
        .route(
            "/x-refresh",
            get(async |Refresh(it): Refresh<XRefresh>| it.expose().to_owned()),
        )
}

fn name(token: &Verified) -> String {
    token.subject_name().unwrap().to_owned()
}

fn state(verifier: Verifier) -> State {
    State {
        authenticator: Authenticator::new(verifier),
    }
}

async fn ask(app: &Router, path: &str, header: Option<(&str, &str)>) -> (u16, String) {
    let mut request = Request::get(path);
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn body(kind: RejectionKind) -> String {
    let rejection = Rejection::missing_layer("only for its form");
    let body = rejection.with_body(RejectionBody::standard(kind)).body();
    String::from_utf8(body.to_vec()).unwrap()
}

#[tokio::test]
async fn under_a_layer() {
    let app = app()
        .layer(AuthLayer::new(verifier()))
        .with_state(state(verifier()));
    let credentials = credentials();
    let good = Some(("authorization", credentials.as_str()));
    for (path, status, text) in [
        ("/claims", 200, "alice".into()),
        ("/maybe/claims", 200, "alice".into()),
        ("/alien", 401, body(RejectionKind::InvalidToken)),
        ("/maybe/alien", 401, body(RejectionKind::InvalidToken)),
        ("/token", 200, "alice".into()),
        ("/maybe/token", 200, "alice".into()),
        ("/read", 200, "alice".into()),
        ("/write", 403, body(RejectionKind::InsufficientScope)),
        ("/maybe/read", 200, "alice".into()),
        ("/maybe/write", 403, body(RejectionKind::InsufficientScope)),
        ("/own", 200, "alice".to_owned()),
    ] {
        assert_eq!(ask(&app, path, good).await, (status, text), "{path}");
    }
    let missing = (401, body(RejectionKind::MissingCredentials));
    assert_eq!(ask(&app, "/maybe/claims", None).await, missing);
}

#[tokio::test]
async fn under_an_optional_layer_absent_is_none_and_bad_is_refused() {
    let app = app()
        .layer(AuthLayer::new(verifier()).optional())
        .with_state(state(verifier()));
    for path in ["/maybe/claims", "/maybe/token", "/maybe/read"] {
        assert_eq!(ask(&app, path, None).await, (200, "-".into()), "{path}");
        let bad = ask(&app, path, Some(("authorization", "Bearer a.b.c"))).await;
        assert_eq!(bad, (401, body(RejectionKind::InvalidToken)), "{path}");
    }
    for path in ["/claims", "/token", "/read"] {
        let missing = ask(&app, path, None).await;
        assert_eq!(
            missing,
            (401, body(RejectionKind::MissingCredentials)),
            "{path}"
        );
    }
}

#[tokio::test]
async fn without_a_layer_it_is_the_services_fault() {
    let app = app().with_state(state(verifier()));
    let credentials = credentials();
    for path in [
        "/claims",
        "/maybe/claims",
        "/token",
        "/maybe/token",
        "/read",
        "/maybe/read",
    ] {
        for header in [None, Some(("authorization", credentials.as_str()))] {
            let answer = ask(&app, path, header).await;
            assert_eq!(answer, (500, body(RejectionKind::Misconfigured)), "{path}");
        }
    }
}

#[tokio::test]
async fn an_extractor_that_verifies_by_itself() {
    /// Asks "somebody else", who yields once.
    struct Remote;
    impl TokenStatus for Remote {
        fn status(&self, _: &Verified) -> Status {
            Status::Pending(Box::pin(async {
                tokio::task::yield_now().await;
                Status::Clear
            }))
        }
    }
    let remote = issuer().verifier().status(Remote).build().unwrap();
    let credentials = credentials();
    let good = Some(("authorization", credentials.as_str()));
    for verifier in [verifier(), remote] {
        let app = app().with_state(state(verifier));
        for (path, header, status, text) in [
            ("/own", good, 200, "alice".to_owned()),
            ("/own", None, 401, body(RejectionKind::MissingCredentials)),
            ("/own/maybe", good, 200, "alice".to_owned()),
            ("/own/maybe", None, 200, "-".to_owned()),
            ("/own/alien", good, 401, body(RejectionKind::InvalidToken)),
            ("/own/token", good, 200, "alice".to_owned()),
            (
                "/own/and/token",
                good,
                500,
                body(RejectionKind::Misconfigured),
            ),
            (
                "/own/write",
                good,
                403,
                body(RejectionKind::InsufficientScope),
            ),
        ] {
            assert_eq!(ask(&app, path, header).await, (status, text), "{path}");
        }
        let bad = ask(&app, "/own/maybe", Some(("authorization", "Bearer"))).await;
        assert_eq!(bad, (400, body(RejectionKind::InvalidRequest)));
    }
}

#[tokio::test]
async fn raw_tokens() {
    let app = app().with_state(state(verifier()));
    for (path, header, status, text) in [
        (
            "/bearer",
            Some(("authorization", "bearer abc")),
            200,
            "abc".to_owned(),
        ),
        (
            "/bearer",
            None,
            401,
            body(RejectionKind::MissingCredentials),
        ),
        ("/maybe/bearer", None, 200, "-".to_owned()),
        (
            "/maybe/bearer",
            Some(("authorization", "Bearer")),
            400,
            body(RejectionKind::InvalidRequest),
        ),
        (
            "/refresh",
            Some(("refresh-token", "abc")),
            200,
            "abc".to_owned(),
        ),
        (
            "/refresh",
            Some(("x-refresh", "abc")),
            401,
            body(RejectionKind::MissingCredentials),
        ),
        (
            "/x-refresh",
            Some(("x-refresh", "abc")),
            200,
            "abc".to_owned(),
        ),
    ] {
        assert_eq!(ask(&app, path, header).await, (status, text), "{path}");
    }
}

#[tokio::test]
async fn the_reason_is_in_the_responses_extensions() {
    let app = app().with_state(state(verifier()));
    let request = Request::get("/own").body(Body::empty()).unwrap();
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert!(response.headers().contains_key("www-authenticate"));
    assert_eq!(
        response.extensions().get(),
        Some(&Reason::MissingCredentials)
    );
}

/// The target and the peer that a policy sees, of a layer within `nest` and of
/// an extractor there.
#[tokio::test]
async fn what_axum_knows_of_a_request_is_seen() {
    let policy = Policy::request(|_, head| {
        assert_eq!(head.target(), Target::new("/outer/inner/own", Some("q=1")));
        head.peer() == Some(SocketAddr::from(([192, 0, 2, 1], 4711)))
    });
    let authenticator = Authenticator::new(verifier()).require(policy);
    let layered = get(async || "in").layer(AuthLayer::new(authenticator.clone()));
    let own = async |Authenticated(user): Authenticated<User>| user.sub;
    for route in [layered, get(own).with_state(authenticator)] {
        let inner = Router::new().route("/own", route);
        let app = Router::new().nest("/outer", Router::new().nest("/inner", inner));
        for (host, status) in [(1, 200), (2, 403)] {
            let peer = SocketAddr::from(([192, 0, 2, host], 4711));
            let request = Request::get("/outer/inner/own?q=1")
                .header("authorization", credentials())
                .extension(ConnectInfo(peer));
            let response = app.clone().oneshot(request.body(Body::empty()).unwrap());
            assert_eq!(response.await.unwrap().status(), status);
        }
    }
}

/// An extractor has no hand in what its handler answers.
#[tokio::test]
async fn an_extractor_adds_to_its_refusals() {
    let authenticator = Authenticator::new(verifier());
    let authenticator = authenticator.response_header("cache-control", "private");
    let app = app().with_state(State {
        authenticator: authenticator.unwrap(),
    });
    for (header, expected) in [
        ("Bearer a.b.c".to_owned(), Some("private")),
        (credentials(), None),
    ] {
        let request = Request::get("/own").header("authorization", header);
        let response = app.clone().oneshot(request.body(Body::empty()).unwrap());
        let response = response.await.unwrap();
        let field = response.headers().get("cache-control");
        assert_eq!(field.map(|value| value.to_str().unwrap()), expected);
    }
}

/// Of two layers, both have to be content with the token, and an optional one
/// lets nobody past the other.
#[tokio::test]
async fn two_layers_are_two_demands() {
    let key = SigningKey::from_secret(Algorithm::HS256, &[8; 32]).unwrap();
    let other = TokenIssuer::builder(key).issuer("https://other.example");
    let other = other.audience("https://api.example").build().unwrap();
    let other = AuthLayer::new(other.verifier().build().unwrap());
    let own = || AuthLayer::new(verifier());
    let credentials = credentials();
    let good = Some(("authorization", credentials.as_str()));
    for (inner, outer, nobody, alice) in [
        (own(), own(), 401, 200),
        (own().optional(), own(), 401, 200),
        (own(), own().optional(), 401, 200),
        (own().optional(), own().optional(), 200, 200),
        (own(), other.clone(), 401, 401),
        (other.clone(), own(), 401, 401),
        (other.clone().optional(), own().optional(), 200, 401),
        (own().optional(), other.optional(), 200, 401),
    ] {
        let handler = get(async |_: Option<Token>| "in");
        let route = Router::new().route("/", handler);
        let app = route.layer(inner).layer(outer);
        assert_eq!(ask(&app, "/", None).await.0, nobody);
        assert_eq!(ask(&app, "/", good).await.0, alice);
    }
}
