//! A session says how its login was, and a route asks for a better one (RFC 9470).

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    routing::get,
};
use portcullis::{
    issue::TokenIssuer,
    jose::{Algorithm, SigningKey},
    policy::Policy,
    session::{
        DynSessionStore, MemoryStore, OpenSession, RefreshRequest, Revocations, Sessions,
        TokenPair, refresh::RefreshKeys,
    },
    subject::Subject,
};
use portcullis_axum::{AuthLayer, RequireLayer};
use portcullis_testing::clock::FakeClock;
use tower::ServiceExt;

const TTL: Duration = Duration::from_secs(900);

async fn sessions(clock: &FakeClock) -> Sessions {
    let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    let issuer = TokenIssuer::builder(key)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .access_ttl(TTL)
        .clock(clock.shared())
        .build()
        .unwrap();
    let store = DynSessionStore::new(MemoryStore::new(clock.shared()));
    let revocations = Revocations::new(store, clock.shared(), TTL).sole_writer();
    revocations.sync().await.unwrap();
    let builder = Sessions::builder(revocations, issuer);
    let keys = RefreshKeys::generate().unwrap();
    builder.refresh_keys(keys).build().unwrap()
}

async fn log_in(sessions: &Sessions, acr: Option<&str>) -> TokenPair {
    let ticket = sessions.begin_login().await.unwrap();
    let alice = Subject::new("users", "alice");
    let login = OpenSession::login(&alice).client("mobile").acr(acr);
    sessions.open(ticket, &login).await.unwrap()
}

async fn refresh(sessions: &Sessions, pair: &TokenPair) -> TokenPair {
    let token = pair.refresh.as_ref().unwrap().token();
    let presented = sessions.read(token.expose().as_bytes()).unwrap();
    let request = RefreshRequest::new().client("mobile");
    sessions.refresh(&presented, &request).await.unwrap()
}

/// The status, and the challenge if there is one.
async fn pay(app: &Router, pair: &TokenPair) -> (StatusCode, String) {
    let token = format!("Bearer {}", pair.access.token().expose());
    let request = Request::get("/pay").header("authorization", token);
    let request = request.body(Body::empty()).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map_or("", |value| value.to_str().unwrap());
    (response.status(), challenge.to_owned())
}

#[tokio::test]
async fn a_login_that_was_strong_enough_stays_so_for_as_long_as_the_session() {
    let clock = FakeClock::new();
    let sessions = sessions(&clock).await;
    let app = Router::new()
        .route("/pay", get(async || "paid"))
        .route_layer(RequireLayer::new(Policy::acr(["mfa"]).unwrap()))
        .layer(AuthLayer::new(sessions.verifier().build().unwrap()));
    for weak in [None, Some("pwd")] {
        let mut pair = log_in(&sessions, weak).await;
        // A refresh is no login.
        for _ in 0..2 {
            let (status, challenge) = pay(&app, &pair).await;
            assert_eq!(status, 401);
            assert!(challenge.contains("insufficient_user_authentication"));
            assert!(challenge.contains(r#"acr_values="mfa""#), "{challenge}");
            pair = refresh(&sessions, &pair).await;
        }
    }
    let mut pair = log_in(&sessions, Some("mfa")).await;
    for _ in 0..3 {
        assert_eq!(pay(&app, &pair).await.0, 200);
        clock.advance(Duration::from_secs(60));
        pair = refresh(&sessions, &pair).await;
    }
}
