//! One token endpoint for several grants (RFC 6749 section 3.2).

use super::fixture::{FORM, JSON, Server, with_basic};
use crate::endpoint::{Endpoints, PasswordGrantApi};

const TOKEN: &str = "/oauth/token";

async fn server() -> Server {
    let mut server = Server::new().await;
    let api = PasswordGrantApi::new(server.password_grant.clone()).token_path(TOKEN);
    server.endpoints = Endpoints::builder(server.people.clone())
        .password_grant_api(api)
        .sessions("/sessions")
        .build()
        .unwrap();
    server
}

const LOGIN: &str = "grant_type=password&username=alice&password=wonder+land";

#[tokio::test]
async fn the_grant_type_decides() {
    let server = server().await;
    let paths: Vec<_> = server.endpoints.paths().collect();
    assert_eq!(paths, ["/auth/jwt/refresh", TOKEN, "/sessions"]);
    let login = server.post(TOKEN, FORM, LOGIN).await;
    login.is(200);
    assert!(server.accepts(&login.text("access_token")).await);
    let refresh = |token: &str| format!("grant_type=refresh_token&refresh_token={token}");
    let first = refresh(&login.text("refresh_token"));
    let next = server.post(TOKEN, FORM, &first).await;
    next.is(200);
    assert_ne!(next.text("refresh_token"), login.text("refresh_token"));
    let next = next.text("refresh_token");
    server.refresh_by_header(&next).await.is(200);
}

#[tokio::test]
async fn another_grant_type_or_none_is_refused() {
    let server = server().await;
    for (body, field) in [
        ("", "grant_type"),
        ("username=alice&password=wonder+land", "grant_type"),
        ("refresh_token=x", "grant_type"),
        ("grant_type=&refresh_token=x", "grant_type"),
        (
            "grant_type=password&grant_type=refresh_token&refresh_token=x",
            "grant_type",
        ),
        (
            "grant_type=refresh_token&username=alice&password=wonder+land",
            "refresh_token",
        ),
        ("grant_type=password&refresh_token=x", "username"),
        ("grant_type=password&username=alice", "password"),
    ] {
        server.post(TOKEN, FORM, body).await.is_field(field);
    }
    for grant_type in [
        "client_credentials",
        "authorization_code",
        "Password",
        "refresh_token+",
        "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange",
    ] {
        let body =
            format!("grant_type={grant_type}&username=alice&password=wonder+land&refresh_token=x");
        let answer = server.post(TOKEN, FORM, &body).await;
        answer.is_error(400, "unsupported_grant_type");
    }
    assert!(server.people.asked().is_empty());
    server.post(TOKEN, JSON, "{}").await.is(415);
}

#[tokio::test]
async fn clients_authenticate_for_every_grant() {
    let server = server().await;
    let send = async |pair: &str, body: &str| {
        let request = with_basic(TOKEN, pair);
        server.send(request, body.to_owned()).await
    };
    let login = send("web:s%3A%25%C3%A9+%2B", LOGIN).await;
    let body = format!(
        "grant_type=refresh_token&refresh_token={}",
        login.text("refresh_token")
    );
    let answer = server.post(TOKEN, FORM, &body).await;
    answer.is_error(401, "invalid_client");
    let answer = send("web:wrong", &body).await;
    answer.is_error(401, "invalid_client");
    send("web:s%3A%25%C3%A9+%2B", &body).await.is(200);
}

#[tokio::test]
async fn only_the_two_forms_share_a_path() {
    let server = Server::new().await;
    let build = |change: fn(PasswordGrantApi) -> PasswordGrantApi| {
        let api = change(PasswordGrantApi::new(server.password_grant.clone()));
        let builder = Endpoints::builder(server.people.clone());
        builder.password_grant_api(api).build().map(|_| ())
    };
    assert!(build(|api| api.login_path("/x").form_refresh_path("/x")).is_ok());
    for (path, wrong) in [
        ("/x", build(|api| api.login_path("/x").refresh_path("/x"))),
        ("/y", build(|api| api.token_path("/y").refresh_path("/y"))),
    ] {
        let error = wrong.unwrap_err().to_string();
        assert!(error.contains(&format!("the path `{path}`")), "{error}");
    }
}
