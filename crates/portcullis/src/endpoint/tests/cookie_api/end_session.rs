//! Ending one of one's sessions.

use http::Request;
use serde_json::json;

use super::browser::{
    ACCESS, APP, Browser, REFRESH, clears_cookies, endpoints, keeps_cookies, rotating,
};
use crate::{
    endpoint::{
        ProtectedRoute,
        tests::fixture::{Answer, FORM, JSON, Server, claims},
    },
    issue::AccessToken,
    policy::Policy,
    session::SessionId,
    subject::Subject,
};

const END: &str = "/sessions/end";

fn sid(token: &str) -> String {
    claims(token)["sid"].as_str().unwrap().to_owned()
}

async fn by_header(server: &Server, token: &str, body: &str) -> Answer {
    let request = Request::post(END)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", JSON);
    server.send(request, body.to_owned()).await
}

#[tokio::test]
async fn one_session_ends_and_the_others_go_on() {
    let server = Server::new().await;
    let (own, _) = server.login("alice").await;
    let (lost, refresh) = server.login("alice").await;
    let third = server.grant("").await.text("access_token");
    let body = json!({"id": sid(&lost)}).to_string();
    for _ in 0..2 {
        let answer = by_header(&server, &own, &body).await;
        answer.is(204);
        assert_eq!(answer.body(), "");
        keeps_cookies(&answer);
    }
    assert!(!server.accepts(&lost).await);
    server
        .bearer("POST", "/api/users/refresh", &refresh)
        .await
        .is(401);
    assert!(server.accepts(&own).await);
    assert!(server.accepts(&third).await);
    // One's own, too.
    let body = json!({"id": sid(&own)}).to_string();
    by_header(&server, &own, &body).await.is(204);
    by_header(&server, &own, &body)
        .await
        .is_error(401, "invalid_token");
    assert!(server.accepts(&third).await);
}

/// Somebody else's session is answered like none, and goes on.
#[tokio::test]
async fn whose_a_session_is_nobody_is_told() {
    let server = Server::new().await;
    let (own, _) = server.login("alice").await;
    let (other, _) = server.login("robot").await;
    let nobody = SessionId::random().unwrap();
    let mut answers = Vec::new();
    for id in [sid(&other).as_str(), nobody.as_str()] {
        let body = json!({"id": id}).to_string();
        let answer = by_header(&server, &own, &body).await;
        answer.is(204);
        answers.push(answer.0.headers().clone());
    }
    assert_eq!(answers[0], answers[1]);
    assert!(server.accepts(&other).await);
    // What somebody has made up is remembered by nobody.
    let alice = Subject::new("users", "alice");
    let token = AccessToken::new(&alice).session(nobody.as_str());
    let token = server.session.issuer().access(&token).unwrap();
    assert!(server.accepts(token.token().expose()).await);
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told() {
    let server = Server::new().await;
    let (own, refresh) = server.login("alice").await;
    for (body, field) in [
        ("{}", "id"),
        (r#"{"id":""}"#, "id"),
        (r#"{"id":"x"}"#, "id"),
        (r#"{"id":1}"#, "id"),
        (r#"{"id":["x"]}"#, "id"),
    ] {
        by_header(&server, &own, body).await.is_field(field);
    }
    by_header(&server, &own, "{").await.is(400);
    let form = Request::post(END)
        .header("authorization", format!("Bearer {own}"))
        .header("content-type", FORM);
    server.send(form, "id=x").await.is(415);
    // Who is asking comes before what.
    for bad in ["a.b.c", &refresh] {
        by_header(&server, bad, "{}")
            .await
            .is_error(401, "invalid_token");
    }
    let request = Request::post(END).header("content-type", JSON);
    server
        .send(request, "{}")
        .await
        .is_error(401, "unauthorized");
    for method in ["GET", "HEAD", "DELETE"] {
        let answer = server.bearer(method, END, &own).await;
        answer.is(405);
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    server.store.set_down(true);
    let body = json!({"id": sid(&own)}).to_string();
    by_header(&server, &own, &body).await.is(503);
    server.store.set_down(false);
    assert!(server.accepts(&own).await);
}

#[tokio::test]
async fn a_page_ends_sessions_with_its_cookie() {
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    let other = Browser::logged_in(&server).await;
    let body = json!({"id": sid(other.value(ACCESS))}).to_string();
    let page = browser.clone();
    let cookies = || {
        page.with_cookies(Request::post(END))
            .header("content-type", JSON)
    };
    let own = || cookies().header("sec-fetch-site", "same-origin");
    for (request, error) in [
        (
            cookies().header("x-csrf-token", &page.csrf),
            "cross_origin_request",
        ),
        (
            cookies()
                .header("x-csrf-token", &page.csrf)
                .header("sec-fetch-site", "cross-site"),
            "cross_origin_request",
        ),
        (own(), "invalid_csrf_token"),
        (
            own().header("x-csrf-token", &other.csrf),
            "invalid_csrf_token",
        ),
    ] {
        let answer = server.send(request, body.clone()).await;
        answer.is_error(403, error);
        keeps_cookies(&answer);
    }
    assert!(server.accepts(other.value(ACCESS)).await);
    let answer = browser
        .send(&server, Request::post(END), body.clone())
        .await;
    answer.is(204);
    keeps_cookies(&answer);
    assert!(!server.accepts(other.value(ACCESS)).await);
    let listed = cookies()
        .header("origin", APP)
        .header("x-csrf-token", &page.csrf);
    server.send(listed, body).await.is(204);
    // A header needs no such proof: browsers send none by themselves.
    let token = browser.value(ACCESS).to_owned();
    let body = json!({"id": sid(&token)}).to_string();
    let answer = browser.send(&server, Request::post(END), body).await;
    // That was a log-out.
    answer.is(204);
    clears_cookies(&answer);
    assert!(browser.is_empty());
    assert!(!server.accepts(&token).await);
    browser.post(&server, REFRESH).await.is(401);
}

#[tokio::test]
async fn the_route_may_have_a_policy_and_take_application_tokens() {
    let mut server = rotating().await;
    server.endpoints = endpoints(&server, &server.password_grant, |builder| {
        let fresh = ProtectedRoute::new("/fresh").require(Policy::fresh());
        let applications = ProtectedRoute::new("/applications").allow_application_tokens();
        builder.end_session(fresh).end_session(applications)
    });
    let (access, refresh) = server.login("robot").await;
    let refreshed = server.bearer("POST", "/api/users/refresh", &refresh).await;
    let refreshed = refreshed.text("accessToken");
    let answer = server
        .bearer("POST", "/api/users/application-token", &refresh)
        .await;
    let application = answer.text("token");
    let nobody = json!({"id": SessionId::random().unwrap().as_str()}).to_string();
    for (path, token, status) in [
        ("/fresh", &access, 204),
        ("/fresh", &refreshed, 401),
        ("/fresh", &application, 403),
        ("/applications", &application, 204),
        (END, &application, 403),
        (END, &refreshed, 204),
    ] {
        let request = Request::post(path)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", JSON);
        server.send(request, nobody.clone()).await.is(status);
    }
}
