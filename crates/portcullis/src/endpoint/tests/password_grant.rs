//! C. The OAuth API with the password grant.

use std::time::Duration;

use http::Request;
use serde_json::json;

use super::fixture::{Answer, FORM, JSON, Server, claims};
use crate::session::RotationRules;

const LOGIN: &str = "/auth/jwt/login";
const HEADER_REFRESH: &str = "/auth/jwt/refresh";
const FORM_REFRESH: &str = "/auth/jwt/postman-refresh";

/// No second chances, so that a second use is reuse at once.
async fn strict() -> Server {
    Server::with(|builder| builder.rules(RotationRules::with_grace(Duration::ZERO))).await
}

#[tokio::test]
async fn a_login_gives_the_answer_of_rfc_6749_section_5_1() {
    let server = Server::new().await;
    let answer = server.grant("&client_id=&scope=&unknown=1&unknown=2").await;
    answer.is(200);
    let body = answer.json();
    assert_eq!(body.as_object().unwrap().len(), 4);
    assert_eq!(body["token_type"], "bearer");
    assert_eq!(body["expires_in"], 3599);
    let access = claims(&answer.text("access_token"));
    assert_eq!(access["user_id"], "alice");
    assert_eq!(access["aud"], serde_json::json!(["fastapi-users:auth"]));
    assert_eq!(access["exp"], 1_700_000_000 + 3600);
    assert_eq!(access["type"], "access");
    assert!(access["jti"].is_string() && access["sid"].is_string());
    assert!(access.get("scope").is_none());
    let refresh = claims(&answer.text("refresh_token"));
    assert_eq!(refresh["type"], "refresh");
    assert_eq!(refresh["sid"], access["sid"]);
    assert!(server.accepts(&answer.text("access_token")).await);
}

#[tokio::test]
async fn the_grant_type_must_be_password() {
    let server = Server::new().await;
    for (body, error) in [
        ("username=alice&password=wonder+land", "invalid_request"),
        ("grant_type=&username=alice&password=x", "invalid_request"),
        (
            "grant_type=password&grant_type=password&username=a&password=b",
            "invalid_request",
        ),
        (
            "grant_type=Password&username=alice&password=x",
            "unsupported_grant_type",
        ),
        (
            "grant_type=refresh_token&refresh_token=x",
            "unsupported_grant_type",
        ),
    ] {
        server.post(LOGIN, FORM, body).await.is_error(400, error);
    }
    server.post(LOGIN, JSON, "{}").await.is(415);
    assert!(server.people.asked().is_empty());
}

#[tokio::test]
async fn every_known_parameter_may_come_once() {
    let server = Server::new().await;
    for (more, field) in [
        ("&username=x", "username"),
        ("&password=hunter2", "password"),
        ("&scope=a&scope=a", "scope"),
        ("&client_id=a&client_id=a", "client_id"),
        (
            "&client_secret=hunter2&client_secret=hunter2",
            "client_secret",
        ),
    ] {
        let answer = server.grant(more).await;
        answer.is_field(field);
        assert!(!answer.body().contains("hunter2"));
    }
    for body in [
        "grant_type=password&username=alice",
        "grant_type=password&username=alice&password=",
    ] {
        server.post(LOGIN, FORM, body).await.is_field("password");
    }
}

