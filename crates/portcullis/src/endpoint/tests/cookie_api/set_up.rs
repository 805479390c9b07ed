//! Putting a cookie API together.

use http::Request;

use super::browser::{
    ACCESS, ALICE, Browser, REFRESH, REFRESH_COOKIE, cookies, rotating, set_cookies,
};
use crate::{
    challenge::Realm,
    cookies::{SameSite, SessionCookies},
    endpoint::{
        ApiKeyApi, CookieApi, Endpoints, EndpointsBuilder, PasswordGrantApi, SessionApi,
        tests::{
            fixture::{JSON, Server},
            secrecy::Log,
        },
    },
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{Sessions, refresh::RefreshKeys},
};

fn builder(server: &Server, cookies: SessionCookies) -> EndpointsBuilder {
    let api = CookieApi::new(server.password_grant.clone(), cookies);
    Endpoints::builder(server.people.clone()).cookie_api(api)
}

/// The path of the refresh cookie that a login sets.
async fn refresh_path(server: &mut Server, endpoints: Endpoints, login: &str) -> String {
    server.endpoints = endpoints;
    let request = Request::post(login)
        .header("content-type", JSON)
        .header("sec-fetch-site", "same-origin");
    let answer = server.send(request, ALICE).await;
    answer.is(200);
    let all = set_cookies(&answer);
    let mut refresh = all
        .iter()
        .filter(|cookie| cookie.name().ends_with("refresh_token"));
    refresh.next().unwrap().path().unwrap().to_owned()
}

