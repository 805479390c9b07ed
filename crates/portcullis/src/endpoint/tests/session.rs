//! A. The session API in JSON.

use http::{Request, header::CONTENT_TYPE};
use serde_json::json;

use super::fixture::{JSON, Server, claims, part};

const LOGIN: &str = "/api/users/login";
const REFRESH: &str = "/api/users/refresh";
const APPLICATION: &str = "/api/users/application-token";

#[tokio::test]
async fn a_login_gives_both_tokens() {
    let server = Server::new().await;
    let body = r#"{"username":"alice","password":"wonder land"}"#;
    let answer = server
        .post(LOGIN, "application/json; charset=UTF-8", body)
        .await;
    answer.is(200);
    let members = answer.json();
    assert_eq!(members.as_object().unwrap().len(), 3);
    assert_eq!(members["login"], true);

    let access = answer.text("accessToken");
    assert_eq!(
        part(&access, 0),
        json!({"typ": "JWT", "alg": "HS256", "kid": part(&access, 0)["kid"]})
    );
    let access = claims(&access);
    assert_eq!(access["fresh"], true);
    assert_eq!(access["type"], "access");
    assert_eq!(access["identity"], "alice");
    assert_eq!(access["iat"], 1_700_000_000);
    assert_eq!(access["nbf"], 1_700_000_000);
    assert_eq!(access["exp"], 1_700_000_000 + 15 * 60);

    let refresh = claims(&answer.text("refreshToken"));
    assert_eq!(refresh["fresh"], false);
    assert_eq!(refresh["type"], "refresh");
    assert_eq!(refresh["identity"], "alice");
    assert_eq!(refresh["exp"], 1_700_000_000 + 30 * 86_400);
    assert_eq!(refresh["sid"], access["sid"]);
}

#[tokio::test]
async fn wrong_credentials_have_one_answer() {
    let server = Server::new().await;
    server.people.change(|people| {
        people.gone.insert("robot".to_owned());
    });
    let mut answers = Vec::new();
    for (user, password) in [
        ("alice", "wrong"),
        ("nobody", "wonder land"),
        ("robot", "wonder land"),
    ] {
        let body = json!({"username": user, "password": password}).to_string();
        let answer = server.post(LOGIN, JSON, &body).await;
        answer.is(401);
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="api""#)
        );
        answers.push((answer.body().to_owned(), answer.0.headers().clone()));
    }
    assert_eq!(
        answers[0].0,
        r#"{"login":false,"error":"invalid_credentials"}"#
    );
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    // The same question each time: the same work.
    assert_eq!(server.people.asked().len(), 3);
}

