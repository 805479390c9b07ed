//! C. OAuth clients (RFC 6749 sections 2.3 and 6).

use std::time::Duration;

use http::Request;

use super::fixture::{Answer, FORM, Server, basic, claims, with_basic};
use crate::session::RotationRules;

const LOGIN: &str = "/auth/jwt/login";
const REFRESH: &str = "/auth/jwt/postman-refresh";
const PASSWORD: &str = "grant_type=password&username=alice&password=wonder+land";
/// The secret of `web` as a form has it.
const SECRET: &str = "s%3A%25%C3%A9+%2B";

async fn strict() -> Server {
    Server::with(|builder| builder.rules(RotationRules::with_grace(Duration::ZERO))).await
}

fn web() -> String {
    format!("&client_id=web&client_secret={SECRET}")
}

fn is_invalid_client(answer: &Answer) {
    answer.is_error(401, "invalid_client");
    assert_eq!(
        answer.header("www-authenticate"),
        Some(r#"Basic realm="api""#)
    );
}

#[tokio::test]
async fn clients_authenticate_in_the_form_or_by_basic() {
    let server = Server::new().await;
    let mut answers = vec![server.grant(&web()).await];
    let pair = format!("web:{SECRET}");
    for body in [PASSWORD.to_owned(), format!("{PASSWORD}&client_id=web")] {
        answers.push(server.send(with_basic(LOGIN, &pair), body).await);
    }
    for answer in answers {
        answer.is(200);
        assert_eq!(claims(&answer.text("access_token"))["client_id"], "web");
    }
    let public = server.grant("&client_id=mobile").await;
    assert_eq!(claims(&public.text("access_token"))["client_id"], "mobile");
    server
        .send(with_basic(LOGIN, "mobile:"), PASSWORD)
        .await
        .is(200);
}

#[tokio::test]
async fn a_client_that_fails_is_an_invalid_client_before_the_password_is_looked_at() {
    let server = Server::new().await;
    for more in [
        "&client_id=web",
        "&client_id=web&client_secret=x",
        "&client_id=nobody",
    ] {
        is_invalid_client(&server.grant(more).await);
    }
    is_invalid_client(&server.send(with_basic(LOGIN, "web:x"), PASSWORD).await);
    let asked = server.people.asked();
    assert!(
        asked.iter().all(|question| question.starts_with("client ")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn two_ways_at_once_are_an_invalid_request() {
    let server = Server::new().await;
    let pair = format!("web:{SECRET}");
    for more in [
        format!("&client_secret={SECRET}"),
        web(),
        "&client_id=other".to_owned(),
    ] {
        let body = format!("{PASSWORD}{more}");
        let answer = server.send(with_basic(LOGIN, &pair), body).await;
        answer.is_error(400, "invalid_request");
    }
    server.grant("&client_secret=x").await.is_field("client_id");
    let broken = Request::post(LOGIN)
        .header("content-type", FORM)
        .header("authorization", "Basic ?");
    server
        .send(broken, PASSWORD)
        .await
        .is_error(400, "invalid_request");
    let twice = with_basic(LOGIN, &pair).header("authorization", basic(&pair));
    server
        .send(twice, PASSWORD)
        .await
        .is_error(400, "invalid_request");
    assert!(server.people.asked().is_empty());
    // An access token that is sent everywhere is no client authentication.
    let bearer = Request::post(LOGIN)
        .header("content-type", FORM)
        .header("authorization", "Bearer x");
    server.send(bearer, PASSWORD).await.is(200);
}

#[tokio::test]
async fn the_session_of_a_confidential_client_needs_its_authentication() {
    let server = strict().await;
    let token = server.grant(&web()).await.text("refresh_token");
    for more in ["", "&client_id=web", "&client_id=web&client_secret=x"] {
        is_invalid_client(&server.refresh(&token, more).await);
    }
    is_invalid_client(&server.refresh_by_header(&token).await);
    // Nothing has changed.
    let answer = server.refresh(&token, &web()).await;
    answer.is(200);
    assert_eq!(claims(&answer.text("access_token"))["client_id"], "web");

    let by_header = |pair: &str, token: &str| {
        Request::post("/auth/jwt/refresh")
            .header("refresh-token", token)
            .header("authorization", basic(pair))
    };
    let token = answer.text("refresh_token");
    is_invalid_client(&server.send(by_header("web:x", &token), "").await);
    // The header route knows HTTP Basic only: it does not look at the body.
    let body = format!("client_id=web&client_secret={SECRET}");
    let request = Request::post("/auth/jwt/refresh").header("refresh-token", &token);
    is_invalid_client(
        &server
            .send(request.header("content-type", FORM), body)
            .await,
    );
    let answer = server
        .send(by_header(&format!("web:{SECRET}"), &token), "")
        .await;
    answer.is(200);
    let body = format!(
        "grant_type=refresh_token&refresh_token={}",
        answer.text("refresh_token")
    );
    let answer = server
        .send(with_basic(REFRESH, &format!("web:{SECRET}")), body)
        .await;
    answer.is(200);
}

#[tokio::test]
async fn the_session_of_a_public_client_needs_none_but_no_other() {
    let server = strict().await;
    let token = server
        .grant("&client_id=mobile")
        .await
        .text("refresh_token");
    let answer = server.refresh_by_header(&token).await;
    assert_eq!(claims(&answer.text("access_token"))["client_id"], "mobile");
    let token = answer.text("refresh_token");
    let answer = server.refresh(&token, &web()).await;
    answer.is_error(400, "invalid_grant");
    is_invalid_client(&server.refresh(&token, "&client_id=nobody").await);
    is_invalid_client(&server.refresh(&token, "&client_id=web").await);
    server.refresh(&token, "&client_id=mobile").await.is(200);
}

#[tokio::test]
async fn a_stolen_token_is_no_use_to_another_client_and_harms_nobody() {
    let server = strict().await;
    let token = server.grant(&web()).await.text("refresh_token");
    for more in ["&client_id=other&client_secret=o", "&client_id=mobile"] {
        server
            .refresh(&token, more)
            .await
            .is_error(400, "invalid_grant");
    }
    server.refresh(&token, &web()).await.is(200);
    // A session without client has none that could match.
    let token = server.grant("").await.text("refresh_token");
    server
        .refresh(&token, "&client_id=mobile")
        .await
        .is_error(400, "invalid_grant");
    server.refresh(&token, "").await.is(200);
}

#[tokio::test]
async fn the_token_is_looked_at_before_the_client() {
    let server = strict().await;
    server.people.asked();
    let answer = server
        .refresh("a.b.c", "&client_id=web&client_secret=x")
        .await;
    answer.is_error(400, "invalid_grant");
    assert!(server.people.asked().is_empty());
}
