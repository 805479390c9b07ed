//! Which tokens open the list of sessions and the log-out everywhere.

use behaviour::{answer::Answer, client::Request};
use portcullis::{
    endpoint::{Endpoints, PasswordGrantApi, ProtectedRoute, SessionApi},
    policy::Policy,
};

use super::{APPLICATION_TOKEN, On, Stage, USERS_REFRESH, assert_error};

const SESSIONS: &str = "/sessions";
const LOGOUT_ALL: &str = "/logout/all";

/// Where both routes take tokens as `route` says.
fn stage(route: fn(&'static str) -> ProtectedRoute) -> Stage {
    Stage::with_endpoints(|backend| {
        Endpoints::builder(backend.people.clone())
            .session_api(SessionApi::new(backend.session.clone()))
            .password_grant_api(PasswordGrantApi::new(backend.grant.clone()))
            .sessions(route(SESSIONS))
            .logout_all(route(LOGOUT_ALL))
            .logout("/logout")
            .build()
            .unwrap()
    })
}

/// A session of the robot: access, refresh and application token.
async fn robot(on: &On<'_>) -> [String; 3] {
    let [access, refresh] = on.login("robot").await;
    let answer = on.bearer("POST", APPLICATION_TOKEN, &refresh).await;
    [access, refresh, answer.text_at("/token")]
}

async fn both(on: &On<'_>, token: &str) -> [Answer; 2] {
    [
        on.bearer("GET", SESSIONS, token).await,
        on.bearer("POST", LOGOUT_ALL, token).await,
    ]
}

/// 403 as RFC 6750 section 3.1 has it.
fn insufficient_scope(answer: &Answer, scope: Option<&str>) {
    assert_error(answer, 403, "insufficient_scope");
    let challenges = answer.challenges().unwrap();
    assert_eq!(challenges.len(), 1, "{answer:?}");
    assert_eq!(challenges[0].scheme, "Bearer");
    assert_eq!(challenges[0].param("error"), Some("insufficient_scope"));
    assert_eq!(challenges[0].param("scope"), scope);
}

/// It never expires, and lies where programs are.
#[test]
fn application_tokens_open_neither() {
    Stage::new().play(async |on: &On<'_>| {
        let [access, _, application] = robot(on).await;
        assert!(on.accepts("/api/stations", &application).await);
        for answer in both(on, &application).await {
            insufficient_scope(&answer, None);
        }
        assert!(on.accepts("/api/stations", &access).await);
        // It ends itself, and nothing else.
        let answer = on.bearer("POST", "/logout", &application).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        assert!(!on.accepts("/api/stations", &application).await);
        assert!(on.accepts("/api/stations", &access).await);
    });
}

#[test]
fn application_tokens_open_what_says_so() {
    stage(|path| ProtectedRoute::new(path).allow_application_tokens()).play(async |on: &On<'_>| {
        let [access, _, application] = robot(on).await;
        let [list, out] = both(on, &application).await;
        assert_eq!(list.status, 200, "{list:?}");
        assert_eq!(list.json()["sessions"][0]["current"], false);
        assert_eq!(out.status, 204, "{out:?}");
        for token in [&access, &application] {
            assert!(!on.accepts("/api/stations", token).await);
        }
    });
}

#[test]
fn a_policy_of_scope() {
    let scope = |path| ProtectedRoute::new(path).require(Policy::scope("demo:write").unwrap());
    stage(scope).play(async |on: &On<'_>| {
        let without = on.grant("&scope=demo%3Aread").await;
        for answer in both(on, &without.access).await {
            insufficient_scope(&answer, Some("demo:write"));
        }
        assert!(on.accepts("/auth/stations", &without.access).await);
        // Bad tokens are bad before they lack anything.
        for answer in both(on, "x").await {
            assert_error(&answer, 401, "invalid_token");
        }
        let with = on.grant("&scope=demo%3Awrite").await;
        let [list, out] = both(on, &with.access).await;
        assert_eq!((list.status, out.status), (200, 204));
        assert!(!on.accepts("/auth/stations", &without.access).await);
    });
}

/// RFC 9470 section 3: a new login would do. Nothing goes around the policy,
/// no refresh and no application token.
#[test]
fn a_policy_of_freshness() {
    stage(|path| ProtectedRoute::new(path).require(Policy::fresh())).play(async |on: &On<'_>| {
        let [access, refresh, application] = robot(on).await;
        for answer in both(on, &application).await {
            insufficient_scope(&answer, None);
        }
        let answer = on.bearer("POST", USERS_REFRESH, &refresh).await;
        for answer in both(on, &answer.text_at("/accessToken")).await {
            assert_error(&answer, 401, "insufficient_user_authentication");
            let challenges = answer.challenges().unwrap();
            let error = challenges[0].param("error");
            assert_eq!(error, Some("insufficient_user_authentication"));
        }
        for answer in both(on, &refresh).await {
            assert_error(&answer, 401, "invalid_token");
        }
        let by_header = Request::new("POST", LOGOUT_ALL).field("refresh-token", &refresh);
        assert_error(&on.send(by_header).await, 401, "invalid_token");
        assert!(on.accepts("/api/stations", &access).await);
        let [list, out] = both(on, &access).await;
        assert_eq!((list.status, out.status), (200, 204));
        assert!(!on.accepts("/api/stations", &access).await);
    });
}
