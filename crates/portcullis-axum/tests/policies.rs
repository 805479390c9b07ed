//! Policies on routers that are nested, with parameters in their paths.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::Path,
    http::{Request, StatusCode},
    routing::get,
};
use portcullis::{
    guard::Authenticator,
    head::{KeptHead, RequestHead},
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    policy::{Policy, RequiredRoles},
    subject::Subject,
    time::{Clock, SystemClock},
    verify::Verified,
};
use portcullis_axum::{AuthLayer, Authenticated, RequireLayer, WithRoles};
use serde_json::{Map, Value, json};
use tower::ServiceExt;

fn issuer() -> TokenIssuer {
    let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    TokenIssuer::builder(key)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
        .unwrap()
}

fn authenticator() -> Authenticator {
    Authenticator::new(issuer().verifier().build().unwrap())
}

fn credentials(claims: &[(&str, Value)]) -> String {
    let alice = Subject::new("users", "alice");
    let claims = claims.iter().cloned();
    let claims: Map<_, _> = claims
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let token = AccessToken::new(&alice).client("mobile").claims(&claims);
    let issued = issuer().access(&token).unwrap();
    format!("Bearer {}", issued.token().expose())
}

async fn status(app: &Router, path: &str, authorization: Option<&str>) -> StatusCode {
    let mut request = Request::get(path);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap());
    response.await.unwrap().status()
}

#[derive(Clone, serde::Deserialize)]
struct Member {
    tenant: String,
}

/// For routes below `/api/tenants/{tenant}`.
fn own_tenant() -> Policy {
    Policy::request(|token, head| {
        let tenant = head.target().segment(2);
        let member = token.claims::<Member>();
        member.is_ok_and(|member| tenant.is_some_and(|tenant| tenant == member.tenant))
    })
}

/// The path before `nest` took anything away, read as axum reads parameters.
#[tokio::test]
async fn a_policy_sees_the_tenant_that_the_handler_gets() {
    let name = async |Path(tenant): Path<String>, Authenticated(member): Authenticated<Member>| {
        assert_eq!(tenant, member.tenant);
    };
    let strict = authenticator().require(own_tenant());
    let own = get(name).with_state(strict.clone());
    let layered = get(name).with_state(authenticator());
    let tenants = |route| Router::new().nest("/tenants/{tenant}", Router::new().route("/x", route));
    let api = |tenants| Router::new().nest("/api", tenants);
    for app in [
        api(tenants(own)),
        api(tenants(layered.clone()).layer(AuthLayer::new(strict))),
        api(tenants(layered).route_layer(RequireLayer::new(own_tenant())))
            .layer(AuthLayer::new(authenticator())),
    ] {
        let cologne = credentials(&[("tenant", json!("k\u{f6}ln"))]);
        let north = credentials(&[("tenant", json!("north"))]);
        for (path, token, expected) in [
            ("/api/tenants/north/x", Some(&north), 200),
            ("/api/tenants/n%6Frth/x", Some(&north), 200),
            ("/api/tenants/k%C3%B6ln/x", Some(&cologne), 200),
            ("/api/tenants/north/x", Some(&cologne), 403),
            ("/api/tenants/south/x", Some(&north), 403),
            ("/api/tenants/south%2F..%2Fnorth/x", Some(&north), 403),
            ("/api/tenants/south/x?tenant=north", Some(&north), 403),
            ("/api/tenants/north/x", None, 401),
        ] {
            let status = status(&app, path, token.map(String::as_str)).await;
            assert_eq!(status, expected, "{path}");
        }
    }
}

/// What an own issuer writes of a login: when, and how strong it was.
#[tokio::test]
async fn own_tokens_tell_of_their_login() {
    let policy = Policy::acr(["mfa"])
        .unwrap()
        .and(Policy::max_age(Duration::from_secs(300)));
    let app = Router::new()
        .route("/", get(async || "in"))
        .layer(AuthLayer::new(authenticator()).require(policy));
    let alice = Subject::new("users", "alice");
    let strong = Map::from_iter([("acr".to_owned(), json!("mfa"))]);
    let now = SystemClock.now();
    let long_ago = now.saturating_sub(Duration::from_secs(3600));
    for (auth_time, claims, expected) in [
        (Some(now), strong.clone(), 200),
        (Some(now), Map::new(), 401),
        // As after many refreshes.
        (Some(long_ago), strong.clone(), 401),
        (None, strong, 401),
    ] {
        let token = AccessToken::new(&alice).client("mobile").claims(&claims);
        let issued = issuer()
            .access(&token.auth_time(auth_time).fresh(true))
            .unwrap();
        let value = format!("Bearer {}", issued.token().expose());
        assert_eq!(status(&app, "/", Some(&value)).await, expected);
    }
}

struct Admin;

impl RequiredRoles for Admin {
    const PATH: &'static [&'static str] = &["roles"];
    const ROLES: &'static [&'static str] = &["admin"];
}

/// An inner router has its own demand; its neighbours do not have it.
#[tokio::test]
async fn an_inner_router_demands_more() {
    let ask = |_: Verified, head: KeptHead| async move {
        tokio::task::yield_now().await;
        Ok(head.target().path() == "/admin/asked")
    };
    let roles = async |token: WithRoles<Admin>| token.subject_name().unwrap().to_owned();
    let users = Router::new()
        .route("/users", get(roles))
        .route_layer(RequireLayer::new(Policy::roles_of::<Admin>()));
    let asked = Router::new()
        .route("/asked", get(async || "asked"))
        .route("/refused", get(async || "asked"))
        .route_layer(RequireLayer::new(Policy::ask_for(ask)));
    let app = Router::new()
        .route("/stations", get(async || "all"))
        .nest("/admin", users.merge(asked))
        .layer(AuthLayer::new(authenticator()));
    let [user, admin] = ["user", "admin"].map(|role| credentials(&[("roles", json!([role]))]));
    for (path, token, expected) in [
        ("/stations", Some(&user), 200),
        ("/admin/users", Some(&user), 403),
        ("/admin/users", Some(&admin), 200),
        ("/admin/users", None, 401),
        ("/admin/asked", Some(&user), 200),
        ("/admin/refused", Some(&admin), 403),
    ] {
        let status = status(&app, path, token.map(String::as_str)).await;
        assert_eq!(status, expected, "{path}");
    }
}