#[tokio::test]
async fn the_refresh_cookie_is_for_the_api_as_it_is_seen_from_outside() {
    let mut server = Server::new().await;
    let sessions = server.password_grant.clone();
    let api = || CookieApi::new(sessions.clone(), cookies());
    let people = server.people.clone();
    let start = || Endpoints::builder(people.clone());
    for (builder, login, expected) in [
        (
            start().cookie_api(api()),
            "/auth/cookie/login",
            "/auth/cookie",
        ),
        (
            start().cookie_api(api()).mounted_at("/v1"),
            "/auth/cookie/login",
            "/v1/auth/cookie",
        ),
        // In whatever order, and with a slash at the end.
        (
            start().mounted_at("/v1/").cookie_api(api()),
            "/auth/cookie/login",
            "/v1/auth/cookie",
        ),
        (start().cookie_api(api().path("/web")), "/web/login", "/web"),
        (
            start().cookie_api(api().path("/web/")),
            "/web/login",
            "/web",
        ),
        (
            start().cookie_api(api().path("/")).mounted_at("/v1"),
            "/login",
            "/v1",
        ),
    ] {
        let endpoints = builder.build().unwrap();
        for last in ["refresh", "logout", "logout/all"] {
            let path = login.replace("login", last);
            assert!(endpoints.matches(&path), "{path}");
        }
        let path = refresh_path(&mut server, endpoints, login).await;
        assert_eq!(path, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_right_is_refused() {
    let server = Server::new().await;
    let sessions = || server.password_grant.clone();
    let refusal = |builder: EndpointsBuilder| builder.build().unwrap_err().to_string();
    let start = || Endpoints::builder(server.people.clone());
    let api = || CookieApi::new(sessions(), cookies());
    // The refresh token would go everywhere.
    assert!(refusal(start().cookie_api(api().path("/"))).contains("path of its own"));
    assert!(refusal(start().cookie_api(api().path("/a;b"))).contains("semicolon"));
    assert!(refusal(start().cookie_api(api().path("web"))).contains("slash"));
    let two = start().cookie_api(api()).cookie_api(api().path("/web"));
    assert!(refusal(two).contains("two cookie APIs"));
    let twice = start().cookie_api(api()).logout("/auth/cookie/logout");
    assert!(refusal(twice).contains("two endpoints"));
    let none = cookies().insecure_on_loopback().same_site(SameSite::None);
    assert!(refusal(builder(&server, none)).contains("insecure_on_loopback"));
    // Tokens of the default shape, which name a client.
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
        .unwrap();
    let sessions = Sessions::builder(sessions().revocations().clone(), issuer)
        .refresh_keys(RefreshKeys::generate().unwrap())
        .build()
        .unwrap();
    let with_client = CookieApi::new(sessions.clone(), cookies()).client("mobile");
    assert!(start().cookie_api(with_client).build().is_ok());
    let clientless = start().cookie_api(CookieApi::new(sessions.clone(), cookies()));
    assert!(refusal(clientless).contains("TokenShape::plain"));
    let clientless = start().session_api(SessionApi::new(sessions.clone()));
    assert!(refusal(clientless).contains("TokenShape::plain"));
    let clientless = start().api_key_api(ApiKeyApi::new(sessions.clone()));
    assert!(refusal(clientless).contains("TokenShape::plain"));
    // A client may be named here.
    let with_clients = start().password_grant_api(PasswordGrantApi::new(sessions));
    assert!(with_clients.build().is_ok());
}

#[tokio::test]
async fn insecure_cookies_are_warned_of_once() {
    let log = Log::default();
    let _second = tracing::Dispatch::new(log.clone());
    let _guard = tracing::subscriber::set_default(log.clone());
    let mut server = Server::new().await;
    log.take();
    builder(&server, cookies()).build().unwrap();
    assert_eq!(log.take(), "");
    let endpoints = builder(&server, cookies().insecure_on_loopback()).build();
    assert_eq!(log.take().matches("without `Secure`").count(), 1);
    server.endpoints = endpoints.unwrap();
    let mut browser = Browser::default();
    for _ in 0..2 {
        browser.log_in(&server).await;
    }
    assert!(browser.has("access_token") && browser.has("csrf_token"));
    assert!(!log.take().contains("without `Secure`"));
}

#[tokio::test]
async fn names_and_realms_are_the_applications() {
    let mut server = Server::new().await;
    let api = CookieApi::new(
        server.password_grant.clone(),
        cookies().name_prefix("shop").unwrap(),
    );
    let api = api
        .login_fields("user", "word")
        .realm(Realm::new("shop").unwrap());
    let builder = Endpoints::builder(server.people.clone()).cookie_api(api);
    server.endpoints = builder.sessions("/sessions").build().unwrap();
    let mut browser = Browser::default();
    let body = r#"{"user":"alice","word":"wonder land"}"#;
    let login = || Request::post("/auth/cookie/login");
    browser.send(&server, login(), body).await.is(200);
    assert!(browser.has("__Host-shop-access_token"));
    let list = Request::get("/sessions");
    browser.send(&server, list, "").await.is(200);
    let wrong = body.replace("land", "sand");
    let answer = browser.send(&server, login(), wrong).await;
    answer.is(401);
    assert_eq!(
        answer.header("www-authenticate"),
        Some(r#"Bearer realm="shop""#)
    );
}

/// The log says which part of the proof was missing, and no token.
#[tokio::test]
async fn the_log_tells_what_the_answer_does_not() {
    let log = Log::default();
    let _second = tracing::Dispatch::new(log.clone());
    let _guard = tracing::subscriber::set_default(log.clone());
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    let path = "/auth/cookie/refresh";
    let cookies = || browser.with_cookies(Request::post(path));
    let own = || cookies().header("sec-fetch-site", "same-origin");
    let mut secrets = Vec::new();
    for name in [
        "__Host-access_token",
        "__Secure-refresh_token",
        "__Host-csrf_token",
    ] {
        secrets.push(browser.value(name).to_owned());
    }
    for (request, told) in [
        (cookies(), "neither Sec-Fetch-Site nor Origin"),
        (
            cookies().header("origin", "https://evil.example"),
            "an origin that is not listed",
        ),
        (own(), "X-CSRF-Token is missing"),
        (
            own().header("x-csrf-token", "wrong"),
            "X-CSRF-Token is not that of",
        ),
    ] {
        server.send(request, "").await.is(403);
        let log = log.take();
        assert!(log.contains(told), "{told}: {log}");
        assert!(!secrets.iter().any(|secret| log.contains(secret)), "{log}");
    }
    browser.post(&server, path).await.is(200);
    browser.post(&server, "/auth/cookie/logout").await.is(204);
    let log = log.take();
    assert!(!secrets.iter().any(|secret| log.contains(secret)), "{log}");
}

/// A first service needs neither a client nor somebody else's API.
#[tokio::test]
async fn a_plain_shape_will_do() {
    let mut server = Server::new().await;
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
        .shape(TokenShape::plain())
        .clock(server.password_grant.issuer().clock().clone())
        .build()
        .unwrap();
    let revocations = server.password_grant.revocations().clone();
    let sessions = Sessions::builder(revocations, issuer)
        .refresh_keys(RefreshKeys::generate().unwrap())
        .build()
        .unwrap();
    let verifier = sessions.verifier().build().unwrap();
    let api = CookieApi::new(sessions, cookies());
    let builder = Endpoints::builder(server.people.clone()).cookie_api(api);
    server.endpoints = builder.build().unwrap();
    let mut browser = Browser::logged_in(&server).await;
    let read = |browser: &Browser| {
        let token = browser.value(ACCESS).as_bytes();
        verifier.verify_now(token).unwrap()
    };
    let token = read(&browser);
    assert_eq!(token.subject_name(), Some("alice"));
    assert!(token.claims_json().contains(r#""sub":"alice""#));
    assert!(token.is_fresh());
    browser.post(&server, REFRESH).await.is(200);
    assert!(!read(&browser).is_fresh());
    // Not taken for one another.
    let refresh = browser.value(REFRESH_COOKIE).as_bytes();
    assert!(verifier.verify_now(refresh).is_err());
}

/// RFC 9068 section 2.2.
#[tokio::test]
async fn a_page_may_be_an_oauth_client() {
    let mut server = Server::new().await;
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .clock(server.password_grant.issuer().clock().clone())
        .build()
        .unwrap();
    let revocations = server.password_grant.revocations().clone();
    let sessions = Sessions::builder(revocations, issuer)
        .refresh_keys(RefreshKeys::generate().unwrap())
        .build()
        .unwrap();
    let verifier = sessions.verifier().rfc9068().build().unwrap();
    let serve = |server: &mut Server, client: &'static str| {
        let api = CookieApi::new(sessions.clone(), cookies()).client(client);
        let builder = Endpoints::builder(server.people.clone()).cookie_api(api);
        server.endpoints = builder.build().unwrap();
    };
    serve(&mut server, "mobile");
    let mut browser = Browser::logged_in(&server).await;
    for _ in 0..2 {
        let token = browser.value(ACCESS).as_bytes();
        let token = verifier.verify_now(token).unwrap();
        assert_eq!(token.client_id(), Some("mobile"));
        browser.post(&server, REFRESH).await.is(200);
    }
    // One that keeps a secret cannot be a page.
    serve(&mut server, "web");
    let answer = browser.post(&server, REFRESH).await;
    answer.is_error(401, "invalid_client");
    assert!(set_cookies(&answer).is_empty());
    let login = Request::post("/auth/cookie/login");
    let answer = Browser::default().send(&server, login, ALICE).await;
    answer.is_error(401, "invalid_client");
    // Nor may another client go on with its session.
    serve(&mut server, "mobile");
    browser.post(&server, REFRESH).await.is(200);
    browser.post(&server, "/auth/cookie/logout").await.is(204);
}
