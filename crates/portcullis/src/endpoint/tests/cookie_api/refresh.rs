//! Refreshing.

use std::time::Duration;

use http::Request;

use super::browser::{
    ACCESS, APP, Browser, CSRF, REFRESH, REFRESH_COOKIE, clears_cookies, keeping, keeps_cookies,
    names_set, rotating, set_cookies, without_refresh,
};
use crate::{
    endpoint::{
        AccountsError,
        tests::fixture::{Server, claims},
    },
    session::{ReplayPolicy, RotationRules},
};

#[tokio::test]
async fn a_refresh_sets_the_next_cookies() {
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    let before = browser.clone();
    server.pass(60);
    let answer = browser.post(&server, REFRESH).await;
    answer.is(200);
    assert_eq!(names_set(&answer), [ACCESS, CSRF, REFRESH_COOKIE]);
    let expected = format!(r#"{{"csrf_token":"{}","expires_in":3599}}"#, before.csrf);
    assert_eq!(answer.body(), expected);
    for name in [ACCESS, REFRESH_COOKIE] {
        assert_ne!(browser.value(name), before.value(name));
    }
    assert_eq!(browser.value(CSRF), before.value(CSRF));
    assert!(server.accepts(browser.value(ACCESS)).await);
    // The session is a minute older, and its other cookies live as long as ever.
    let ages: Vec<_> = set_cookies(&answer)
        .iter()
        .map(|cookie| cookie.max_age().unwrap().whole_seconds())
        .collect();
    assert_eq!(ages, [3599, 90 * 86_400 - 61, 30 * 86_400 - 1]);
}

#[tokio::test]
async fn a_refresh_token_that_stays_keeps_its_cookie() {
    let server = keeping().await;
    let mut browser = Browser::logged_in(&server).await;
    let refresh = browser.value(REFRESH_COOKIE).to_owned();
    for hours in 1..4 {
        server.pass(3600);
        let answer = browser.post(&server, REFRESH).await;
        answer.is(200);
        // All three of one session, whatever was logged in to in between.
        assert_eq!(names_set(&answer), [ACCESS, CSRF, REFRESH_COOKIE]);
        assert_eq!(browser.value(REFRESH_COOKIE), refresh);
        let ages = set_cookies(&answer);
        let age = ages[2].max_age().unwrap().whole_seconds();
        assert!(age <= 30 * 86_400 - hours * 3600, "{age}");
        assert!(server.accepts(browser.value(ACCESS)).await);
    }
}

#[tokio::test]
async fn a_refresh_wants_the_cookie_and_nothing_else() {
    for server in [rotating().await, keeping().await, without_refresh().await] {
        let mut browser = Browser::default();
        let answer = browser.post(&server, REFRESH).await;
        answer.is_error(401, "unauthorized");
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="api""#)
        );
        // A login in another tab may have set some meanwhile.
        keeps_cookies(&answer);
    }
    let server = rotating().await;
    let browser = Browser::logged_in(&server).await;
    let token = browser.value(REFRESH_COOKIE);
    for (name, value) in [
        ("authorization", format!("Bearer {token}")),
        ("refresh-token", token.to_owned()),
        ("cookie", format!("refresh_token={token}")),
        (
            "cookie",
            format!("{}={token}", REFRESH_COOKIE.to_lowercase()),
        ),
        ("cookie", format!("{ACCESS}={}", browser.value(ACCESS))),
    ] {
        let request = Request::post(REFRESH)
            .header("sec-fetch-site", "same-origin")
            .header("x-csrf-token", &browser.csrf)
            .header(name, value);
        let answer = server.send(request, "").await;
        answer.is_error(401, "unauthorized");
    }
}

