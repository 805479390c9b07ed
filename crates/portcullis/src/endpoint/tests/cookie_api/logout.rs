//! Logging out, here and everywhere.

use http::Request;

use super::browser::{
    ACCESS, APP, Browser, LOGOUT, LOGOUT_ALL, REFRESH, REFRESH_COOKIE, clears_cookies, cookies,
    keeping, keeps_cookies, rotating, without_refresh,
};
use crate::{
    endpoint::{CookieApi, Endpoints},
    policy::Policy,
};

#[tokio::test]
async fn the_refresh_cookie_logs_out_however_old_it_is() {
    for server in [rotating().await, keeping().await] {
        let mut browser = Browser::logged_in(&server).await;
        let stale = browser.clone();
        // The access token is long gone, and its cookie with it.
        server.pass(2 * 86_400);
        browser.forget(ACCESS);
        let answer = browser.post(&server, LOGOUT).await;
        answer.is(204);
        assert_eq!(answer.body(), "");
        clears_cookies(&answer);
        assert!(browser.is_empty());
        // The session is over, and whoever says it again is told the same; with a
        // token that has expired, too.
        for days in [0, 40, 200] {
            server.pass(days * 86_400);
            let answer = stale.clone().post(&server, LOGOUT).await;
            answer.is(204);
            clears_cookies(&answer);
        }
        stale.clone().post(&server, REFRESH).await.is(401);
    }
}

#[tokio::test]
async fn the_access_cookie_logs_out_where_there_is_no_other() {
    for server in [rotating().await, without_refresh().await] {
        for seconds in [0, 2 * 3600] {
            let mut browser = Browser::logged_in(&server).await;
            let access = browser.value(ACCESS).to_owned();
            if browser.has(REFRESH_COOKIE) {
                browser.forget(REFRESH_COOKIE);
            }
            server.pass(seconds);
            for mut browser in [browser.clone(), browser] {
                let answer = browser.post(&server, LOGOUT).await;
                answer.is(204);
                clears_cookies(&answer);
            }
            assert!(!server.accepts(&access).await);
        }
    }
}

#[tokio::test]
async fn a_log_out_ends_one_session_and_everywhere_all() {
    let server = rotating().await;
    let mut one = Browser::logged_in(&server).await;
    let two = Browser::logged_in(&server).await;
    let (program, _) = server.login("alice").await;
    let gone = one.value(ACCESS).to_owned();
    one.post(&server, LOGOUT).await.is(204);
    assert!(!server.accepts(&gone).await);
    assert!(server.accepts(two.value(ACCESS)).await);
    for by_access in [false, true] {
        let mut one = Browser::logged_in(&server).await;
        let mut other = Browser::logged_in(&server).await;
        if by_access {
            one.forget(REFRESH_COOKIE);
        }
        let answer = one.post(&server, LOGOUT_ALL).await;
        answer.is(204);
        clears_cookies(&answer);
        for access in [two.value(ACCESS), other.value(ACCESS), &program] {
            assert!(!server.accepts(access).await);
        }
        let answer = other.post(&server, REFRESH).await;
        answer.is_error(401, "invalid_token");
        clears_cookies(&answer);
    }
}

#[tokio::test]
async fn without_a_cookie_there_is_nobody_and_nothing_to_keep() {
    let server = rotating().await;
    let program = server.grant("").await.text("refresh_token");
    for path in [LOGOUT, LOGOUT_ALL] {
        let mut browser = Browser::default();
        let answer = browser.post(&server, path).await;
        answer.is_error(401, "unauthorized");
        clears_cookies(&answer);
        // A header is for the common routes.
        let request = Request::post(path)
            .header("sec-fetch-site", "same-origin")
            .header("refresh-token", &program)
            .header("authorization", format!("Bearer {program}"));
        server.send(request, "").await.is(401);
    }
    server.refresh(&program, "").await.is(200);
}

#[tokio::test]
async fn a_bad_token_logs_nobody_out_and_is_of_no_use() {
    let server = rotating().await;
    for path in [LOGOUT, LOGOUT_ALL] {
        for name in [REFRESH_COOKIE, ACCESS] {
            let mut browser = Browser::logged_in(&server).await;
            let access = browser.value(ACCESS).to_owned();
            // The refresh cookie decides where there is one.
            browser.forget(REFRESH_COOKIE);
            browser.plant(name, "a.b.c");
            let answer = browser.post(&server, path).await;
            answer.is_error(401, "invalid_token");
            clears_cookies(&answer);
            assert!(server.accepts(&access).await);
        }
        // Neither kind of token is taken for the other.
        let mut browser = Browser::logged_in(&server).await;
        let access = browser.value(ACCESS).to_owned();
        browser.plant(REFRESH_COOKIE, &access);
        browser.post(&server, path).await.is(401);
    }
}

