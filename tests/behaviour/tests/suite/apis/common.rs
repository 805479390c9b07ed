//! Logging out, the list of sessions, the key set.

use std::time::Duration;

use behaviour::client::Request;
use serde_json::json;

use super::{On, Pair, Stage, USERS_REFRESH, assert_error, assert_not_stored, claims};

#[test]
fn a_logout_ends_the_session_and_can_be_repeated() {
    Stage::new().play(async |on: &On<'_>| {
        let [access, refresh] = on.login("alice").await;
        let [other, _] = on.login("alice").await;
        for token in [&access, &access, &refresh] {
            let answer = on.bearer("POST", "/logout", token).await;
            assert_eq!(answer.status, 204, "{answer:?}");
            assert_not_stored(&answer);
            assert!(answer.body.is_empty());
        }
        assert!(!on.accepts("/api/stations", &access).await);
        assert_error(
            &on.bearer("POST", USERS_REFRESH, &refresh).await,
            401,
            "invalid_token",
        );
        // The others of the same user stay.
        assert!(on.accepts("/api/stations", &other).await);
    });
}

#[test]
fn every_token_of_a_session_can_end_it() {
    Stage::new().play(async |on: &On<'_>| {
        let by_bearer = async |token: &str| on.bearer("POST", "/logout", token).await;
        let [access, refresh] = on.login("alice").await;
        assert_eq!(by_bearer(&refresh).await.status, 204);
        assert!(!on.accepts("/api/stations", &access).await);

        let pair = on.grant("").await;
        assert_eq!(by_bearer(&pair.access).await.status, 204);
        assert_error(&on.refresh(&pair.refresh).await, 400, "invalid_grant");

        let pair = on.grant("").await;
        let header = Request::new("POST", "/logout").field("refresh-token", &pair.refresh);
        assert_eq!(on.send(header).await.status, 204);
        assert!(!on.accepts("/auth/stations", &pair.access).await);

        let token = on.authenticate().await;
        assert_eq!(by_bearer(&token).await.status, 204);
        assert!(!on.accepts("/v1/stations", &token).await);
    });
}

/// A token whose only defect is its expiry ends its session; any other defect
/// does not.
#[test]
fn expired_tokens_can_log_out() {
    Stage::new().play(async |on: &On<'_>| {
        let [access, refresh] = on.login("alice").await;
        on.backend.clock.advance(Duration::from_secs(901));
        assert!(!on.accepts("/api/stations", &access).await);
        let forged = portcullis_testing::mint::hostile::flipped(&access, 2);
        assert_error(
            &on.bearer("POST", "/logout", &forged).await,
            401,
            "invalid_token",
        );
        assert_eq!(on.bearer("POST", USERS_REFRESH, &refresh).await.status, 200);
        // But not everywhere: that needs a good one.
        assert_error(
            &on.bearer("POST", "/logout/all", &access).await,
            401,
            "invalid_token",
        );
        assert_eq!(on.bearer("POST", USERS_REFRESH, &refresh).await.status, 200);
        assert_eq!(on.bearer("POST", "/logout", &access).await.status, 204);
        assert_error(
            &on.bearer("POST", USERS_REFRESH, &refresh).await,
            401,
            "invalid_token",
        );
    });
}

/// A refresh token that lay too long, too; and one that was exchanged.
#[test]
fn old_refresh_tokens_can_log_out() {
    const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("").await;
        on.backend.clock.advance(MONTH / 2);
        let next = Pair::of(&on.refresh(&pair.refresh).await);
        on.backend.clock.advance(MONTH - Duration::from_secs(100));
        // The first has expired, its session has not.
        assert!(on.accepts("/sessions", &on.login("alice").await[0]).await);
        for _ in 0..2 {
            let logout = Request::new("POST", "/logout").field("refresh-token", &pair.refresh);
            assert_eq!(on.send(logout).await.status, 204);
        }
        assert_error(&on.refresh(&next.refresh).await, 400, "invalid_grant");
        let [_, refresh] = on.login("alice").await;
        on.backend.clock.advance(MONTH + MONTH);
        assert_error(
            &on.bearer("POST", "/logout/all", &refresh).await,
            401,
            "invalid_token",
        );
        assert_eq!(on.bearer("POST", "/logout", &refresh).await.status, 204);
    });
}

#[test]
fn log_out_everywhere() {
    let stage = Stage::new();
    stage.play(async |on: &On<'_>| {
        let [one, one_refresh] = on.login("alice").await;
        let two = on.grant("").await;
        let [bob, _] = on.login("bob").await;
        let answer = on.bearer("POST", "/logout/all", &one).await;
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_not_stored(&answer);
        assert!(!on.accepts("/api/stations", &one).await);
        assert!(!on.accepts("/auth/stations", &two.access).await);
        assert_error(
            &on.bearer("POST", USERS_REFRESH, &one_refresh).await,
            401,
            "invalid_token",
        );
        assert_error(&on.refresh(&two.refresh).await, 400, "invalid_grant");
        assert!(on.accepts("/api/stations", &bob).await);
        // A revoked token is no good one.
        for token in [&one, &one_refresh] {
            assert_error(
                &on.bearer("POST", "/logout/all", token).await,
                401,
                "invalid_token",
            );
        }
        // A refresh token is a good one, too.
        let [_, refresh] = on.login("alice").await;
        assert_eq!(on.bearer("POST", "/logout/all", &refresh).await.status, 204);
        // And one may come back in the same second.
        let [access, _] = on.login("alice").await;
        assert!(on.accepts("/api/stations", &access).await);
    });
}