#[tokio::test]
async fn what_is_wrong_with_a_login_is_named_and_not_repeated() {
    let server = Server::new().await;
    for (body, field) in [
        (r#"{"username":"alice"}"#, "password"),
        (r#"{"password":"hunter2"}"#, "username"),
        (r#"{"username":"alice","password":""}"#, "password"),
        (
            r#"{"username":"alice","password":"hunter2","password":"hunter2"}"#,
            "password",
        ),
        (r#"{"username":"alice","password":["hunter2"]}"#, "password"),
        (r#"{"username":null,"password":"hunter2"}"#, "username"),
    ] {
        let answer = server.post(LOGIN, JSON, body).await;
        answer.is_field(field);
        assert_eq!(answer.json()["login"], false);
        assert!(!answer.body().contains("hunter2"));
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        r#"{"username":"alice","password":"x"} x"#,
    ] {
        let answer = server.post(LOGIN, JSON, body).await;
        answer.is_error(400, "invalid_request");
    }
    assert!(server.people.asked().is_empty());
    let body = r#"{"remember":{"username":1},"username":"alice","password":"wonder land"}"#;
    server.post(LOGIN, JSON, body).await.is(200);
}

#[tokio::test]
async fn a_login_is_json() {
    let server = Server::new().await;
    let body = r#"{"username":"alice","password":"wonder land"}"#;
    for media_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
        let answer = server.post(LOGIN, media_type, body).await;
        answer.is_error(415, "unsupported_media_type");
    }
    server.send(Request::post(LOGIN), body).await.is(415);
}

#[tokio::test]
async fn a_refresh_gives_an_access_token_and_keeps_the_refresh_token() {
    let server = Server::new().await;
    let (access, refresh) = server.login("alice").await;
    for method in ["POST", "GET", "POST"] {
        server.pass(60);
        let answer = server.bearer(method, REFRESH, &refresh).await;
        answer.is(200);
        assert_eq!(answer.json().as_object().unwrap().len(), 1);
        let next = claims(&answer.text("accessToken"));
        assert_eq!(next["fresh"], false);
        assert_eq!(next["identity"], "alice");
        assert_eq!(next["sid"], claims(&access)["sid"]);
        assert!(server.accepts(&answer.text("accessToken")).await);
    }
    // What the documentation's `curl` sends along is not looked at.
    let request = Request::post(REFRESH)
        .header("authorization", format!("Bearer {refresh}"))
        .header(CONTENT_TYPE, JSON);
    server.send(request, "{not json").await.is(200);
    server.pass(30 * 86_400);
    let answer = server.bearer("POST", REFRESH, &refresh).await;
    answer.is_error(401, "invalid_token");
}

#[tokio::test]
async fn a_refresh_takes_a_refresh_token_of_its_own_and_nothing_else() {
    let server = Server::new().await;
    let (access, refresh) = server.login("alice").await;
    let other = server.grant("").await.text("refresh_token");
    for bad in [&access, &other, "a.b.c", &format!("{refresh}x")] {
        let answer = server.bearer("POST", REFRESH, bad).await;
        answer.is_error(401, "invalid_token");
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="api", error="invalid_token""#)
        );
    }
    let answer = server.send(Request::post(REFRESH), "").await;
    answer.is_error(401, "unauthorized");
    assert_eq!(
        answer.header("www-authenticate"),
        Some(r#"Bearer realm="api""#)
    );
    for broken in ["Bearer", "Bearer ", "Bearer a b"] {
        let request = Request::post(REFRESH).header("authorization", broken);
        let answer = server.send(request, "").await;
        answer.is_error(400, "invalid_request");
        assert!(
            answer
                .header("www-authenticate")
                .unwrap()
                .contains("invalid_request")
        );
    }
    let twice = Request::post(REFRESH)
        .header("authorization", format!("Bearer {refresh}"))
        .header("authorization", format!("Bearer {refresh}"));
    server
        .send(twice, "")
        .await
        .is_error(400, "invalid_request");
    let cookie = Request::get(REFRESH).header("cookie", format!("refreshToken={refresh}"));
    server.send(cookie, "").await.is(401);
    // A refresh token is no access token.
    assert!(!server.accepts(&refresh).await);
}

#[tokio::test]
async fn whoever_is_gone_cannot_refresh_and_changes_take_effect() {
    let server = Server::new().await;
    let (_, refresh) = server.login("alice").await;
    server
        .people
        .change(|people| people.claim = Some(("role", json!("admin"))));
    let answer = server.bearer("POST", REFRESH, &refresh).await;
    assert_eq!(claims(&answer.text("accessToken"))["role"], "admin");
    server.people.change(|people| {
        people.gone.insert("alice".to_owned());
    });
    let answer = server.bearer("POST", REFRESH, &refresh).await;
    answer.is_error(401, "invalid_token");
    server.people.change(|people| people.gone.clear());
    server.bearer("POST", REFRESH, &refresh).await.is(200);
}

#[tokio::test]
async fn applications_get_tokens_that_never_expire() {
    let server = Server::new().await;
    let (_, refresh) = server.login("robot").await;
    let answer = server.bearer("POST", APPLICATION, &refresh).await;
    answer.is(200);
    assert_eq!(answer.json().as_object().unwrap().len(), 1);
    let token = answer.text("token");
    let says = claims(&token);
    assert!(says.get("exp").is_none());
    assert_eq!(says["type"], "access");
    assert_eq!(says["fresh"], false);
    assert_eq!(says["identity"], "robot");
    server.pass(3650 * 86_400);
    assert!(server.accepts(&token).await);
}

#[tokio::test]
async fn other_types_of_account_get_none() {
    let server = Server::new().await;
    let (access, refresh) = server.login("alice").await;
    let answer = server.bearer("POST", APPLICATION, &refresh).await;
    answer.is_error(403, "insufficient_scope");
    assert_eq!(
        answer.header("www-authenticate"),
        Some(r#"Bearer realm="api", error="insufficient_scope""#)
    );
    let answer = server.bearer("POST", APPLICATION, &access).await;
    answer.is_error(401, "invalid_token");
    server.send(Request::post(APPLICATION), "").await.is(401);
    server.bearer("GET", APPLICATION, &refresh).await.is(405);
}

#[tokio::test]
async fn the_type_is_asked_for_at_that_moment() {
    let server = Server::new().await;
    let (_, refresh) = server.login("robot").await;
    server.people.change(|people| {
        people.gone.insert("robot".to_owned());
    });
    let answer = server.bearer("POST", APPLICATION, &refresh).await;
    answer.is_error(401, "invalid_token");
}

#[tokio::test]
async fn ten_application_tokens_are_enough() {
    let server = Server::new().await;
    let (_, refresh) = server.login("robot").await;
    let mut tokens = Vec::new();
    for _ in 0..10 {
        let answer = server.bearer("POST", APPLICATION, &refresh).await;
        tokens.push(answer.text("token"));
    }
    let answer = server.bearer("POST", APPLICATION, &refresh).await;
    answer.is_error(409, "too_many_tokens");
    server.bearer("POST", "/logout", &tokens[3]).await.is(204);
    assert!(!server.accepts(&tokens[3]).await);
    assert!(server.accepts(&tokens[4]).await);
    server.bearer("POST", APPLICATION, &refresh).await.is(200);
}

#[tokio::test]
async fn a_logged_out_session_gives_no_application_token() {
    let server = Server::new().await;
    let (access, refresh) = server.login("robot").await;
    server.bearer("POST", "/logout", &access).await.is(204);
    let answer = server.bearer("POST", APPLICATION, &refresh).await;
    answer.is_error(401, "invalid_token");
}

#[tokio::test]
async fn a_log_out_everywhere_overtakes_a_login() {
    let server = Server::new().await;
    let sessions = server.session.clone();
    server
        .people
        .change(|people| people.log_out_while_checking = Some(sessions));
    let body = r#"{"username":"alice","password":"wonder land"}"#;
    let answer = server.post(LOGIN, JSON, body).await;
    answer.is(401);
    assert_eq!(
        answer.body(),
        r#"{"login":false,"error":"invalid_credentials"}"#
    );
}
