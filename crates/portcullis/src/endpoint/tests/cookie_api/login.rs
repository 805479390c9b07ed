//! Logging in.

use http::Request;

use super::browser::{
    ACCESS, ALICE, APP, Browser, CSRF, LOGIN, LOGOUT, REFRESH_COOKIE, cookies, keeping,
    keeps_cookies, names_set, rotating, set_cookies, without_refresh,
};
use crate::{
    endpoint::{
        AccountsError, RefusalKind,
        tests::fixture::{FORM, JSON, Server, claims},
    },
    subject::Subject,
};

#[tokio::test]
async fn a_login_sets_three_cookies_and_shows_no_token() {
    for (server, access_ttl) in [(rotating().await, 3600), (keeping().await, 900)] {
        let mut browser = Browser::default();
        let answer = browser.send(&server, Request::post(LOGIN), ALICE).await;
        answer.is(200);
        assert_eq!(names_set(&answer), [ACCESS, CSRF, REFRESH_COOKIE]);

        let access = claims(browser.value(ACCESS));
        let sid = access["sid"].as_str().unwrap();
        let csrf = cookies().csrf().session_token(sid);
        let expected = format!(
            r#"{{"csrf_token":"{csrf}","expires_in":{}}}"#,
            access_ttl - 1
        );
        assert_eq!(answer.body(), expected);
        assert_eq!(browser.value(CSRF), csrf);
        assert_eq!(claims(browser.value(REFRESH_COOKIE))["sid"], sid);
        for name in [ACCESS, REFRESH_COOKIE] {
            assert!(!answer.body().contains(browser.value(name)));
        }

        let ages: Vec<_> = set_cookies(&answer)
            .iter()
            .map(|cookie| cookie.max_age().unwrap().whole_seconds())
            .collect();
        assert_eq!(ages, [access_ttl - 1, 90 * 86_400 - 1, 30 * 86_400 - 1]);
        assert!(server.accepts(browser.value(ACCESS)).await);
    }
}

#[tokio::test]
async fn without_refresh_tokens_there_is_no_cookie_for_one() {
    let server = without_refresh().await;
    let mut browser = Browser::default();
    let answer = browser.send(&server, Request::post(LOGIN), ALICE).await;
    answer.is(200);
    assert_eq!(names_set(&answer), [ACCESS, CSRF]);
}

/// A refresh cookie of an older session, of a time when there were some, must not
/// be what a log-out ends in place of the new one.
#[tokio::test]
async fn a_login_without_a_refresh_token_forgets_an_older_one() {
    let mut browser = Browser::logged_in(&rotating().await).await;
    let server = without_refresh().await;
    browser.log_in(&server).await;
    assert!(!browser.has(REFRESH_COOKIE));
    let access = browser.value(ACCESS).to_owned();
    browser.post(&server, LOGOUT).await.is(204);
    assert!(!server.accepts(&access).await);
}

#[tokio::test]
async fn every_login_opens_a_session() {
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    let first = claims(browser.value(ACCESS))["sid"].clone();
    let first_csrf = browser.csrf.clone();
    browser.log_in(&server).await;
    assert_ne!(claims(browser.value(ACCESS))["sid"], first);
    assert_ne!(browser.csrf, first_csrf);
}

#[tokio::test]
async fn scope_is_granted_where_it_is_asked_for() {
    let server = rotating().await;
    let login = async |scope: &str| {
        let body = ALICE.replace('}', &format!(r#","scope":"{scope}"}}"#));
        let mut browser = Browser::default();
        let answer = browser.send(&server, Request::post(LOGIN), body).await;
        (browser, answer)
    };
    let (browser, answer) = login("read").await;
    answer.is(200);
    assert_eq!(claims(browser.value(ACCESS))["scope"], "read");
    for bad in ["admin", "read admin", "\\u00e9"] {
        let (_, answer) = login(bad).await;
        answer.is_error(400, "invalid_scope");
        keeps_cookies(&answer);
    }
}

/// Login CSRF: somebody else's page logs its visitor in as somebody else.
#[tokio::test]
async fn nobody_elses_page_logs_anybody_in() {
    let server = rotating().await;
    let request = || Request::post(LOGIN).header("content-type", JSON);
    for fields in [
        &[][..],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "same-origin, same-origin")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://app.example.evil.example")],
        &[("origin", "https://app.example:8443")],
        &[("origin", "http://app.example")],
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "https://evil.example"),
        ],
        &[("sec-fetch-site", "same-site"), ("origin", "null")],
        &[("origin", APP), ("origin", APP)],
        // Nothing else makes up for it.
        &[("referer", APP), ("host", "app.example")],
    ] {
        let mut request = request();
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let answer = server.send(request, ALICE).await;
        answer.is(403);
        assert_eq!(answer.body(), r#"{"error":"cross_origin_request"}"#);
        assert_eq!(answer.header("www-authenticate"), None);
        keeps_cookies(&answer);
        let kind = answer.0.extensions().get::<RefusalKind>();
        assert_eq!(
            kind,
            Some(&RefusalKind::Rejection(
                crate::challenge::RejectionKind::CrossOrigin
            ))
        );
    }
    // No password was looked at.
    assert!(server.people.asked().is_empty());
    for fields in [
        &[("sec-fetch-site", "same-origin")][..],
        &[("origin", APP)],
        &[("sec-fetch-site", "cross-site"), ("origin", APP)],
    ] {
        let mut request = request();
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        server.send(request, ALICE).await.is(200);
    }
}

