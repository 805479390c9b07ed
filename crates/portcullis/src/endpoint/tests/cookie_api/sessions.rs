//! The list of sessions, for programs and pages.

use http::Request;

use super::browser::{
    ACCESS, ALICE, Browser, CSRF, REFRESH_COOKIE, keeping, keeps_cookies, rotating,
};
use crate::endpoint::tests::fixture::{JSON, Server};

#[tokio::test]
async fn the_access_cookie_opens_the_list() {
    for server in [rotating().await, keeping().await] {
        let mut browser = Browser::logged_in(&server).await;
        Browser::logged_in(&server).await;
        let answer = browser.send(&server, Request::get("/sessions"), "").await;
        answer.is(200);
        keeps_cookies(&answer);
        let list = answer.json();
        let current: Vec<_> = list["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|session| session["current"].as_bool().unwrap())
            .collect();
        assert_eq!(current.len(), 2);
        assert_eq!(current.iter().filter(|own| **own).count(), 1);
        // Reading changes nothing, so whoever follows a link may.
        let request = browser
            .with_cookies(Request::get("/sessions"))
            .header("sec-fetch-site", "cross-site");
        server.send(request, "").await.is(200);
        // The refresh cookie is for other paths.
        assert!(!browser.cookie_field("/sessions").contains(REFRESH_COOKIE));
    }
}

#[tokio::test]
async fn only_a_good_access_cookie_does() {
    let server = rotating().await;
    let browser = Browser::logged_in(&server).await;
    let get = |field: String| Request::get("/sessions").header("cookie", field);
    let refresh = browser.value(REFRESH_COOKIE);
    for bad in ["garbage", "a.b.c", refresh] {
        let answer = server.send(get(format!("{ACCESS}={bad}")), "").await;
        answer.is_error(401, "invalid_token");
        keeps_cookies(&answer);
    }
    let access = browser.value(ACCESS);
    for elsewhere in [
        format!("access_token={access}"),
        format!("{REFRESH_COOKIE}={access}"),
        format!("{CSRF}={access}"),
        format!("x{ACCESS}={access}"),
        format!("{ACCESS}="),
    ] {
        let answer = server.send(get(elsewhere), "").await;
        answer.is_error(401, "unauthorized");
    }
    let twice = get(format!("{ACCESS}={access}; {ACCESS}={access}"));
    server
        .send(twice, "")
        .await
        .is_error(400, "invalid_request");
    server.pass(3600);
    let answer = server
        .send(browser.own(Request::get("/sessions")), "")
        .await;
    answer.is_error(401, "invalid_token");
}

/// A browser that has kept an old cookie must not break a call with a header, and
/// a bad header is not made up for.
#[tokio::test]
async fn a_header_decides_over_a_cookie() {
    let server = rotating().await;
    let browser = Browser::logged_in(&server).await;
    let access = browser.value(ACCESS);
    for cookie in [
        format!("{ACCESS}=garbage"),
        format!("{ACCESS}=a; {ACCESS}=b"),
    ] {
        let request = Request::get("/sessions")
            .header("authorization", format!("Bearer {access}"))
            .header("cookie", cookie);
        server.send(request, "").await.is(200);
    }
    for (header, status) in [
        ("Bearer garbage", 401),
        ("Bearer", 400),
        ("Bearer a b", 400),
    ] {
        let request = browser
            .own(Request::get("/sessions"))
            .header("authorization", header);
        server.send(request, "").await.is(status);
    }
    // Another scheme is no token.
    let request = browser
        .own(Request::get("/sessions"))
        .header("authorization", "Basic YTpi");
    server.send(request, "").await.is(200);
}

#[tokio::test]
async fn the_common_log_outs_take_no_cookie() {
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    for path in ["/logout", "/logout/all", "/auth/jwt/refresh"] {
        let answer = browser.post(&server, path).await;
        assert!(matches!(answer.status().as_u16(), 400 | 401), "{answer:?}");
        keeps_cookies(&answer);
    }
    assert!(server.accepts(browser.value(ACCESS)).await);
}

#[tokio::test]
async fn without_a_cookie_api_no_cookie_is_read() {
    let server = Server::new().await;
    let (access, _) = server.login("alice").await;
    let request = Request::get("/sessions").header("cookie", format!("{ACCESS}={access}"));
    server.send(request, "").await.is_error(401, "unauthorized");
    // As before, programs get their tokens in bodies.
    let answer = server.post("/api/users/login", JSON, ALICE).await;
    answer.is(200);
}
