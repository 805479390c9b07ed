//! Policies on scopes with parameters in their paths, and in guards.

#![allow(clippy::unwrap_used)]

use actix_web::{
    App, HttpResponse,
    test::{TestRequest, call_service, init_service},
    web,
};
use portcullis::{
    guard::Authenticator,
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    policy::{Policy, RequiredRoles, ScopeHierarchy},
    subject::Subject,
};
use portcullis_actix::{Auth, Claims, Require, WithRoles, guard};
use serde_json::{Map, Value, json};

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

fn credentials(scope: &str, claims: &[(&str, Value)]) -> String {
    let alice = Subject::new("users", "alice");
    let claims = claims.iter().cloned();
    let claims: Map<_, _> = claims
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let token = AccessToken::new(&alice).client("mobile").claims(&claims);
    let issued = issuer()
        .access(&token.scope(scope.parse().unwrap()))
        .unwrap();
    format!("Bearer {}", issued.token().expose())
}

fn get(path: &str, authorization: &str) -> TestRequest {
    let request = TestRequest::get().uri(path);
    request.insert_header(("authorization", authorization))
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

/// The path as it was received, read as actix reads parameters.
#[actix_web::test]
async fn a_policy_sees_the_tenant_that_the_handler_gets() {
    let name = async |tenant: web::Path<String>, Claims(member): Claims<Member>| {
        assert_eq!(*tenant, member.tenant);
        HttpResponse::Ok().finish()
    };
    let tenants = web::scope("/tenants/{tenant}")
        .wrap(Require::new(own_tenant()))
        .route("/x", web::get().to(name));
    let api = web::scope("/api")
        .wrap(Auth::new(authenticator()))
        .service(tenants);
    let app = init_service(App::new().service(api)).await;
    let cologne = credentials("", &[("tenant", json!("k\u{f6}ln"))]);
    let north = credentials("", &[("tenant", json!("north"))]);
    for (path, token, expected) in [
        ("/api/tenants/north/x", &north, 200),
        ("/api/tenants/n%6Frth/x", &north, 200),
        ("/api/tenants/k%C3%B6ln/x", &cologne, 200),
        ("/api/tenants/north/x", &cologne, 403),
        ("/api/tenants/south/x", &north, 403),
        ("/api/tenants/south%2F..%2Fnorth/x", &north, 403),
        ("/api/tenants/south/x?tenant=north", &north, 403),
    ] {
        let response = call_service(&app, get(path, token).to_request()).await;
        assert_eq!(response.status(), expected, "{path}");
    }
}

struct Admin;

impl RequiredRoles for Admin {
    const PATH: &'static [&'static str] = &["roles"];
    const ROLES: &'static [&'static str] = &["admin"];
}

/// Guards choose by the same rules: hierarchy, roles; and cannot wait.
#[actix_web::test]
async fn guards_follow_the_rules_of_the_middleware() {
    let answer = |status: u16| {
        web::get().to(move || async move {
            HttpResponse::build(actix_web::http::StatusCode::from_u16(status).unwrap()).finish()
        })
    };
    let hierarchy = ScopeHierarchy::table([("root", "read")]).unwrap();
    let app = App::new()
        .wrap(Auth::new(authenticator()).scope_hierarchy(hierarchy))
        .service(
            web::resource("/")
                .route(answer(201).guard(guard::policy(Policy::ask(async |_| Ok(true)))))
                .route(answer(202).guard(guard::roles::<Admin>()))
                .route(answer(203).guard(guard::policy(Policy::scope("read").unwrap())))
                .route(answer(204)),
        )
        .service(
            web::resource("/roles")
                .to(async |token: WithRoles<Admin>| token.subject_name().unwrap().to_owned()),
        );
    let app = init_service(app).await;
    let admin = credentials("root", &[("roles", json!(["admin"]))]);
    let [root, read, write] = ["root", "read", "write"].map(|scope| credentials(scope, &[]));
    for (path, token, expected) in [
        ("/", &admin, 202),
        ("/", &root, 203),
        ("/", &read, 203),
        ("/", &write, 204),
        ("/roles", &admin, 200),
        ("/roles", &root, 403),
    ] {
        let response = call_service(&app, get(path, token).to_request()).await;
        assert_eq!(response.status(), expected, "{path} {token}");
    }
}
