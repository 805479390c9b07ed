//! Logging out, the list of sessions, the key set.

use http::Request;
use serde_json::json;

use super::fixture::{FORM, Server, claims};
use crate::{session::OpenSession, subject::Subject};

async fn logout_by_header(server: &Server, path: &str, token: &str) -> super::fixture::Answer {
    let request = Request::post(path).header("refresh-token", token);
    server.send(request, "").await
}

#[tokio::test]
async fn any_token_of_a_session_ends_it() {
    let server = Server::new().await;
    let key = server
        .post("/v1/authenticate", FORM, "apiid=alice&apikey=key+1")
        .await;
    let key = key.json()["result"]["authentication_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let (access, refresh) = server.login("alice").await;
    let (first, _) = server.login("alice").await;
    let second = server.grant("").await;
    let third = server.grant("").await;
    let pairs = [
        (first.clone(), first),
        (refresh.clone(), access),
        (key.clone(), key),
        (second.text("access_token"), second.text("access_token")),
        (third.text("refresh_token"), third.text("access_token")),
    ];
    for (presented, access) in pairs {
        assert!(server.accepts(&access).await);
        for _ in 0..2 {
            server.bearer("POST", "/logout", &presented).await.is(204);
        }
        assert!(!server.accepts(&access).await);
    }
    server
        .bearer("POST", "/api/users/refresh", &refresh)
        .await
        .is(401);
    let token = third.text("refresh_token");
    server
        .refresh(&token, "")
        .await
        .is_error(400, "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_may_come_in_its_header() {
    let server = Server::new().await;
    let grant = server.grant("").await;
    let access = grant.text("access_token");
    let refresh = grant.text("refresh_token");
    logout_by_header(&server, "/logout", &access)
        .await
        .is_error(401, "invalid_token");
    logout_by_header(&server, "/logout", "a b")
        .await
        .is_error(400, "invalid_request");
    assert!(server.accepts(&access).await);
    let both = Request::post("/logout")
        .header("authorization", format!("Bearer {access}"))
        .header("refresh-token", &refresh);
    server.send(both, "").await.is_error(400, "invalid_request");
    logout_by_header(&server, "/logout", &refresh).await.is(204);
    assert!(!server.accepts(&access).await);
}

#[tokio::test]
async fn an_expired_token_still_logs_out() {
    let server = Server::new().await;
    let (access, refresh) = server.login("alice").await;
    server.pass(16 * 60);
    server.bearer("POST", "/logout", &access).await.is(204);
    server
        .bearer("POST", "/api/users/refresh", &refresh)
        .await
        .is(401);
    server.pass(40 * 86_400);
    server.bearer("POST", "/logout", &refresh).await.is(204);
}

#[tokio::test]
async fn a_bad_token_logs_nobody_out() {
    let server = Server::new().await;
    let (access, _) = server.login("alice").await;
    for path in ["/logout", "/logout/all"] {
        for bad in ["a.b.c", "x", &access[..access.len() - 1]] {
            let answer = server.bearer("POST", path, bad).await;
            answer.is_error(401, "invalid_token");
        }
        let answer = server.send(Request::post(path), "").await;
        answer.is_error(401, "unauthorized");
        assert_eq!(
            answer.header("www-authenticate"),
            Some(r#"Bearer realm="api""#)
        );
        let twice = Request::post(path)
            .header("authorization", "Bearer a")
            .header("authorization", "Bearer a");
        server
            .send(twice, "")
            .await
            .is_error(400, "invalid_request");
    }
    assert!(server.accepts(&access).await);
}

#[tokio::test]
async fn logging_out_everywhere_ends_all_sessions_and_application_tokens() {
    let server = Server::new().await;
    let (first, refresh) = server.login("robot").await;
    let (second, _) = server.login("robot").await;
    let (other, _) = server.login("alice").await;
    let answer = server
        .bearer("POST", "/api/users/application-token", &refresh)
        .await;
    let application = answer.text("token");
    assert!(server.accepts(&application).await);
    server.bearer("POST", "/logout/all", &second).await.is(204);
    for token in [&first, &second, &application] {
        assert!(!server.accepts(token).await);
    }
    assert!(server.accepts(&other).await);
    server
        .bearer("POST", "/logout/all", &second)
        .await
        .is_error(401, "invalid_token");
    let (again, _) = server.login("robot").await;
    assert!(server.accepts(&again).await);
}

#[tokio::test]
async fn logging_out_everywhere_needs_a_token_that_is_good_in_every_respect() {
    let server = Server::new().await;
    let grant = server.grant("").await;
    let used = grant.text("refresh_token");
    let current = server.refresh(&used, "").await.text("refresh_token");
    server.pass(10);
    logout_by_header(&server, "/logout/all", &used)
        .await
        .is_error(401, "invalid_token");
    // A look is no use: nothing is used up, and nobody is logged out.
    server.refresh(&current, "").await.is(200);
    let current = server.grant("").await.text("refresh_token");
    server.bearer("POST", "/logout/all", &current).await.is(204);
    server.bearer("POST", "/logout/all", &current).await.is(401);
    let (access, _) = server.login("alice").await;
    server.pass(16 * 60);
    server.bearer("POST", "/logout/all", &access).await.is(401);
}

#[tokio::test]
async fn the_list_shows_the_live_sessions_of_all_apis() {
    let server = Server::new().await;
    let (access, _) = server.login("alice").await;
    server.pass(5);
    let grant = server.grant("&client_id=mobile").await;
    server.pass(5);
    server
        .refresh(&grant.text("refresh_token"), "")
        .await
        .is(200);
    server.login("robot").await;
    let answer = server.bearer("GET", "/sessions", &access).await;
    answer.is(200);
    let day = 86_400;
    let now = 1_700_000_000_i64;
    let device = json!({"user_agent": "test/1", "address": "192.0.2.1"});
    assert_eq!(
        answer.json(),
        json!({"sessions": [
            {
                "id": claims(&access)["sid"], "client_id": null,
                "created_at": now, "last_used_at": now, "expires_at": now + 30 * day,
                "device": device, "current": true,
            },
            {
                "id": claims(&grant.text("access_token"))["sid"], "client_id": "mobile",
                "created_at": now + 5, "last_used_at": now + 10,
                "expires_at": now + 10 + 30 * day,
                "device": device, "current": false,
            },
        ]})
    );
    server
        .send(Request::get("/sessions"), "")
        .await
        .is_error(401, "unauthorized");
}

#[tokio::test]
async fn only_what_can_be_shown_is_kept_of_a_user_agent() {
    let server = Server::new().await;
    let agent = http::HeaderValue::from_bytes(b"evil\t\xff\xc3\xa9<b>").unwrap();
    let request = Request::post("/api/users/login")
        .header("content-type", "application/json")
        .header("user-agent", agent);
    let body = r#"{"username":"alice","password":"wonder land"}"#;
    let access = server.send(request, body).await.text("accessToken");
    let list = server.bearer("GET", "/sessions", &access).await.json();
    assert_eq!(
        list["sessions"][0]["device"],
        json!({"user_agent": "evil<b>"})
    );
}

#[tokio::test]
async fn the_key_set_has_public_keys_only() {
    let server = Server::new().await;
    let answer = server
        .send(Request::get("/.well-known/jwks.json"), "")
        .await;
    answer.is(200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/jwk-set+json")
    );
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("pragma"), None);
    let set = answer.json();
    let keys = set["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 1);
    assert_eq!(keys[0]["kty"], "EC");
    assert!(keys[0].get("d").is_none() && keys[0].get("k").is_none());

    let head = server
        .send(Request::head("/.well-known/jwks.json"), "")
        .await;
    head.is(200);
    assert_eq!(head.body(), "");
    assert_eq!(
        head.header("content-length"),
        Some(&*answer.body().len().to_string())
    );
    let post = server
        .send(Request::post("/.well-known/jwks.json"), "")
        .await;
    post.is(405);
    assert_eq!(post.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn the_list_is_read_page_by_page() {
    // Without a limit, that is.
    let server = Server::with(|builder| builder.session_limit(0)).await;
    let alice = Subject::new("users", "alice");
    let (first, _) = server.login("alice").await;
    for _ in 0..150 {
        server.pass(1);
        let ticket = server.session.begin_login().await.unwrap();
        let open = OpenSession::login(&alice);
        server.session.open(ticket, &open).await.unwrap();
    }
    server.pass(1);
    let (last, _) = server.login("alice").await;
    let page = async |token: &str, query: &str| {
        let path = format!("/sessions{query}");
        let page = server.bearer("GET", &path, token).await.json();
        let sessions = page["sessions"].as_array().unwrap().clone();
        let next = page
            .get("next")
            .map(|next| next.as_str().unwrap().to_owned());
        (sessions, next)
    };
    for (token, own) in [(first, 0), (last, 151)] {
        let (mut sessions, next) = page(&token, "").await;
        assert_eq!(sessions.len(), 100);
        let (rest, next) = page(&token, &format!("?after={}", next.unwrap())).await;
        assert_eq!(next, None);
        sessions.extend(rest);
        assert_eq!(sessions.len(), 152);
        let current: Vec<_> = (0..152)
            .filter(|&i| sessions[i]["current"] == true)
            .collect();
        assert_eq!(current, [own]);
        assert!(sessions.is_sorted_by_key(|one| one["created_at"].as_i64().unwrap()));
        for bad in ["x", "1.x", "1", ".936da01f-9abd-4d9d-80c7-02af85c822a8"] {
            let path = format!("/sessions?after={bad}");
            server.bearer("GET", &path, &token).await.is_field("after");
        }
        let twice = server.bearer("GET", "/sessions?after=1&after=2", &token);
        twice.await.is_field("after");
    }
}
