//! One ID token opens one session, whatever happens.

use std::{collections::HashSet, time::Duration};

use http::Request;

use super::{
    entra::{Answer as Issuer, SSO, is_refused, is_unavailable, session_count, sign_on},
    fixture::{Answer, Server, claims},
};
use crate::{
    endpoint::{AccountsError, Endpoints, SessionApi},
    session::{RotationRules, SessionStore},
    subject::Subject,
    verify::KeysUnavailable,
};

#[tokio::test]
async fn repeated_in_the_window_it_gives_the_same_session() {
    let server = Server::new().await;
    let token = server.entra.token("alices-object");
    let first = sign_on(&server, &token).await;
    for _ in 0..3 {
        server.pass(3);
        let again = sign_on(&server, &token).await;
        again.is(200);
        assert_eq!(again.text("refreshToken"), first.text("refreshToken"));
        let [one, two] = [&first, &again].map(|answer| claims(&answer.text("accessToken")));
        assert_eq!(one["sid"], two["sid"]);
        assert_ne!(one["jti"], two["jti"]);
        assert_eq!(two["fresh"], false);
    }
    // The window is anchored at the first time: no repetition lengthens it.
    server.pass(1);
    is_refused(&sign_on(&server, &token).await);
    server.pass(3600 - 11);
    is_refused(&sign_on(&server, &token).await);
    assert_eq!(session_count(&server).await, 1);
    server
        .bearer("POST", "/api/users/refresh", &first.text("refreshToken"))
        .await
        .is(200);
    // A token that was given later is another one.
    let other = sign_on(&server, &server.entra.token("alices-object")).await;
    assert_ne!(other.text("refreshToken"), first.text("refreshToken"));
    assert_eq!(session_count(&server).await, 2);
}

/// Until the very last moment at which its verifier would take it, and after a
/// purge.
#[tokio::test]
async fn a_use_is_remembered_for_as_long_as_the_token_is_good() {
    let server = Server::new().await;
    let token = server.entra.token("alices-object");
    let first = sign_on(&server, &token).await;
    server
        .bearer("POST", "/logout", &first.text("accessToken"))
        .await
        .is(204);
    for pass in [3600, 58] {
        server.pass(pass);
        server.session.purge().await.unwrap();
        // It is its use that speaks against it, not its age.
        let verified = server.entra.verifier().verify_now(token.as_bytes());
        assert!(verified.is_ok());
        is_refused(&sign_on(&server, &token).await);
    }
    assert_eq!(session_count(&server).await, 0);
}

#[tokio::test]
async fn without_a_window_the_second_time_is_refused() {
    let rules = RotationRules::with_grace(Duration::ZERO);
    let server = Server::with(|builder| builder.rules(rules)).await;
    let token = server.entra.token("alices-object");
    sign_on(&server, &token).await.is(200);
    is_refused(&sign_on(&server, &token).await);
    assert_eq!(session_count(&server).await, 1);
}

#[tokio::test]
async fn a_session_that_has_ended_is_not_opened_again() {
    for path in ["/logout", "/logout/all"] {
        let server = Server::new().await;
        let token = server.entra.token("alices-object");
        let answer = sign_on(&server, &token).await;
        let access = answer.text("accessToken");
        server.bearer("POST", path, &access).await.is(204);
        is_refused(&sign_on(&server, &token).await);
        server.pass(60);
        is_refused(&sign_on(&server, &token).await);
        assert_eq!(session_count(&server).await, 0);
    }
}

#[tokio::test]
async fn a_log_out_everywhere_overtakes_it() {
    let server = Server::new().await;
    let sessions = server.session.clone();
    server
        .people
        .change(|people| people.log_out_while_checking = Some(sessions));
    let token = server.entra.token("alices-object");
    is_refused(&sign_on(&server, &token).await);
    assert_eq!(session_count(&server).await, 0);
    server
        .people
        .change(|people| people.log_out_while_checking = None);
    sign_on(&server, &token).await.is(200);
}

#[tokio::test]
async fn a_link_that_changes_in_the_window_opens_no_second_session() {
    let server = Server::new().await;
    let token = server.entra.token("alices-object");
    sign_on(&server, &token).await.is(200);
    server
        .people
        .change(|people| people.links = vec![("alices-object", "robot")]);
    is_refused(&sign_on(&server, &token).await);
    let robot = Subject::new("users", "robot");
    assert!(server.store.sessions(&robot).await.unwrap().is_empty());
}