#[test]
fn what_the_logout_routes_take() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("").await;
        for path in ["/logout", "/logout/all"] {
            let post = || Request::new("POST", path);
            let answer = on.send(post()).await;
            assert_error(&answer, 401, "unauthorized");
            assert_eq!(
                answer.field("www-authenticate").as_deref(),
                Some("Bearer realm=\"api\"")
            );
            assert_error(
                &on.send(post().bearer("garbage")).await,
                401,
                "invalid_token",
            );
            assert_error(
                &on.send(post().authorization("Bearer")).await,
                400,
                "invalid_request",
            );
            let both = post()
                .bearer(&pair.access)
                .field("refresh-token", &pair.refresh);
            assert_error(&on.send(both).await, 400, "invalid_request");
            let two = post()
                .field("refresh-token", &pair.refresh)
                .field("refresh-token", "x");
            assert_error(&on.send(two).await, 400, "invalid_request");
            // An access token is no refresh token, wherever it stands.
            let misplaced = post().field("refresh-token", &pair.access);
            assert_error(&on.send(misplaced).await, 401, "invalid_token");
            let answer = on
                .send(Request::new("GET", path).bearer(&pair.access))
                .await;
            assert_eq!(answer.status, 405);
            assert_eq!(answer.field("allow").as_deref(), Some("POST"));
        }
        assert_eq!(on.refresh(&pair.refresh).await.status, 200);
    });
}

#[test]
fn sessions_are_listed_with_their_devices() {
    let stage = Stage::new();
    stage.play(async |on: &On<'_>| {
        let form = "grant_type=password&username=bob&password=builder&client_id=mobile";
        let request = Request::new("POST", super::GRANT_LOGIN)
            .form(form)
            .field("User-Agent", "test/1 (\"odd\")");
        let one = Pair::of(&on.send(request).await);
        on.backend.clock.advance(Duration::from_secs(5));
        let [two, _] = on.login("bob").await;
        let answer = on.bearer("GET", "/sessions", &two).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_not_stored(&answer);
        let all = answer.json()["sessions"].as_array().unwrap().clone();
        assert_eq!(all.len(), 2, "{all:?}");
        assert_eq!(all[0]["id"], claims(&one.access)["sid"]);
        assert_eq!(all[0]["client_id"], "mobile");
        assert_eq!(all[0]["device"]["user_agent"], "test/1 (\"odd\")");
        assert_eq!(all[0]["device"]["address"], "127.0.0.1");
        assert_eq!(all[0]["current"], false);
        assert_eq!(all[1]["id"], claims(&two)["sid"]);
        assert_eq!(all[1]["current"], true);
        // Nothing of it helps a thief.
        for secret in ["sec", "digest", "key", "token"] {
            assert!(!answer.text().contains(secret), "{answer:?}");
        }
        assert_eq!(on.bearer("POST", "/logout", &one.access).await.status, 204);
        let answer = on.bearer("GET", "/sessions", &two).await;
        assert_eq!(answer.json()["sessions"].as_array().unwrap().len(), 1);
        assert_eq!(on.bearer("POST", "/logout/all", &two).await.status, 204);
        assert_eq!(on.bearer("GET", "/sessions", &two).await.status, 401);
    });
}

#[test]
fn the_list_is_for_access_tokens() {
    Stage::new().play(async |on: &On<'_>| {
        let [_, refresh] = on.login("alice").await;
        assert_error(
            &on.bearer("GET", "/sessions", &refresh).await,
            401,
            "invalid_token",
        );
        assert_eq!(on.send(Request::new("GET", "/sessions")).await.status, 401);
        let answer = on.send(Request::new("POST", "/sessions")).await;
        assert_eq!(answer.status, 405);
    });
}

/// RFC 7517 section 5: public keys only.
#[test]
fn the_key_set_has_public_keys_only() {
    let stage = Stage::new();
    let path = "/.well-known/jwks.json";
    stage.play(async |on: &On<'_>| {
        let answer = on.send(Request::new("GET", path)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let keys = answer.json()["keys"].as_array().unwrap().clone();
        assert_eq!(keys.len(), 1, "{keys:?}");
        assert_eq!(keys[0]["kty"], "EC");
        assert_eq!(keys[0]["kid"], "grant-key");
        assert_eq!(keys[0]["alg"], "ES256");
        for private in ["d", "k", "p", "q", "dp", "dq", "qi", "oth"] {
            assert!(keys[0].get(private).is_none());
        }
        // What it says verifies what is issued.
        let pair = on.grant("").await;
        let (set, skipped) = portcullis::jose::KeySet::from_jwks(
            &answer.body,
            &[portcullis::jose::Algorithm::ES256],
        )
        .unwrap();
        assert!(skipped.is_empty());
        let verifier = portcullis::verify::Verifier::builder()
            .keys(set)
            .audience("fastapi-users:auth")
            .dangerous()
            .any_issuer()
            .clock(on.backend.clock.shared())
            .build()
            .unwrap();
        assert!(verifier.verify_now(pair.access.as_bytes()).is_ok());
        assert!(verifier.verify_now(pair.refresh.as_bytes()).is_err());

        let head = on.send(Request::new("HEAD", path)).await;
        assert_eq!(head.status, 200);
        assert_eq!(head.field("content-type"), answer.field("content-type"));
    });
    // It is the same for everybody.
    let same = behaviour::run::block_on(stage.everywhere.same(&Request::new("GET", path)));
    assert_ne!(same.json(), json!({"keys": []}));
}