#[tokio::test]
async fn the_page_must_be_ones_own_and_know_the_session() {
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    let other = Browser::logged_in(&server).await;
    let cookies = || browser.with_cookies(Request::post(REFRESH));
    let own = || cookies().header("sec-fetch-site", "same-origin");
    let csrf = &browser.csrf;
    for (request, error) in [
        (
            cookies().header("x-csrf-token", csrf),
            "cross_origin_request",
        ),
        (
            cookies()
                .header("x-csrf-token", csrf)
                .header("sec-fetch-site", "same-site"),
            "cross_origin_request",
        ),
        (
            cookies()
                .header("x-csrf-token", csrf)
                .header("origin", "https://evil.example"),
            "cross_origin_request",
        ),
        (own(), "invalid_csrf_token"),
        (own().header("x-csrf-token", ""), "invalid_csrf_token"),
        (own().header("x-csrf-token", "wrong"), "invalid_csrf_token"),
        (
            own().header("x-csrf-token", &other.csrf),
            "invalid_csrf_token",
        ),
        (
            own()
                .header("x-csrf-token", csrf)
                .header("x-csrf-token", csrf),
            "invalid_csrf_token",
        ),
        (cookies().header("origin", APP), "invalid_csrf_token"),
    ] {
        let answer = server.send(request, "").await;
        answer.is(403);
        assert_eq!(answer.body(), format!(r#"{{"error":"{error}"}}"#));
        assert_eq!(answer.header("www-authenticate"), None);
        keeps_cookies(&answer);
    }
    // None of it has used the token up, which is refused after the window.
    server.pass(60);
    browser.post(&server, REFRESH).await.is(200);
    server.pass(60);
    let listed = browser
        .with_cookies(Request::post(REFRESH))
        .header("origin", APP)
        .header("x-csrf-token", &browser.csrf);
    server.send(listed, "").await.is(200);
}

#[tokio::test]
async fn a_cookie_that_occurs_twice_is_refused() {
    let server = rotating().await;
    let browser = Browser::logged_in(&server).await;
    let token = browser.value(REFRESH_COOKIE);
    let field = browser.cookie_field(REFRESH);
    let planted = [
        vec![format!("{field}; {REFRESH_COOKIE}=planted")],
        vec![format!("{REFRESH_COOKIE}=planted; {field}")],
        vec![field.clone(), format!("{REFRESH_COOKIE}={token}")],
    ];
    for fields in planted {
        let mut request = Request::post(REFRESH)
            .header("sec-fetch-site", "same-origin")
            .header("x-csrf-token", &browser.csrf);
        for field in fields {
            request = request.header("cookie", field);
        }
        let answer = server.send(request, "").await;
        answer.is_error(400, "invalid_request");
        keeps_cookies(&answer);
    }
}

/// A sibling of the host may write a cookie for it: it does not fit the page.
#[tokio::test]
async fn a_planted_session_does_not_fit_the_page() {
    let server = rotating().await;
    let mut victim = Browser::logged_in(&server).await;
    let attacker = Browser::logged_in(&server).await;
    victim.forget(REFRESH_COOKIE);
    victim.plant(REFRESH_COOKIE, attacker.value(REFRESH_COOKIE));
    let answer = victim.post(&server, REFRESH).await;
    answer.is_error(403, "invalid_csrf_token");
    keeps_cookies(&answer);
}

async fn is_over(server: &Server, browser: &mut Browser) {
    let answer = browser.post(server, REFRESH).await;
    answer.is_error(401, "invalid_token");
    assert_eq!(
        answer.header("www-authenticate"),
        Some(r#"Bearer realm="api", error="invalid_token""#)
    );
    clears_cookies(&answer);
    assert!(browser.is_empty());
}

#[tokio::test]
async fn what_is_final_clears_the_cookies() {
    let server = rotating().await;
    // No refresh token at all, or another API's.
    let foreign = server.login("alice").await.1;
    for bad in ["garbage", "a.b.c", &foreign] {
        let mut browser = Browser::logged_in(&server).await;
        browser.plant(REFRESH_COOKIE, bad);
        is_over(&server, &mut browser).await;
    }
    // An access token.
    let mut browser = Browser::logged_in(&server).await;
    let access = browser.value(ACCESS).to_owned();
    browser.plant(REFRESH_COOKIE, &access);
    is_over(&server, &mut browser).await;
    // Its session was ended elsewhere.
    let mut browser = Browser::logged_in(&server).await;
    let answer = server
        .bearer("POST", "/logout", browser.value(ACCESS))
        .await;
    answer.is(204);
    is_over(&server, &mut browser).await;
    // The account is gone.
    let mut browser = Browser::logged_in(&server).await;
    server.people.change(|people| {
        people.gone.insert("alice".to_owned());
    });
    is_over(&server, &mut browser).await;
    server.people.change(|people| people.gone.clear());
    // It has expired.
    let mut browser = Browser::logged_in(&server).await;
    server.pass(31 * 86_400);
    is_over(&server, &mut browser).await;
}

#[tokio::test]
async fn theft_clears_the_cookies_of_both() {
    let server = rotating().await;
    let mut owner = Browser::logged_in(&server).await;
    let mut thief = owner.clone();
    owner.post(&server, REFRESH).await.is(200);
    server.pass(60);
    is_over(&server, &mut thief).await;
    assert!(!server.accepts(owner.value(ACCESS)).await);
    is_over(&server, &mut owner).await;
}

#[tokio::test]
async fn trouble_clears_nothing_and_costs_nothing() {
    for server in [rotating().await, keeping().await] {
        let mut browser = Browser::logged_in(&server).await;
        server.store.set_down(true);
        let answer = browser.post(&server, REFRESH).await;
        answer.is_error(503, "temporarily_unavailable");
        assert_eq!(answer.header("retry-after"), Some("3"));
        keeps_cookies(&answer);
        server.store.set_down(false);
        for trouble in [
            AccountsError::unavailable(Duration::from_secs(1)),
            AccountsError::too_many_requests(Duration::from_secs(1)),
        ] {
            server
                .people
                .change(|people| people.trouble = Some(trouble));
            let answer = browser.post(&server, REFRESH).await;
            assert!(matches!(answer.status().as_u16(), 429 | 503), "{answer:?}");
            keeps_cookies(&answer);
        }
        server.people.change(|people| people.trouble = None);
        let claim = Some(("exp", 1.into()));
        server.people.change(|people| people.claim = claim);
        let answer = browser.post(&server, REFRESH).await;
        answer.is_error(500, "server_error");
        keeps_cookies(&answer);
        server.people.change(|people| people.claim = None);
        browser.post(&server, REFRESH).await.is(200);
    }
}

/// A phone that changes networks in the middle of two refreshes: the session goes
/// on, and so must its cookies.
#[tokio::test]
async fn a_refusal_that_ends_no_session_clears_nothing() {
    let rules = RotationRules {
        replay: ReplayPolicy::SameDevice,
        ..RotationRules::default()
    };
    let mut server = Server::with(|builder| builder.rules(rules)).await;
    server.endpoints =
        super::browser::endpoints(&server, &server.password_grant, |builder| builder);
    let mut browser = Browser::logged_in(&server).await;
    let loser = browser.clone();
    browser.post(&server, REFRESH).await.is(200);
    let elsewhere = loser
        .own(Request::post(REFRESH))
        .header("user-agent", "another/1");
    let answer = server.send(elsewhere, "").await;
    answer.is_error(401, "invalid_token");
    keeps_cookies(&answer);
    server.pass(60);
    browser.post(&server, REFRESH).await.is(200);
    assert_eq!(
        claims(browser.value(ACCESS))["fresh"],
        serde_json::Value::Null
    );
}
