//! Kinds of tokens never mix: only the diagonal passes (RFC 8725 section 3.12).

use portcullis::jose::Algorithm;
use portcullis_testing::{keys, mint::Mint};
use serde_json::json;

use super::{APPLICATION_TOKEN, On, Stage, USERS_REFRESH, assert_error};

/// Where an access token is wanted.
const ROUTES: [&str; 3] = ["/api/stations", "/v1/stations", "/auth/stations"];

#[test]
fn each_token_where_it_belongs() {
    Stage::new().play(async |on: &On<'_>| {
        let [session, session_refresh] = on.login("robot").await;
        let application = on.bearer("POST", APPLICATION_TOKEN, &session_refresh).await;
        let application = application.text_at("/token");
        let key = on.authenticate().await;
        let grant = on.grant("").await;
        let tokens: [(&str, &str, [bool; 3]); 6] = [
            ("session access", &session, [true, false, false]),
            ("application", &application, [true, false, false]),
            ("API key", &key, [false, true, false]),
            ("grant access", &grant.access, [false, false, true]),
            ("session refresh", &session_refresh, [false; 3]),
            ("grant refresh", &grant.refresh, [false; 3]),
        ];
        for (name, token, good) in tokens {
            for (path, good) in ROUTES.into_iter().zip(good) {
                assert_eq!(on.accepts(path, token).await, good, "{name} on {path}");
            }
            let any = good.contains(&true);
            assert_eq!(on.accepts("/me", token).await, any, "{name} on /me");
            assert_eq!(on.accepts("/maybe", token).await, any, "{name} on /maybe");
            // An application token is good, and not taken there.
            let listed = match name {
                "application" => 403,
                _ if any => 200,
                _ => 401,
            };
            let list = on.bearer("GET", "/sessions", token).await;
            assert_eq!(list.status, listed, "{name} on /sessions");
        }
        // And the other way round: nothing refreshes but a refresh token of the
        // same API.
        for (name, token, _) in tokens {
            let answer = on.bearer("POST", USERS_REFRESH, token).await;
            match name {
                "session refresh" => assert_eq!(answer.status, 200),
                _ => assert_error(&answer, 401, "invalid_token"),
            }
            let answer = on.bearer("POST", APPLICATION_TOKEN, token).await;
            match name {
                "session refresh" => assert_eq!(answer.status, 200),
                _ => assert_error(&answer, 401, "invalid_token"),
            }
        }
        for (name, token, _) in tokens.iter().filter(|token| token.0 != "grant refresh") {
            let answer = on.refresh(token).await;
            assert_eq!(answer.status, 400, "{name}");
            assert_error(&answer, 400, "invalid_grant");
            assert_error(&on.refresh_by_form(token, "").await, 400, "invalid_grant");
        }
        assert_eq!(on.refresh(&grant.refresh).await.status, 200);
        assert_eq!(on.bearer("POST", "/logout/all", &session).await.status, 204);
    });
}

/// Whoever knows the access key still makes no refresh token.
#[test]
fn refresh_tokens_need_the_refresh_key() {
    Stage::new().play(async |on: &On<'_>| {
        let [access, refresh] = on.login("alice").await;
        let said = super::claims(&refresh);
        let forged = |key| {
            portcullis_testing::mint::hostile::signed(
                super::header(&refresh).to_string(),
                said.to_string(),
                &key,
            )
        };
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let forged = forged(keys::signing(algorithm));
            let answer = on.bearer("POST", USERS_REFRESH, &forged).await;
            assert_error(&answer, 401, "invalid_token");
        }
        // Nor does a forged one end the session.
        assert!(on.accepts("/api/stations", &access).await);
        assert_eq!(on.bearer("POST", USERS_REFRESH, &refresh).await.status, 200);
    });
}

/// Tokens of other kinds, signed by our own key.
#[test]
fn foreign_kinds_under_our_key() {
    Stage::new().play(async |on: &On<'_>| {
        let mint = Mint::with_key(keys::signing(Algorithm::HS256)).clock(on.backend.clock.shared());
        let session = || {
            mint.token("alice")
                .without("iss")
                .without("aud")
                .header("typ", "JWT")
                .claim("identity", "alice")
                .claim("type", "access")
                .claim("fresh", false)
        };
        assert!(on.accepts("/api/stations", &session().build()).await);
        for (name, draft) in [
            ("no type", session().without("type")),
            ("type refresh", session().claim("type", "refresh")),
            ("type id", session().claim("type", "id")),
            ("type in upper case", session().claim("type", "ACCESS")),
            ("an audience", session().claim("aud", "somebody")),
            (
                "an empty list of audiences",
                session().claim("aud", json!([])),
            ),
            ("an issuer", session().claim("iss", "https://somebody.test")),
            ("a typ of refresh tokens", session().header("typ", "rt+jwt")),
            ("a typ of DPoP proofs", session().header("typ", "dpop+jwt")),
            ("no subject", session().without("identity")),
            ("no id", session().without("jti")),
            ("no exp, not listed", session().without("exp")),
        ] {
            assert!(!on.accepts("/api/stations", &draft.build()).await, "{name}");
        }
    });
}