#[tokio::test]
async fn wrong_users_and_wrong_passwords_are_one_invalid_grant() {
    let server = Server::new().await;
    let mut bodies = Vec::new();
    for body in [
        "grant_type=password&username=alice&password=hunter2",
        "grant_type=password&username=nobody&password=wonder+land",
    ] {
        let answer = server.post(LOGIN, FORM, body).await;
        answer.is_error(400, "invalid_grant");
        bodies.push(answer.body().to_owned());
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn scope_is_granted_within_what_the_account_may_have() {
    let server = Server::new().await;
    let answer = server.grant("&scope=write+read").await;
    assert_eq!(answer.text("scope"), "write read");
    assert_eq!(claims(&answer.text("access_token"))["scope"], "write read");
    server
        .grant("&scope=read+admin")
        .await
        .is_error(400, "invalid_scope");
    server.people.asked();
    for bad in ["%22", "a%5Cb", "%C3%A9", "a%09b"] {
        let answer = server.grant(&format!("&scope={bad}")).await;
        answer.is_error(400, "invalid_scope");
    }
    // A scope that is none is found before anybody is asked.
    assert!(server.people.asked().is_empty());
}

#[tokio::test]
async fn both_routes_exchange_the_refresh_token() {
    let server = strict().await;
    let first = server.grant("").await;
    let second = server.refresh_by_header(&first.text("refresh_token")).await;
    let third = server.refresh(&second.text("refresh_token"), "").await;
    for answer in [&second, &third] {
        answer.is(200);
        assert_eq!(answer.json().as_object().unwrap().len(), 4);
        assert_eq!(answer.json()["expires_in"], 3599);
        assert_eq!(answer.json()["token_type"], "bearer");
    }
    assert_ne!(first.text("refresh_token"), second.text("refresh_token"));
    assert_ne!(second.text("refresh_token"), third.text("refresh_token"));
    assert!(server.accepts(&third.text("access_token")).await);
}

/// The application is asked who somebody is at each refresh, but how the login was was
/// settled then.
#[tokio::test]
async fn what_is_said_of_a_login_stays_so_for_as_long_as_its_session() {
    let server = Server::new().await;
    server.people.change(|people| people.acr = Some("mfa"));
    let mut answer = server.grant("").await;
    server.people.change(|people| people.acr = Some("phr"));
    for _ in 0..3 {
        answer.is(200);
        let access = claims(&answer.text("access_token"));
        assert_eq!(access["acr"], "mfa");
        assert_eq!(access["amr"], json!(["pwd", "mfa"]));
        let token = answer.text("refresh_token");
        let presented = server.password_grant.read(token.as_bytes()).unwrap();
        assert_eq!(presented.data().unwrap().as_json(), r#"{"was":"mfa"}"#);
        server.pass(60);
        answer = server.refresh(&token, "").await;
    }
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again_within_the_grace_window() {
    let server = Server::new().await;
    let first = server.grant("").await.text("refresh_token");
    let answer = server.refresh(&first, "").await;
    server.pass(9);
    let again = server.refresh_by_header(&first).await;
    assert_eq!(again.text("refresh_token"), answer.text("refresh_token"));
    assert_eq!(again.json()["expires_in"], 3599);
    server.pass(1);
    server
        .refresh(&first, "")
        .await
        .is_error(400, "invalid_grant");
    let revoked = server.refresh(&answer.text("refresh_token"), "").await;
    revoked.is_error(400, "invalid_grant");
    assert!(!server.accepts(&again.text("access_token")).await);
}

#[tokio::test]
async fn every_bad_refresh_token_has_the_same_answer() {
    let server = strict().await;
    let grant = server.grant("").await;
    let (access, used) = (grant.text("access_token"), grant.text("refresh_token"));
    let current = server.refresh(&used, "").await.text("refresh_token");
    let (_, session_api) = server.login("alice").await;
    let expired = server.grant("").await.text("refresh_token");
    let gone = server.grant("").await.text("refresh_token");
    let mut answers: Vec<Answer> = Vec::new();
    let truncated = &current[..current.len() - 1];
    for bad in [&access, &session_api, "a.b.c", "x", truncated] {
        answers.push(server.refresh(bad, "").await);
        answers.push(server.refresh_by_header(bad).await);
    }
    server.people.change(|people| {
        people.gone.insert("alice".to_owned());
    });
    answers.push(server.refresh(&gone, "").await);
    server.people.change(|people| people.gone.clear());
    // None of these has changed anything.
    let current = server.refresh(&current, "").await.text("refresh_token");
    server.refresh(&gone, "").await.is(200);
    // Used up, and the session with it.
    answers.push(server.refresh(&used, "").await);
    answers.push(server.refresh(&current, "").await);
    server.pass(30 * 86_400);
    answers.push(server.refresh(&expired, "").await);
    for answer in &answers {
        answer.is_error(400, "invalid_grant");
        assert_eq!(answer.body(), answers[0].body());
    }
}

#[tokio::test]
async fn a_refresh_without_token_is_an_invalid_request() {
    let server = Server::new().await;
    let token = server.grant("").await.text("refresh_token");
    server
        .send(Request::post(HEADER_REFRESH), "")
        .await
        .is_field("refresh-token");
    for bad in ["", "a b", "Bearer x", "a,b"] {
        let answer = server.refresh_by_header(bad).await;
        answer.is_field("refresh-token");
    }
    let twice = Request::post(HEADER_REFRESH)
        .header("refresh-token", &token)
        .header("refresh-token", &token);
    server.send(twice, "").await.is_field("refresh-token");
    // Bearer is not where this API looks.
    let answer = server.bearer("POST", HEADER_REFRESH, &token).await;
    answer.is_field("refresh-token");

    for (body, error) in [
        ("grant_type=refresh_token".to_owned(), "invalid_request"),
        (format!("refresh_token={token}"), "invalid_request"),
        (
            format!("grant_type=password&refresh_token={token}"),
            "unsupported_grant_type",
        ),
        (
            format!("grant_type=refresh_token&refresh_token={token}&refresh_token={token}"),
            "invalid_request",
        ),
    ] {
        server
            .post(FORM_REFRESH, FORM, &body)
            .await
            .is_error(400, error);
    }
    server.post(FORM_REFRESH, JSON, "{}").await.is(415);
    server.refresh(&token, "").await.is(200);
}

#[tokio::test]
async fn a_narrower_scope_narrows_the_access_token_only() {
    let server = strict().await;
    let grant = server.grant("&scope=read+write").await;
    let narrow = server
        .refresh(&grant.text("refresh_token"), "&scope=read")
        .await;
    assert_eq!(narrow.text("scope"), "read");
    assert_eq!(claims(&narrow.text("access_token"))["scope"], "read");
    let wide = server
        .refresh(&narrow.text("refresh_token"), "&scope=read+admin")
        .await;
    wide.is_error(400, "invalid_scope");
    let whole = server.refresh(&narrow.text("refresh_token"), "").await;
    assert_eq!(whole.text("scope"), "read write");
    // Of a token that was used up, scope is not what is wrong: but only the
    // generation revokes, and scope comes before it.
    let used = server
        .refresh(&grant.text("refresh_token"), "&scope=admin")
        .await;
    used.is_error(400, "invalid_scope");
    server
        .refresh(&whole.text("refresh_token"), "")
        .await
        .is(200);
    server
        .refresh(&grant.text("refresh_token"), "")
        .await
        .is_error(400, "invalid_grant");
    let revoked = server
        .refresh(&whole.text("refresh_token"), "&scope=admin")
        .await;
    revoked.is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_scope_that_the_account_has_lost_is_lost_at_the_next_refresh() {
    let server = strict().await;
    let grant = server.grant("&scope=read+write").await;
    server.people.change(|people| people.scope = Some("read"));
    let answer = server.refresh(&grant.text("refresh_token"), "").await;
    assert_eq!(answer.text("scope"), "read");
    assert_eq!(claims(&answer.text("access_token"))["scope"], "read");
}

#[tokio::test]
async fn expires_in_is_true_where_the_session_ends_first() {
    let server = Server::with(|builder| builder.session_ttl(Duration::from_secs(600))).await;
    let grant = server.grant("").await;
    assert_eq!(grant.json()["expires_in"], 599);
    server.pass(590);
    let answer = server.refresh(&grant.text("refresh_token"), "").await;
    assert_eq!(answer.json()["expires_in"], 9);
    server.pass(10);
    assert!(!server.accepts(&answer.text("access_token")).await);
}
