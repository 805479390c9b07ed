//! What happens when something is down: nothing is lost.

use std::time::Duration;

use super::fixture::{Answer, FORM, JSON, Server};
use crate::{endpoint::AccountsError, session::RotationRules};

const LOGIN: &str = r#"{"username":"alice","password":"wonder land"}"#;

fn is_unavailable(answer: &Answer, retry_after: &str) {
    answer.is_error(503, "temporarily_unavailable");
    assert_eq!(answer.header("retry-after"), Some(retry_after));
    assert_eq!(answer.header("www-authenticate"), None);
}

#[cfg(feature = "aws-lc")]
#[tokio::test]
async fn without_its_store_every_route_says_when_to_come_back() {
    let server = Server::new().await;
    let (access, refresh) = server.login("alice").await;
    let grant = server.grant("").await.text("refresh_token");
    server.store.set_down(true);
    for answer in [
        server.post("/api/users/login", JSON, LOGIN).await,
        server
            .post("/v1/authenticate", FORM, "apiid=alice&apikey=key+1")
            .await,
        server.grant("").await,
        server.refresh(&grant, "").await,
        server.refresh_by_header(&grant).await,
        server.bearer("POST", "/api/users/refresh", &refresh).await,
        server
            .bearer("POST", "/api/users/application-token", &refresh)
            .await,
        server
            .bearer(
                "POST",
                "/api/users/sso",
                &server.entra.token("alices-object"),
            )
            .await,
        server.bearer("POST", "/logout", &access).await,
        server.bearer("POST", "/logout/all", &access).await,
        server.bearer("GET", "/sessions", &access).await,
    ] {
        is_unavailable(&answer, "3");
    }
    server.store.set_down(false);
    server
        .bearer("POST", "/api/users/refresh", &refresh)
        .await
        .is(200);
    server.refresh(&grant, "").await.is(200);
    assert!(server.accepts(&access).await);
}

#[tokio::test]
async fn retry_after_is_never_zero_and_within_a_third_of_the_window() {
    for (grace, expected) in [(0, "1"), (1, "1"), (9, "3"), (60, "20")] {
        let rules = RotationRules::with_grace(Duration::from_secs(grace));
        let server = Server::with(|builder| builder.rules(rules)).await;
        let token = server.grant("").await.text("refresh_token");
        server.store.set_down(true);
        is_unavailable(&server.refresh(&token, "").await, expected);
    }
}

#[tokio::test]
async fn accounts_that_are_down_cost_nobody_a_session() {
    let server = Server::new().await;
    let token = server
        .grant("&client_id=mobile")
        .await
        .text("refresh_token");
    for (retry_after, expected) in [(Duration::ZERO, "1"), (Duration::from_secs(60), "3")] {
        let trouble = AccountsError::unavailable(retry_after);
        server
            .people
            .change(|people| people.trouble = Some(trouble));
        is_unavailable(&server.refresh(&token, "").await, expected);
        is_unavailable(
            &server.post("/api/users/login", JSON, LOGIN).await,
            expected,
        );
        is_unavailable(&server.grant("").await, expected);
    }
    server.people.change(|people| people.trouble = None);
    server.refresh(&token, "").await.is(200);
}

#[tokio::test]
async fn throttling_is_the_same_for_all_names() {
    let server = Server::new().await;
    let trouble = AccountsError::too_many_requests(Duration::from_millis(7100));
    server
        .people
        .change(|people| people.trouble = Some(trouble));
    let nobody = LOGIN.replace("alice", "nobody");
    let known = server.post("/api/users/login", JSON, LOGIN).await;
    let unknown = server.post("/api/users/login", JSON, &nobody).await;
    known.is_error(429, "too_many_requests");
    assert_eq!(known.header("retry-after"), Some("8"));
    assert_eq!(known.body(), unknown.body());
    assert_eq!(known.0.headers(), unknown.0.headers());
    server.grant("").await.is_error(429, "too_many_requests");
}

#[tokio::test]
async fn a_claim_that_only_the_issuer_writes_is_our_fault() {
    let server = Server::new().await;
    let token = server.grant("").await.text("refresh_token");
    server
        .people
        .change(|people| people.claim = Some(("exp", 1.into())));
    let answer = server.refresh(&token, "").await;
    answer.is_error(500, "server_error");
    assert_eq!(answer.header("www-authenticate"), None);
    server.people.change(|people| people.claim = None);
    server.refresh(&token, "").await.is(200);
}
