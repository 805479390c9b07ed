//! Requests at once: parallel refreshes, logins and logouts.

use std::{
    collections::HashSet,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use behaviour::{
    answer::Answer,
    client::{Request, send},
};
use portcullis::session::RotationRules;

use super::{HEADER_REFRESH, On, Pair, Stage, assert_error};

const AT_ONCE: usize = 16;

/// Sends the same refresh many times at once, on connections of their own.
async fn race(on: &On<'_>, token: &str) -> Vec<Answer> {
    let address = on.server.address;
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let request = Request::new("POST", HEADER_REFRESH).field("refresh-token", token);
            tokio::spawn(async move { send(address, &request).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

/// Two tabs, a retried request: nobody is logged out, and there is one
/// successor.
#[test]
fn parallel_refreshes_get_the_same_successor() {
    Stage::new().play(async |on: &On<'_>| {
        for _ in 0..5 {
            let mut pair = on.grant("").await;
            for _ in 0..3 {
                let answers = race(on, &pair.refresh).await;
                let pairs: Vec<_> = answers.iter().map(Pair::of).collect();
                let successors: HashSet<_> = pairs.iter().map(|pair| &pair.refresh).collect();
                assert_eq!(successors.len(), 1);
                for pair in &pairs {
                    assert!(on.accepts("/auth/stations", &pair.access).await);
                }
                // So that it rests no more.
                on.backend.clock.advance(Duration::from_secs(10));
                pair = pairs[0].clone();
            }
        }
    });
}

/// What a web client with a plain interceptor does: each of its calls, upon its
/// 401, refreshes with the token that is there at that moment, keeps what it is
/// answered, and tries again. No lock, answers in any order: none is logged out.
#[test]
fn bursts_of_clients_without_a_lock() {
    Stage::new().play(async |on: &On<'_>| {
        for calls in [4, 8, 16, 4, 8, 16] {
            let pair = on.grant("").await;
            // The access token has expired.
            on.backend.clock.advance(Duration::from_secs(3601));
            let kept = Arc::new(Mutex::new(pair.refresh));
            let tasks: Vec<_> = (0..calls)
                .map(|call| {
                    let (address, kept) = (on.server.address, kept.clone());
                    tokio::spawn(call_with_refresh(address, call, pair.access.clone(), kept))
                })
                .collect();
            for task in tasks {
                assert_eq!(task.await.unwrap(), 200);
            }
            // And the client goes on.
            on.backend.clock.advance(Duration::from_secs(3601));
            let kept = kept.lock().unwrap().clone();
            assert_eq!(on.generation(&kept).await, 1);
            assert_eq!(on.refresh(&kept).await.status, 200);
            assert_eq!(on.generation(&kept).await, 2);
        }
    });
}

/// The status of the second try.
async fn call_with_refresh(
    address: SocketAddr,
    call: u64,
    expired: String,
    kept: Arc<Mutex<String>>,
) -> u16 {
    // Any order will do.
    let way = async |leg: u64| {
        let millis = (call * 7 + leg * 5) % 11;
        tokio::time::sleep(Duration::from_millis(millis)).await;
    };
    let get = |access: &str| Request::new("GET", "/auth/stations").bearer(access);
    way(0).await;
    let refused = send(address, &get(&expired)).await.unwrap();
    assert_eq!(refused.status, 401);
    way(1).await;
    let token = kept.lock().unwrap().clone();
    let refresh = Request::new("POST", HEADER_REFRESH).field("refresh-token", token);
    let answer = send(address, &refresh).await.unwrap();
    way(2).await;
    let pair = Pair::of(&answer);
    *kept.lock().unwrap() = pair.refresh;
    send(address, &get(&pair.access)).await.unwrap().status
}

/// Without a window exactly one succeeds, and none after it.
#[test]
fn without_a_window_exactly_one_succeeds() {
    let stage = Stage::with_rules(RotationRules::with_grace(Duration::ZERO));
    stage.play(async |on: &On<'_>| {
        for _ in 0..10 {
            let pair = on.grant("").await;
            let answers = race(on, &pair.refresh).await;
            let (good, bad): (Vec<_>, Vec<_>) =
                answers.iter().partition(|answer| answer.status == 200);
            assert_eq!(good.len(), 1);
            for answer in bad {
                assert_error(answer, 400, "invalid_grant");
                // The loser is never told to delete anything.
                assert!(answer.field("set-cookie").is_none());
            }
            // The others were reuse: the session is over.
            let winner = Pair::of(good[0]);
            assert_error(&on.refresh(&winner.refresh).await, 400, "invalid_grant");
        }
    });
}

/// A logout that races refreshes wins in the end.
#[test]
fn a_logout_among_refreshes_ends_the_session() {
    Stage::new().play(async |on: &On<'_>| {
        for _ in 0..10 {
            let pair = on.grant("").await;
            let address = on.server.address;
            let logout = Request::new("POST", "/logout").bearer(&pair.access);
            let logout = tokio::spawn(async move { send(address, &logout).await.unwrap() });
            let answers = race(on, &pair.refresh).await;
            assert_eq!(logout.await.unwrap().status, 204);
            for answer in &answers {
                assert!(matches!(answer.status, 200 | 400), "{answer:?}");
                if answer.status == 200 {
                    let pair = Pair::of(answer);
                    assert!(!on.accepts("/auth/stations", &pair.access).await);
                    assert_error(&on.refresh(&pair.refresh).await, 400, "invalid_grant");
                }
            }
        }
    });
}

