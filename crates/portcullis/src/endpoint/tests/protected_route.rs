//! Which tokens open the list of sessions and the log-out everywhere.

use http::Request;

use super::fixture::{Answer, Server};
use crate::{
    challenge::RejectionKind,
    endpoint::{Endpoints, PasswordGrantApi, ProtectedRoute, RefusalKind, SessionApi},
    policy::Policy,
};

/// A server whose two routes take tokens as `route` says.
async fn server(route: fn(&'static str) -> ProtectedRoute) -> Server {
    let mut server = Server::new().await;
    server.endpoints = Endpoints::builder(server.people.clone())
        .session_api(SessionApi::new(server.session.clone()))
        .password_grant_api(PasswordGrantApi::new(server.password_grant.clone()))
        .sessions(route("/sessions"))
        .logout_all(route("/logout/all"))
        .logout("/logout")
        .build()
        .unwrap();
    server
}

/// A session of the robot: access, refresh and application token.
async fn robot(server: &Server) -> [String; 3] {
    let (access, refresh) = server.login("robot").await;
    let path = "/api/users/application-token";
    let application = server.bearer("POST", path, &refresh).await.text("token");
    [access, refresh, application]
}

async fn both(server: &Server, token: &str) -> [Answer; 2] {
    [
        server.bearer("GET", "/sessions", token).await,
        server.bearer("POST", "/logout/all", token).await,
    ]
}

fn is_refused(answer: &Answer, status: u16, kind: RejectionKind, challenge: &str) {
    answer.is(status);
    assert_eq!(answer.header("www-authenticate"), Some(challenge));
    let found = answer.0.extensions().get();
    assert_eq!(found, Some(&RefusalKind::Rejection(kind)));
}

const INSUFFICIENT: &str = r#"Bearer realm="api", error="insufficient_scope""#;

#[tokio::test]
async fn application_tokens_open_neither() {
    let server = server(ProtectedRoute::new).await;
    let [access, _, application] = robot(&server).await;
    for answer in both(&server, &application).await {
        answer.is_error(403, "insufficient_scope");
        let kind = RejectionKind::InsufficientScope;
        is_refused(&answer, 403, kind, INSUFFICIENT);
    }
    // Nothing was ended, and the token ends itself.
    assert!(server.accepts(&access).await);
    let path = "/logout";
    server.bearer("POST", path, &application).await.is(204);
    assert!(!server.accepts(&application).await);
    assert!(server.accepts(&access).await);
}

#[tokio::test]
async fn application_tokens_open_what_says_so() {
    let server = server(|path| ProtectedRoute::new(path).allow_application_tokens()).await;
    let [access, _, application] = robot(&server).await;
    let [list, out] = both(&server, &application).await;
    list.is(200);
    assert_eq!(list.json()["sessions"].as_array().unwrap().len(), 1);
    out.is(204);
    assert!(!server.accepts(&access).await);
    assert!(!server.accepts(&application).await);
}

#[tokio::test]
async fn a_policy_is_checked_as_a_guard_does() {
    let read = |path| ProtectedRoute::new(path).require(Policy::scope("read").unwrap());
    let server = server(read).await;
    let without = server.grant("").await.text("access_token");
    let challenge = r#"Bearer realm="api", error="insufficient_scope", scope="read""#;
    for answer in both(&server, &without).await {
        answer.is_error(403, "insufficient_scope");
        is_refused(&answer, 403, RejectionKind::InsufficientScope, challenge);
    }
    let with = server.grant("&scope=read").await.text("access_token");
    let [list, out] = both(&server, &with).await;
    list.is(200);
    out.is(204);
}

#[tokio::test]
async fn policies_add_up_and_let_no_application_token_in() {
    let route = |path| {
        ProtectedRoute::new(path)
            .require(Policy::fresh())
            .require(Policy::any([
                Policy::fresh(),
                Policy::scope("write").unwrap(),
            ]))
    };
    let server = server(route).await;
    let [access, refresh, application] = robot(&server).await;
    for answer in both(&server, &application).await {
        is_refused(&answer, 403, RejectionKind::InsufficientScope, INSUFFICIENT);
    }
    let path = "/api/users/refresh";
    let refreshed = server.bearer("POST", path, &refresh).await;
    for answer in both(&server, &refreshed.text("accessToken")).await {
        answer.is_error(401, "insufficient_user_authentication");
        let kind = RejectionKind::InsufficientUserAuthentication;
        let challenge = answer.header("www-authenticate").unwrap().to_owned();
        assert!(challenge.contains("insufficient_user_authentication"));
        is_refused(&answer, 401, kind, &challenge);
    }
    let [list, out] = both(&server, &access).await;
    list.is(200);
    out.is(204);
}

/// It would go around the policy.
#[tokio::test]
async fn where_there_is_a_policy_a_refresh_token_is_not_enough() {
    let server = server(|path| ProtectedRoute::new(path).require(Policy::fresh())).await;
    let [access, refresh, _] = robot(&server).await;
    let by_header = Request::post("/logout/all").header("refresh-token", &refresh);
    for answer in [
        server.bearer("POST", "/logout/all", &refresh).await,
        server.send(by_header, "").await,
    ] {
        answer.is_error(401, "invalid_token");
    }
    assert!(server.accepts(&access).await);
}
