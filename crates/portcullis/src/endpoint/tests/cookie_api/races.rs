//! Requests at once, from tabs that know nothing of each other.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::Request;

use super::browser::{
    ACCESS, Browser, LOGOUT, REFRESH, REFRESH_COOKIE, clears_cookies, names_set, rotating,
};
use crate::{
    endpoint::tests::fixture::{Answer, Server},
    session::RotationRules,
};

const AT_ONCE: usize = 8;

/// The same refresh eight times at once.
async fn race(server: &Server, browser: &Browser) -> Vec<Answer> {
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let request = browser.own(Request::post(REFRESH));
            let request = request.body(Bytes::new()).unwrap();
            let endpoints = server.endpoints.clone();
            tokio::spawn(async move { Answer(endpoints.call(request).await) })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_who_loses_a_race_is_logged_out() {
    let server = rotating().await;
    let mut browser = Browser::logged_in(&server).await;
    for _ in 0..5 {
        let answers = race(&server, &browser).await;
        let mut successors = BTreeSet::new();
        for answer in &answers {
            answer.is(200);
            assert_eq!(names_set(answer).len(), 3);
            // In whatever order they arrive.
            let mut tab = browser.clone();
            tab.keep(answer);
            assert!(server.accepts(tab.value(ACCESS)).await);
            successors.insert(tab.value(REFRESH_COOKIE).to_owned());
        }
        assert_eq!(successors.len(), 1);
        browser.keep(&answers[AT_ONCE - 1]);
        server.pass(60);
    }
}

/// Without a window the second use is theft, whoever it was: then, and only then,
/// the session is over for all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_window_the_session_is_over_when_cookies_are_cleared() {
    let rules = RotationRules::with_grace(std::time::Duration::ZERO);
    let mut server = Server::with(|builder| builder.rules(rules)).await;
    server.endpoints =
        super::browser::endpoints(&server, &server.password_grant, |builder| builder);
    let browser = Browser::logged_in(&server).await;
    let answers = race(&server, &browser).await;
    let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status() == 200);
    assert_eq!(good.len(), 1);
    for answer in bad {
        answer.is_error(401, "invalid_token");
        clears_cookies(answer);
    }
    let mut winner = browser.clone();
    winner.keep(good[0]);
    assert!(!server.accepts(winner.value(ACCESS)).await);
}

/// A log-out among refreshes: whatever cookies are left are of no use.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_log_out_wins_in_the_end() {
    let server = rotating().await;
    let browser = Browser::logged_in(&server).await;
    let endpoints = server.endpoints.clone();
    let request = browser.own(Request::post(LOGOUT));
    let request = request.body(Bytes::new()).unwrap();
    let log_out = tokio::spawn(async move { Answer(endpoints.call(request).await) });
    let answers = race(&server, &browser).await;
    let answer = log_out.await.unwrap();
    answer.is(204);
    clears_cookies(&answer);
    for answer in &answers {
        let mut tab = browser.clone();
        tab.keep(answer);
        match answer.status().as_u16() {
            200 => {
                assert!(!server.accepts(tab.value(ACCESS)).await);
                let answer = tab.post(&server, REFRESH).await;
                answer.is_error(401, "invalid_token");
                clears_cookies(&answer);
            }
            _ => {
                answer.is_error(401, "invalid_token");
                clears_cookies(answer);
            }
        }
    }
}
