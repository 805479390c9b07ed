//! Real requests through an axum layer, for a sample of providers.

use axum::{Router, body::Body, http::Request, routing::get};
use portcullis::{
    policy::Policy,
    verify::{Verifier, providers::Provider},
};
use portcullis_axum::{AuthLayer, Token};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{Shape, shape};

async fn who(token: Token) -> String {
    token
        .subject()
        .map_or_else(String::new, |subject| subject.to_string())
}

fn app(verifier: Verifier, policy: Option<Policy>) -> Router {
    let layer = AuthLayer::new(verifier);
    let layer = match policy {
        Some(policy) => layer.require(policy),
        None => layer,
    };
    Router::new().route("/", get(who)).layer(layer)
}

/// Status, challenge and body.
async fn answer(app: &Router, token: &str) -> (u16, String, String) {
    let request = Request::get("/").header("authorization", format!("Bearer {token}"));
    let response = app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge
        .map_or("", |value| value.to_str().unwrap())
        .to_owned();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 4096)
        .await
        .unwrap();
    (status, challenge, String::from_utf8(body.to_vec()).unwrap())
}

async fn status(app: &Router, shape: &Shape, kind: &str, changes: Value) -> u16 {
    answer(app, &shape.token(kind, &changes)).await.0
}

#[tokio::test]
async fn keycloak_with_a_role() {
    let shape = shape!("keycloak");
    let provider = Provider::keycloak("https://login.example.com", "main").unwrap();
    let operators = Policy::role(provider.role_path(), "operator");
    let app = app(shape.verifier(&provider, "stations-api"), Some(operators));
    let good = answer(&app, &shape.token("access", &json!({}))).await;
    let who = "https://login.example.com/realms/main/f1b2c3d4-0000-4000-8000-1234567890ab";
    assert_eq!((good.0, &*good.2), (200, who));
    assert_eq!(
        status(
            &app,
            &shape,
            "access",
            json!({"realm_access": {"roles": []}})
        )
        .await,
        403
    );
    assert_eq!(
        status(&app, &shape, "access", json!({"aud": "account"})).await,
        401
    );
    let id = answer(&app, &shape.token("id", &json!({"aud": "stations-api"}))).await;
    assert_eq!(id.0, 401);
    // Why is for the log, not for the client.
    assert!(
        id.1.contains("invalid_token") && !id.1.contains("typ"),
        "{}",
        id.1
    );
}

#[tokio::test]
async fn entra_id_and_sign_on_side_by_side() {
    let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let api = "6e74172b-be56-4843-9ff4-e66a39bb12e3";
    let shape = shape!("entra_v2");
    let provider = Provider::entra_id(tenant).unwrap();
    let reading = Policy::scope("Stations.Read").unwrap();
    let stations = app(shape.verifier(&provider, api), Some(reading));
    let sign_on = app(shape.verifier(&provider.id_tokens(), api), None);
    for (app, kind, changes, expected) in [
        (&stations, "access", json!({}), 200),
        (&stations, "access", json!({"scp": "Stations.Write"}), 403),
        (&stations, "id", json!({}), 401),
        (&sign_on, "id", json!({}), 200),
        (&sign_on, "access", json!({}), 401),
    ] {
        assert_eq!(
            status(app, &shape, kind, changes.clone()).await,
            expected,
            "{kind} {changes}"
        );
    }
}

#[tokio::test]
async fn workflows_of_github() {
    let shape = shape!("github");
    let provider = Provider::github_actions(["octo-org/octo-repo"]).unwrap();
    let app = app(
        shape.verifier(&provider, "https://stations.example.com"),
        None,
    );
    let good = answer(&app, &shape.token("id", &json!({}))).await;
    assert_eq!(good.0, 200);
    assert!(
        good.2
            .ends_with("/repo:octo-org/octo-repo:environment:prod"),
        "{}",
        good.2
    );
    assert_eq!(
        status(&app, &shape, "id", json!({"repository": "evil/octo-repo"})).await,
        401
    );
}