#[tokio::test]
async fn everywhere_wants_a_good_token() {
    let server = rotating().await;
    for by_access in [false, true] {
        // Its session is over.
        let mut browser = Browser::logged_in(&server).await;
        let ended = server
            .bearer("POST", "/logout", browser.value(ACCESS))
            .await;
        ended.is(204);
        if by_access {
            browser.forget(REFRESH_COOKIE);
        }
        let answer = browser.post(&server, LOGOUT_ALL).await;
        answer.is_error(401, "invalid_token");
        clears_cookies(&answer);
        // It has expired.
        let mut browser = Browser::logged_in(&server).await;
        if by_access {
            browser.forget(REFRESH_COOKIE);
        }
        server.pass(31 * 86_400);
        let answer = browser.post(&server, LOGOUT_ALL).await;
        answer.is_error(401, "invalid_token");
        clears_cookies(&answer);
    }
}

/// Another tab has refreshed: the browser has a newer cookie by now.
#[tokio::test]
async fn everywhere_with_an_exchanged_token_keeps_the_cookies() {
    let server = rotating().await;
    let mut tab = Browser::logged_in(&server).await;
    let mut loser = tab.clone();
    tab.post(&server, REFRESH).await.is(200);
    let answer = loser.post(&server, LOGOUT_ALL).await;
    answer.is_error(401, "invalid_token");
    keeps_cookies(&answer);
    tab.post(&server, LOGOUT_ALL).await.is(204);
}

#[tokio::test]
async fn the_page_must_be_ones_own_and_know_the_session() {
    let server = rotating().await;
    let other = Browser::logged_in(&server).await;
    for path in [LOGOUT, LOGOUT_ALL] {
        for by_access in [false, true] {
            let mut browser = Browser::logged_in(&server).await;
            if by_access {
                browser.forget(REFRESH_COOKIE);
            }
            let cookies = || browser.with_cookies(Request::post(path));
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
                (own(), "invalid_csrf_token"),
                (
                    own().header("x-csrf-token", &other.csrf),
                    "invalid_csrf_token",
                ),
            ] {
                let answer = server.send(request, "").await;
                answer.is_error(403, error);
                keeps_cookies(&answer);
                assert!(server.accepts(browser.value(ACCESS)).await);
            }
            let name = if by_access { ACCESS } else { REFRESH_COOKIE };
            let twice = own()
                .header("x-csrf-token", csrf)
                .header("cookie", format!("{name}=x"));
            let answer = server.send(twice, "").await;
            answer.is_error(400, "invalid_request");
            keeps_cookies(&answer);
            let listed = cookies().header("origin", APP).header("x-csrf-token", csrf);
            server.send(listed, "").await.is(204);
        }
        // Whoever has no cookie is told of the origin first.
        let answer = server.send(Request::post(path), "").await;
        answer.is_error(403, "cross_origin_request");
        keeps_cookies(&answer);
        for method in ["GET", "HEAD", "PUT"] {
            let request = Request::builder().method(method).uri(path);
            server.send(other.own(request), "").await.is(405);
        }
    }
}

#[tokio::test]
async fn trouble_clears_nothing() {
    let server = rotating().await;
    for path in [LOGOUT, LOGOUT_ALL] {
        for by_access in [false, true] {
            let mut browser = Browser::logged_in(&server).await;
            if by_access {
                browser.forget(REFRESH_COOKIE);
            }
            server.store.set_down(true);
            let answer = browser.post(&server, path).await;
            answer.is_error(503, "temporarily_unavailable");
            keeps_cookies(&answer);
            server.store.set_down(false);
            browser.post(&server, path).await.is(204);
        }
    }
}

/// A thief of a refresh cookie shall not log everybody out, where that is said.
#[tokio::test]
async fn a_policy_for_everywhere_is_asked_about_the_access_token() {
    let mut server = keeping().await;
    let api = CookieApi::new(server.session.clone(), cookies());
    let api = api.require_for_logout_all(Policy::fresh());
    let builder = Endpoints::builder(server.people.clone()).cookie_api(api);
    server.endpoints = builder.build().unwrap();

    let mut browser = Browser::logged_in(&server).await;
    let mut without_access = browser.clone();
    without_access.forget(ACCESS);
    let answer = without_access.post(&server, LOGOUT_ALL).await;
    answer.is_error(401, "unauthorized");
    keeps_cookies(&answer);
    let mut refreshed = browser.clone();
    refreshed.post(&server, REFRESH).await.is(200);
    let answer = refreshed.post(&server, LOGOUT_ALL).await;
    answer.is_error(401, "insufficient_user_authentication");
    keeps_cookies(&answer);

    let answer = browser.post(&server, LOGOUT_ALL).await;
    answer.is(204);
    clears_cookies(&answer);
    refreshed.post(&server, REFRESH).await.is(401);
}
