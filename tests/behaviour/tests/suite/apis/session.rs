//! A. The session API in JSON.

use std::time::Duration;

use behaviour::client::Request;
use portcullis_testing::clock::FakeClock;
use serde_json::json;

use super::{
    APPLICATION_TOKEN, On, Stage, USERS_LOGIN, USERS_REFRESH, assert_error, assert_not_stored,
    claims, header, is_uuid_v4,
};

const DAY: u64 = 24 * 60 * 60;

#[test]
fn a_login_gives_an_access_and_a_refresh_token() {
    Stage::new().play(async |on: &On<'_>| {
        let body = r#"{"username":"alice","password":"wonder land"}"#;
        let answer = on.json(USERS_LOGIN, body).await;
        assert_eq!(answer.status, 200);
        assert_not_stored(&answer);
        assert_eq!(
            answer.field("content-type").as_deref(),
            Some("application/json")
        );
        assert_eq!(answer.json()["login"], true);
        assert_eq!(answer.json().as_object().unwrap().len(), 3);

        let access = answer.text_at("/accessToken");
        assert_eq!(header(&access)["typ"], "JWT");
        assert_eq!(header(&access)["alg"], "HS256");
        let said = claims(&access);
        assert_eq!(said["fresh"], true);
        assert_eq!(said["type"], "access");
        assert_eq!(said["identity"], "alice");
        assert_eq!(said["iat"], FakeClock::START);
        assert_eq!(said["nbf"], FakeClock::START);
        assert_eq!(said["exp"], FakeClock::START + 15 * 60);
        assert!(is_uuid_v4(said["jti"].as_str().unwrap()));

        let refresh = answer.text_at("/refreshToken");
        assert_eq!(header(&refresh)["typ"], "JWT");
        assert_eq!(header(&refresh)["alg"], "HS256");
        let said = claims(&refresh);
        assert_eq!(said["fresh"], false);
        assert_eq!(said["type"], "refresh");
        assert_eq!(said["identity"], "alice");
        assert_eq!(said["iat"], FakeClock::START);
        assert_eq!(said["nbf"], FakeClock::START);
        assert_eq!(said["exp"], FakeClock::START + 30 * 24 * 60 * 60);
        assert!(is_uuid_v4(said["jti"].as_str().unwrap()), "{said}");
        assert!(on.accepts("/api/stations", &access).await);
    });
}

#[test]
fn every_login_makes_a_session_of_its_own() {
    Stage::new().play(async |on: &On<'_>| {
        let [one, one_refresh] = on.login("alice").await;
        let [two, two_refresh] = on.login("alice").await;
        assert_ne!(claims(&one)["sid"], claims(&two)["sid"]);
        assert_ne!(claims(&one)["jti"], claims(&two)["jti"]);
        assert_ne!(claims(&one_refresh)["sec"], claims(&two_refresh)["sec"]);
    });
}

/// Whichever part was wrong: the same status, the same body, the same fields.
#[test]
fn wrong_credentials_have_one_answer() {
    let stage = Stage::new();
    stage
        .backend
        .people
        .change(|people| people.gone.insert("bob".to_owned()));
    stage.play(async |on: &On<'_>| {
        let mut first = None;
        for (user, password) in [
            ("alice", "wrong"),
            ("alice", "Wonder Land"),
            ("alice", "wonder land "),
            ("Alice", "wonder land"),
            ("nobody", "wonder land"),
            ("bob", "builder"),
            ("demo-id", "demo-key"),
            ("alice", "alices-key"),
            ("users/alice", "wonder land"),
        ] {
            let before = on.backend.people.change(|people| people.checks);
            let body = json!({"username": user, "password": password}).to_string();
            let answer = on.json(USERS_LOGIN, &body).await;
            assert_eq!(answer.status, 401, "{user} {password}");
            assert_not_stored(&answer);
            assert_eq!(
                answer.text(),
                r#"{"login":false,"error":"invalid_credentials"}"#
            );
            assert_eq!(
                answer.field("www-authenticate").as_deref(),
                Some("Bearer realm=\"api\"")
            );
            // The same work.
            assert_eq!(on.backend.people.change(|people| people.checks), before + 1);
            let fields: Vec<_> = answer
                .fields
                .iter()
                .filter(|field| field.0 != "date")
                .cloned()
                .collect();
            assert_eq!(*first.get_or_insert(fields.clone()), fields);
        }
    });
}

