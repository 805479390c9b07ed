//! When the store or the application is down: 503, and nothing is lost.

use std::time::Duration;

use behaviour::{answer::Answer, client::Request};
use portcullis::endpoint::AccountsError;
use portcullis_testing::faulty::Fault;

use super::{
    APPLICATION_TOKEN, AUTHENTICATE, GRANT_LOGIN, On, Pair, Stage, USERS_LOGIN, USERS_REFRESH,
    assert_not_stored,
};

fn assert_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.field("www-authenticate").is_none(), "{answer:?}");
    assert_not_stored(answer);
    // At most a third of the grace window.
    let after: u64 = answer.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=3).contains(&after), "{answer:?}");
}

const LOGIN: &str = r#"{"username":"alice","password":"wonder land"}"#;
const GRANT: &str = "grant_type=password&username=alice&password=wonder+land";
const KEY: &str = "apiid=demo-id&apikey=demo-key";

#[test]
fn the_store_is_unreachable() {
    Stage::new().play(async |on: &On<'_>| {
        let [access, refresh] = on.login("robot").await;
        let pair = on.grant("").await;
        let application = on.bearer("POST", APPLICATION_TOKEN, &refresh).await;
        let application = application.text_at("/token");
        on.backend.store.fail_next(u64::MAX, Fault::Unreachable);
        assert_unavailable(&on.json(USERS_LOGIN, LOGIN).await);
        assert_unavailable(&on.form(AUTHENTICATE, KEY).await);
        assert_unavailable(&on.form(GRANT_LOGIN, GRANT).await);
        assert_unavailable(&on.bearer("POST", USERS_REFRESH, &refresh).await);
        assert_unavailable(&on.bearer("POST", APPLICATION_TOKEN, &refresh).await);
        assert_unavailable(&on.refresh(&pair.refresh).await);
        assert_unavailable(&on.refresh_by_form(&pair.refresh, "").await);
        assert_unavailable(&on.bearer("POST", "/logout", &access).await);
        assert_unavailable(&on.bearer("POST", "/logout/all", &access).await);
        assert_unavailable(&on.bearer("GET", "/sessions", &access).await);
        // Access tokens are judged from memory, but for those that may have been logged out.
        assert!(on.accepts("/auth/stations", &pair.access).await);
        let doubted = on.bearer("GET", "/api/stations", &access).await;
        assert_eq!(doubted.status, 503);
        // What is wrong in itself is not the store's fault.
        let garbage = on.bearer("POST", USERS_REFRESH, "garbage").await;
        assert_eq!(garbage.status, 401);
        on.backend.store.fail_next(0, Fault::Unreachable);
        // Nothing is lost.
        assert_eq!(on.generation(&pair.refresh).await, 0);
        assert_eq!(on.refresh(&pair.refresh).await.status, 200);
        assert_eq!(on.bearer("POST", USERS_REFRESH, &refresh).await.status, 200);
        assert!(on.accepts("/api/stations", &application).await);
    });
}

/// The store did what it was asked and nobody heard of it: a retry within the
/// window goes on from there.
#[test]
fn an_answer_of_the_store_is_lost() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("").await;
        on.backend.store.fail_next(u64::MAX, Fault::AnswerLost);
        let lost = on.refresh(&pair.refresh).await;
        on.backend.store.fail_next(0, Fault::AnswerLost);
        assert_unavailable(&lost);
        on.backend.clock.advance(Duration::from_secs(3));
        let next = Pair::of(&on.refresh(&pair.refresh).await);
        assert!(on.accepts("/auth/stations", &next.access).await);
        assert_eq!(on.refresh(&next.refresh).await.status, 200);
    });
}

/// Once is no trouble at all: the store is asked again.
#[test]
fn an_answer_is_lost_once() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("").await;
        on.backend.store.fail_next(1, Fault::AnswerLost);
        let answer = on.refresh(&pair.refresh).await;
        on.backend.store.fail_next(0, Fault::AnswerLost);
        let next = Pair::of(&answer);
        let again = Pair::of(&on.refresh(&pair.refresh).await);
        assert_eq!(next.refresh, again.refresh);
    });
}

/// A token that never expires is good while it is listed; where nobody can say,
/// it is neither good nor bad.
#[test]
fn application_tokens_without_the_store() {
    Stage::new().play(async |on: &On<'_>| {
        let [_, refresh] = on.login("robot").await;
        let token = on
            .bearer("POST", APPLICATION_TOKEN, &refresh)
            .await
            .text_at("/token");
        assert_eq!(on.bearer("POST", "/logout", &token).await.status, 204);
        on.backend.store.fail_next(u64::MAX, Fault::Unreachable);
        let answer = on.bearer("GET", "/api/stations", &token).await;
        on.backend.store.fail_next(0, Fault::Unreachable);
        // It was removed on this node, which may know, or not be sure.
        assert!(matches!(answer.status, 401 | 503), "{answer:?}");
        assert!(!on.accepts("/api/stations", &token).await);
    });
}

#[test]
fn the_application_is_down() {
    Stage::new().play(async |on: &On<'_>| {
        let [_, refresh] = on.login("robot").await;
        let pair = on.grant("").await;
        let trouble = AccountsError::unavailable(Duration::from_secs(60));
        on.backend
            .people
            .change(|people| people.trouble = Some(trouble));
        assert_unavailable(&on.json(USERS_LOGIN, LOGIN).await);
        assert_unavailable(&on.form(AUTHENTICATE, KEY).await);
        assert_unavailable(&on.form(GRANT_LOGIN, GRANT).await);
        assert_unavailable(&on.bearer("POST", USERS_REFRESH, &refresh).await);
        assert_unavailable(&on.bearer("POST", APPLICATION_TOKEN, &refresh).await);
        assert_unavailable(&on.refresh(&pair.refresh).await);
        on.backend.people.change(|people| people.trouble = None);
        assert_eq!(on.generation(&pair.refresh).await, 0);
        assert_eq!(on.refresh(&pair.refresh).await.status, 200);
    });
}

/// 429 is the same for all names, and says when to come back.
#[test]
fn the_application_throttles() {
    Stage::new().play(async |on: &On<'_>| {
        let trouble = AccountsError::too_many_requests(Duration::from_millis(6_500));
        on.backend
            .people
            .change(|people| people.trouble = Some(trouble));
        let mut answers = vec![on.json(USERS_LOGIN, LOGIN).await];
        answers.push(
            on.json(USERS_LOGIN, r#"{"username":"nobody","password":"x"}"#)
                .await,
        );
        answers.push(on.form(AUTHENTICATE, KEY).await);
        answers.push(on.form(GRANT_LOGIN, GRANT).await);
        on.backend.people.change(|people| people.trouble = None);
        for answer in &answers {
            assert_eq!(answer.status, 429, "{answer:?}");
            assert_eq!(answer.field("retry-after").as_deref(), Some("7"));
            assert_not_stored(answer);
        }
        assert_eq!(answers[0].text(), answers[1].text());
    });
}

/// Where a request comes from is told to the application, for its throttling.
#[test]
fn the_application_learns_the_source() {
    Stage::new().play(async |on: &On<'_>| {
        on.backend.people.change(|people| people.source = None);
        let spoofed = Request::new("POST", USERS_LOGIN)
            .json(LOGIN)
            .field("X-Forwarded-For", "203.0.113.7")
            .field("Forwarded", "for=203.0.113.7");
        assert_eq!(on.send(spoofed).await.status, 200);
        let source = on.backend.people.change(|people| people.source);
        assert_eq!(source, Some([127, 0, 0, 1].into()), "{}", on.server.name);
    });
}