/// A login whose password was being checked when its user was logged out
/// everywhere does not survive it.
#[test]
fn a_login_does_not_outlive_a_logout_that_came_in_between() {
    let stage = Stage::new();
    stage.play(async |on: &On<'_>| {
        let sessions = on.backend.session.clone();
        on.backend
            .people
            .change(|people| people.log_out_meanwhile = Some(sessions));
        let body = r#"{"username":"alice","password":"wonder land"}"#;
        let answer = on.json(super::USERS_LOGIN, body).await;
        assert_eq!(answer.status, 401, "{answer:?}");
        assert_eq!(
            answer.text(),
            r#"{"login":false,"error":"invalid_credentials"}"#
        );
        let form = "grant_type=password&username=alice&password=wonder+land";
        let answer = on.form(super::GRANT_LOGIN, form).await;
        assert_error(&answer, 400, "invalid_grant");
        let answer = on
            .form(super::AUTHENTICATE, "apiid=demo-id&apikey=demo-key")
            .await;
        assert_eq!(answer.status, 401, "{answer:?}");
        on.backend
            .people
            .change(|people| people.log_out_meanwhile = None);
        let [access, _] = on.login("alice").await;
        assert!(on.accepts("/api/stations", &access).await);
    });
}

/// Logins and logouts everywhere, all at once: whatever was answered before the
/// last logout began is over after it.
#[test]
fn logins_racing_logouts() {
    Stage::new().play(async |on: &On<'_>| {
        let address = on.server.address;
        let [mine, _] = on.login("bob").await;
        let logins: Vec<_> = (0..AT_ONCE)
            .map(|_| {
                let body = r#"{"username":"bob","password":"builder"}"#;
                let request = Request::new("POST", super::USERS_LOGIN).json(body);
                tokio::spawn(async move { send(address, &request).await.unwrap() })
            })
            .collect();
        assert_eq!(on.bearer("POST", "/logout/all", &mine).await.status, 204);
        let mut tokens = Vec::new();
        for login in logins {
            let answer = login.await.unwrap();
            assert!(matches!(answer.status, 200 | 401), "{answer:?}");
            if answer.status == 200 {
                tokens.push(answer.text_at("/accessToken"));
            }
        }
        let [mine, _] = on.login("bob").await;
        assert_eq!(on.bearer("POST", "/logout/all", &mine).await.status, 204);
        for token in &tokens {
            assert!(!on.accepts("/api/stations", token).await);
        }
    });
}