#[test]
fn a_refresh_gives_an_access_token_and_does_not_rotate() {
    let stage = Stage::new();
    stage.play(async |on: &On<'_>| {
        let [access, refresh] = on.login("alice").await;
        for method in ["POST", "GET", "POST", "GET"] {
            on.backend.clock.advance(Duration::from_secs(3600));
            let answer = on.bearer(method, USERS_REFRESH, &refresh).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_not_stored(&answer);
            assert_eq!(answer.json().as_object().unwrap().len(), 1);
            let next = answer.text_at("/accessToken");
            assert_eq!(claims(&next)["fresh"], false);
            assert_eq!(claims(&next)["identity"], "alice");
            assert_eq!(claims(&next)["type"], "access");
            assert_eq!(claims(&next)["sid"], claims(&access)["sid"]);
            assert_ne!(claims(&next)["jti"], claims(&access)["jti"]);
            assert!(on.accepts("/api/stations", &next).await);
        }
        // Until its own expiry, to the second.
        let expires = claims(&refresh)["exp"].as_i64().unwrap();
        let at = |seconds| {
            on.backend
                .clock
                .set(portcullis::time::Timestamp::from_secs(seconds))
        };
        at(expires - 1);
        assert_eq!(on.bearer("POST", USERS_REFRESH, &refresh).await.status, 200);
        at(expires);
        let answer = on.bearer("POST", USERS_REFRESH, &refresh).await;
        assert_error(&answer, 401, "invalid_token");
    });
}

#[test]
fn fresh_is_what_a_login_gave() {
    Stage::new().play(async |on: &On<'_>| {
        let [access, refresh] = on.login("alice").await;
        assert!(on.accepts("/fresh", &access).await);
        let answer = on.bearer("POST", USERS_REFRESH, &refresh).await;
        let answer = on
            .bearer("GET", "/fresh", &answer.text_at("/accessToken"))
            .await;
        assert_eq!(answer.status, 401);
        let challenge = &answer.challenges().unwrap()[0];
        assert_eq!(
            challenge.param("error"),
            Some("insufficient_user_authentication")
        );
    });
}

/// Grammar is 400, a token that is not good 401; never from a cookie, a query
/// or a body.
#[test]
fn where_a_refresh_token_is_looked_for() {
    Stage::new().play(async |on: &On<'_>| {
        let [_, refresh] = on.login("alice").await;
        let request = |method: &str| Request::new(method, USERS_REFRESH);
        for broken in ["Bearer", "Bearer a b", "Bearer a,b", "Bearer\ta"] {
            let answer = on.send(request("POST").authorization(broken)).await;
            assert_error(&answer, 400, "invalid_request");
            let challenge = &answer.challenges().unwrap()[0];
            assert_eq!(challenge.param("error"), Some("invalid_request"));
        }
        let twice = request("POST").bearer(&refresh).bearer(&refresh);
        assert_error(&on.send(twice).await, 400, "invalid_request");
        let in_other_places = [
            request("GET").field("Cookie", format!("refreshToken={refresh}")),
            request("GET").field("refresh-token", &refresh),
            Request::new("GET", &format!("{USERS_REFRESH}?refreshToken={refresh}")),
            request("POST").json(&json!({"refreshToken": refresh}).to_string()),
            request("POST").authorization("Basic YTpi"),
            request("POST"),
        ];
        for elsewhere in in_other_places {
            let answer = on.send(elsewhere).await;
            assert_eq!(answer.status, 401, "{answer:?}");
            assert_not_stored(&answer);
            assert_eq!(
                answer.field("www-authenticate").as_deref(),
                Some("Bearer realm=\"api\"")
            );
        }
        for bad in [
            "garbage",
            "a.b.c",
            &format!("{refresh}x"),
            &"a".repeat(20_000),
        ] {
            let answer = on.bearer("POST", USERS_REFRESH, bad).await;
            assert_error(&answer, 401, "invalid_token");
        }
        // The scheme in any case.
        let lower = request("POST").authorization(format!("bearer  {refresh}"));
        assert_eq!(on.send(lower).await.status, 200);
    });
}