#[tokio::test]
async fn many_at_once_get_one_session() {
    let server = Server::new().await;
    for _ in 0..4 {
        let before = session_count(&server).await;
        server.pass(1);
        let token = server.entra.token("alices-object");
        let tasks: Vec<_> = (0..32)
            .map(|_| {
                let request = Request::post(SSO)
                    .header("authorization", format!("Bearer {token}"))
                    .body(bytes::Bytes::new());
                let endpoints = server.endpoints.clone();
                tokio::spawn(async move { Answer(endpoints.call(request.unwrap()).await) })
            })
            .collect();
        let mut refresh_tokens = HashSet::new();
        for task in tasks {
            let answer = task.await.unwrap();
            answer.is(200);
            refresh_tokens.insert(answer.text("refreshToken"));
        }
        assert_eq!(refresh_tokens.len(), 1);
        assert_eq!(session_count(&server).await, before + 1);
    }
}

/// With refresh tokens that rotate, the session's current one comes back.
#[tokio::test]
async fn where_tokens_rotate_the_current_one_is_given() {
    let server = Server::new().await;
    let rotating = crate::session::Sessions::builder(
        server.session.revocations().clone(),
        server.session.issuer().clone(),
    )
    .refresh_keys(crate::session::refresh::RefreshKeys::generate().unwrap());
    let api = SessionApi::new(rotating.build().unwrap())
        .single_sign_on(server.entra.single_sign_on(server.people.clone()));
    let endpoints = Endpoints::builder(server.people.clone()).session_api(api);
    let server = Server {
        endpoints: endpoints.common_routes().build().unwrap(),
        ..server
    };
    let token = server.entra.token("alices-object");
    let first = sign_on(&server, &token).await.text("refreshToken");
    let next = server.bearer("POST", "/api/users/refresh", &first).await;
    let next = next.text("refreshToken");
    assert_ne!(first, next);
    let again = sign_on(&server, &token).await;
    assert_eq!(again.text("refreshToken"), next);
}

#[tokio::test]
async fn without_the_keys_nothing_is_lost() {
    let server = Server::new().await;
    for retry_after in [3, 600] {
        let token = server.entra.token("alices-object");
        server.entra.answers(Issuer::Down(KeysUnavailable {
            retry_after: Duration::from_secs(retry_after),
        }));
        is_unavailable(&sign_on(&server, &token).await);
        server.pass(60);
        is_unavailable(&sign_on(&server, &token).await);
        assert!(server.people.asked().is_empty());
        server.entra.answers(Issuer::Key);
        sign_on(&server, &token).await.is(200);
        server.people.asked();
    }
}

/// Wherever in the middle the store goes away, and for however long.
#[tokio::test]
async fn without_the_store_nothing_is_lost() {
    for calls in 0..3 {
        for wait in [1, 60, 900] {
            let server = Server::new().await;
            let token = server.entra.token("alices-object");
            server.store.go_down_after(calls);
            is_unavailable(&sign_on(&server, &token).await);
            server.pass(wait);
            is_unavailable(&sign_on(&server, &token).await);
            server.store.set_down(false);
            assert_eq!(session_count(&server).await, 0);
            let answer = sign_on(&server, &token).await;
            answer.is(200);
            let again = sign_on(&server, &token).await;
            // From then on it is used up: the window began with the first use.
            match (calls, wait) {
                (2, 60..) => is_refused(&again),
                _ => assert_eq!(again.text("refreshToken"), answer.text("refreshToken")),
            }
            assert_eq!(session_count(&server).await, 1);
        }
    }
}

#[tokio::test]
async fn without_the_accounts_nothing_is_lost() {
    let server = Server::new().await;
    let token = server.entra.token("alices-object");
    let trouble = AccountsError::unavailable(Duration::from_secs(60));
    server
        .people
        .change(|people| people.trouble = Some(trouble));
    is_unavailable(&sign_on(&server, &token).await);
    server.pass(60);
    server.people.change(|people| people.trouble = None);
    sign_on(&server, &token).await.is(200);
}