/// The origin comes before all that a stranger could learn from.
#[tokio::test]
async fn the_origin_is_looked_at_before_anything_is_read() {
    let server = rotating().await;
    let foreign = || Request::post(LOGIN).header("sec-fetch-site", "cross-site");
    let too_long = foreign().header("content-length", "999999");
    for (request, body) in [
        (foreign().header("content-type", FORM), "a=b"),
        (too_long.header("content-type", JSON), ""),
        (foreign().header("content-type", JSON), "{"),
    ] {
        let answer = server.send(request, body).await;
        answer.is_error(403, "cross_origin_request");
    }
    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"] {
        let request = Request::builder()
            .method(method)
            .uri(LOGIN)
            .header("sec-fetch-site", "cross-site");
        let answer = server.send(request, "").await;
        answer.is(405);
        assert_eq!(answer.header("allow"), Some("POST"));
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_login_is_told_and_clears_nothing() {
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    let wrong = ALICE.replace("wonder", "wander");
    let unknown = ALICE.replace("alice", "nobody");
    let mut bodies = Vec::new();
    for body in [wrong, unknown] {
        let answer = browser.send(&server, Request::post(LOGIN), body).await;
        answer.is_error(401, "invalid_credentials");
        keeps_cookies(&answer);
        bodies.push(answer.body().to_owned());
    }
    assert_eq!(bodies[0], bodies[1]);
    for (body, field) in [
        (r#"{"username":"alice"}"#, "password"),
        (r#"{"password":"wonder land"}"#, "username"),
    ] {
        let answer = browser.send(&server, Request::post(LOGIN), body).await;
        answer.is_field(field);
        keeps_cookies(&answer);
    }
    let form = browser
        .with_cookies(Request::post(LOGIN))
        .header("sec-fetch-site", "same-origin")
        .header("content-type", FORM);
    let answer = server
        .send(form, "username=alice&password=wonder+land")
        .await;
    answer.is_error(415, "unsupported_media_type");
    keeps_cookies(&answer);
    let long = "x".repeat(20_000);
    let answer = browser.send(&server, Request::post(LOGIN), long).await;
    answer.is_error(413, "content_too_large");
    keeps_cookies(&answer);
}

#[tokio::test]
async fn trouble_clears_nothing() {
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    server.store.set_down(true);
    let answer = browser.send(&server, Request::post(LOGIN), ALICE).await;
    answer.is_error(503, "temporarily_unavailable");
    keeps_cookies(&answer);
    server.store.set_down(false);
    let trouble = AccountsError::too_many_requests(std::time::Duration::from_secs(7));
    server
        .people
        .change(|people| people.trouble = Some(trouble));
    let answer = browser.send(&server, Request::post(LOGIN), ALICE).await;
    answer.is_error(429, "too_many_requests");
    keeps_cookies(&answer);
}

/// What an application puts into its tokens is told of before anybody wonders
/// where the cookie has gone.
#[tokio::test]
async fn a_cookie_that_browsers_drop_is_told_of() {
    let log = crate::endpoint::tests::secrecy::Log::default();
    let _second = tracing::Dispatch::new(log.clone());
    let _guard = tracing::subscriber::set_default(log.clone());
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    assert!(!log.take().contains("4096"));
    let long = "x".repeat(4096).into();
    server
        .people
        .change(|people| people.claim = Some(("long", long)));
    browser.log_in(&server).await;
    let told = log.take();
    assert_eq!(told.matches("larger than 4096 bytes").count(), 1, "{told}");
    assert!(told.contains(ACCESS) && !told.contains(browser.value(ACCESS)));
}

/// A refresh token that browsers drop would end the session when its first access token
/// expires: the login fails, and says so.
#[tokio::test]
async fn a_refresh_token_that_no_cookie_takes_opens_no_session() {
    let server = rotating().await;
    let login = async |scope: String| {
        server
            .people
            .change(|people| people.scope = Some(scope.clone().leak()));
        let body = ALICE.replace('}', &format!(r#","scope":"{scope}"}}"#));
        Browser::default()
            .send(&server, Request::post(LOGIN), body)
            .await
    };
    login("x".repeat(2000)).await.is(200);
    let answer = login("x".repeat(3000)).await;
    answer.is(500);
    keeps_cookies(&answer);
    let alice = Subject::new("users", "alice");
    let sessions = server.password_grant.list(&alice);
    assert_eq!(sessions.await.unwrap().len(), 1);
    // Elsewhere it is none of a cookie.
    let scope = "x".repeat(3000);
    server.grant(&format!("&scope={scope}")).await.is(200);
}

/// A server without a cookie API sets no cookie.
#[tokio::test]
async fn cookies_are_off_unless_asked_for() {
    let server = Server::new().await;
    let answer = server.post(LOGIN, JSON, ALICE).await;
    answer.is_error(404, "not_found");
    let answer = server.post("/api/users/login", JSON, ALICE).await;
    answer.is(200);
    keeps_cookies(&answer);
}