#[test]
fn application_tokens() {
    let stage = Stage::new();
    stage.play(async |on: &On<'_>| {
        let [_, refresh] = on.login("robot").await;
        let answer = on.bearer("POST", APPLICATION_TOKEN, &refresh).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_not_stored(&answer);
        assert_eq!(answer.json().as_object().unwrap().len(), 1);
        let token = answer.text_at("/token");
        let said = claims(&token);
        assert!(said.get("exp").is_none(), "{said}");
        assert_eq!(said["identity"], "robot");
        assert_eq!(said["type"], "access");
        assert_eq!(said["fresh"], false);
        assert!(is_uuid_v4(said["jti"].as_str().unwrap()));
        assert!(on.accepts("/api/stations", &token).await);
        assert!(!on.accepts("/fresh", &token).await);
        on.backend.clock.advance(Duration::from_secs(400 * DAY));
        assert!(on.accepts("/api/stations", &token).await);
        // Revoked with all the others of its user, and not by itself.
        assert_error(
            &on.bearer("POST", "/logout/all", &token).await,
            403,
            "insufficient_scope",
        );
        assert!(on.accepts("/api/stations", &token).await);
        let [access, _] = on.login("robot").await;
        let answer = on.bearer("POST", "/logout/all", &access).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        assert!(!on.accepts("/api/stations", &token).await);
    });
}

#[test]
fn application_tokens_are_for_applications() {
    let stage = Stage::new();
    stage.play(async |on: &On<'_>| {
        let [access, refresh] = on.login("alice").await;
        let answer = on.bearer("POST", APPLICATION_TOKEN, &refresh).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        assert_not_stored(&answer);
        for bad in [&access, "a.b.c"] {
            let answer = on.bearer("POST", APPLICATION_TOKEN, bad).await;
            assert_error(&answer, 401, "invalid_token");
        }
        let answer = on.send(Request::new("POST", APPLICATION_TOKEN)).await;
        assert_eq!(answer.status, 401);
        // The type is asked for at that moment.
        let [_, refresh] = on.login("robot").await;
        on.backend
            .people
            .change(|people| people.robot_is_demoted = true);
        let answer = on.bearer("POST", APPLICATION_TOKEN, &refresh).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        on.backend
            .people
            .change(|people| people.robot_is_demoted = false);
    });
}

/// At most ten a user; what is removed makes room.
#[test]
fn application_tokens_are_counted() {
    let stage = Stage::new();
    stage.play(async |on: &On<'_>| {
        let [_, refresh] = on.login("robot").await;
        let mut tokens = Vec::new();
        for _ in 0..10 {
            let answer = on.bearer("POST", APPLICATION_TOKEN, &refresh).await;
            tokens.push(answer.text_at("/token"));
        }
        let answer = on.bearer("POST", APPLICATION_TOKEN, &refresh).await;
        assert!((400..500).contains(&answer.status), "{answer:?}");
        assert_not_stored(&answer);
        for token in &tokens {
            assert!(on.accepts("/api/stations", token).await);
        }
        // One is revoked by its `jti`, the others stay.
        assert_eq!(on.bearer("POST", "/logout", &tokens[0]).await.status, 204);
        assert!(!on.accepts("/api/stations", &tokens[0]).await);
        assert!(on.accepts("/api/stations", &tokens[1]).await);
        let answer = on.bearer("POST", APPLICATION_TOKEN, &refresh).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(on.bearer("POST", "/logout/all", &refresh).await.status, 204);
        for token in &tokens {
            assert!(!on.accepts("/api/stations", token).await);
        }
    });
}

/// The application is asked at each refresh who the subject is now.
#[test]
fn changes_to_an_account_take_effect() {
    let stage = Stage::new();
    stage.play(async |on: &On<'_>| {
        let [_, refresh] = on.login("bob").await;
        on.backend
            .people
            .change(|people| people.claim = Some(("role", json!("admin"))));
        let answer = on.bearer("POST", USERS_REFRESH, &refresh).await;
        assert_eq!(claims(&answer.text_at("/accessToken"))["role"], "admin");
        on.backend.people.change(|people| {
            people.claim = None;
            people.gone.insert("bob".to_owned());
        });
        let answer = on.bearer("POST", USERS_REFRESH, &refresh).await;
        assert_error(&answer, 401, "invalid_token");
        on.backend.people.change(|people| people.gone.clear());
        // Nothing was revoked by asking.
        assert_eq!(on.bearer("POST", USERS_REFRESH, &refresh).await.status, 200);
    });
}
