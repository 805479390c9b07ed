//! A. The session API: signing on with an ID token of Entra ID.

use std::{collections::HashSet, time::Duration};

use behaviour::{
    answer::Answer,
    backend::Entra,
    client::{Request, send},
};
use portcullis::{
    endpoint::{AccountsError, Endpoints, SessionApi, SingleSignOn},
    jose::Algorithm,
    session::{RotationRules, SessionStore},
    subject::Subject,
};
use portcullis_testing::{faulty::Fault, keys, mint::Draft};
use serde_json::{Value, json};

use super::{On, SSO, Stage, USERS_LOGIN, USERS_REFRESH, assert_error, assert_not_stored, claims};

impl On<'_> {
    async fn sign_on(&self, token: &str) -> Answer {
        self.bearer("POST", SSO, token).await
    }

    fn id_token(&self) -> Draft {
        self.backend.entra.token("alices-object")
    }

    async fn sessions_of(&self, user: &str) -> usize {
        let subject = Subject::new("users", user);
        self.backend.store.sessions(&subject).await.unwrap().len()
    }
}

/// Whatever was wrong with a token: the same answer.
fn assert_refused(answer: &Answer) {
    assert_eq!(answer.status, 401, "{answer:?}");
    assert_not_stored(answer);
    assert_eq!(answer.text(), r#"{"login":false,"error":"invalid_token"}"#);
    assert_eq!(
        answer.field("www-authenticate").as_deref(),
        Some(r#"Bearer realm="api", error="invalid_token""#)
    );
}

fn assert_unavailable(answer: &Answer) {
    assert_error(answer, 503, "temporarily_unavailable");
    assert!(answer.field("www-authenticate").is_none(), "{answer:?}");
    let after: u64 = answer.field("retry-after").unwrap().parse().unwrap();
    assert!((1..=3).contains(&after), "{answer:?}");
}

#[test]
fn an_id_token_opens_a_session() {
    Stage::new().play(async |on: &On<'_>| {
        let answer = on.sign_on(&on.id_token().build()).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_not_stored(&answer);
        assert_eq!(answer.json()["login"], true);
        assert_eq!(answer.json().as_object().unwrap().len(), 3);
        let [access, refresh] = ["/accessToken", "/refreshToken"].map(|at| answer.text_at(at));
        let said = claims(&access);
        assert_eq!(said["identity"], "alice");
        assert_eq!(said["type"], "access");
        assert_eq!(said["fresh"], false);
        assert!(on.accepts("/api/stations", &access).await);
        // Nobody showed us a password.
        let fresh = on.bearer("GET", "/fresh", &access).await;
        let error = fresh.text_at("/error");
        assert_eq!(error, "insufficient_user_authentication");
        assert_eq!(claims(&refresh)["type"], "refresh");
        let answer = on.bearer("POST", USERS_REFRESH, &refresh).await;
        let refreshed = answer.text_at("/accessToken");
        assert_eq!(claims(&refreshed)["sid"], said["sid"]);
        // The foreign token opens nothing by itself, and ours no session.
        let foreign = on.id_token().build();
        assert!(!on.accepts("/api/stations", &foreign).await);
        assert_refused(&on.sign_on(&access).await);
        assert_refused(&on.sign_on(&refresh).await);
        assert_eq!(on.bearer("POST", "/logout", &access).await.status, 204);
        assert!(!on.accepts("/api/stations", &access).await);
    });
}

#[test]
fn the_request_is_a_post_with_one_bearer_token() {
    Stage::new().play(async |on: &On<'_>| {
        let token = on.id_token().build();
        let answer = on.bearer("GET", SSO, &token).await;
        assert_eq!(answer.status, 405);
        assert_eq!(answer.field("allow").as_deref(), Some("POST"));
        let answer = on.send(Request::new("POST", SSO)).await;
        assert_error(&answer, 401, "unauthorized");
        assert_eq!(
            answer.field("www-authenticate").as_deref(),
            Some(r#"Bearer realm="api""#)
        );
        for broken in ["Bearer", "Bearer a b"] {
            let request = Request::new("POST", SSO).field("authorization", broken);
            assert_error(&on.send(request).await, 400, "invalid_request");
        }
        let twice = Request::new("POST", SSO)
            .bearer(&token)
            .field("authorization", format!("Bearer {token}"));
        assert_error(&on.send(twice).await, 400, "invalid_request");
        assert_refused(&on.sign_on("garbage").await);
        assert_refused(&on.sign_on(&"a".repeat(9000)).await);
        // None of it used the token up.
        assert_eq!(on.sign_on(&token).await.status, 200);
    });
}

#[test]
fn tokens_that_are_for_something_else_are_refused() {
    let other = "11111111-6c67-4c5b-b112-36a304b66dad";
    let other_issuer = format!("https://login.microsoftonline.com/{other}/v2.0");
    Stage::new().play(async |on: &On<'_>| {
        let now = claims(&on.id_token().build())["iat"].as_i64().unwrap();
        for (name, value) in [
            ("aud", json!("another")),
            ("aud", json!([Entra::CLIENT, "another"])),
            ("iss", json!(other_issuer)),
            (
                "iss",
                json!("https://login.microsoftonline.com/common/v2.0"),
            ),
            ("tid", json!(other)),
            ("tid", Value::Null),
            ("oid", Value::Null),
            ("oid", json!("stranger")),
            ("scp", json!("access_as_user")),
            ("azpacr", json!("1")),
            ("appidacr", json!("0")),
            ("idtyp", json!("app")),
            ("azp", json!("another")),
            ("exp", json!(now - 61)),
            ("nbf", json!(now + 61)),
        ] {
            let token = on.id_token().claim(name, value.clone()).build();
            assert_refused(&on.sign_on(&token).await);
        }
        for name in ["aud", "iss", "tid", "oid", "exp"] {
            assert_refused(&on.sign_on(&on.id_token().without(name).build()).await);
        }
        // The tenant of the other one, which names ours only in `tid`.
        let confused = on
            .id_token()
            .claim("iss", &*other_issuer)
            .claim("tid", Entra::TENANT);
        assert_refused(&on.sign_on(&confused.build()).await);
        let typed = on.id_token().header("typ", "at+jwt");
        assert_refused(&on.sign_on(&typed.build()).await);
        for algorithm in [Algorithm::RS384, Algorithm::PS256, Algorithm::ES256] {
            let signed = on.id_token().signed_by(&keys::signing(algorithm));
            assert_refused(&on.sign_on(&signed.build()).await);
        }
        let forged = on.id_token().forged_by(&keys::untrusted(Algorithm::RS256));
        assert_refused(&on.sign_on(&forged.build()).await);
        // Neither name nor mail address leads to an account.
        for name in ["email", "upn", "preferred_username", "sub"] {
            let token = on.backend.entra.token("stranger").claim(name, "alice");
            assert_refused(&on.sign_on(&token.build()).await);
        }
        assert_eq!(on.sessions_of("alice").await, 0);
        assert_eq!(on.sessions_of("robot").await, 0);
    });
}

#[test]
fn a_nonce_is_demanded_where_it_is_configured() {
    let stage = Stage::with_endpoints(|backend| {
        let id_tokens = Entra::id_tokens().nonce_checked_by(|nonce, fields| {
            let cookie = format!("nonce={nonce}");
            fields.get("cookie").is_some_and(|value| *value == *cookie)
        });
        let people = backend.people.clone();
        let single_sign_on = SingleSignOn::new(backend.entra.verifier(), id_tokens, people);
        let api = SessionApi::new(backend.session.clone()).single_sign_on(single_sign_on);
        let endpoints = Endpoints::builder(backend.people.clone()).session_api(api);
        endpoints.common_routes().build().unwrap()
    });
    stage.play(async |on: &On<'_>| {
        let token = on.id_token().build();
        let with = |token: &str, cookie: &str| {
            Request::new("POST", SSO)
                .bearer(token)
                .field("cookie", cookie)
        };
        assert_refused(&on.sign_on(&token).await);
        assert_refused(&on.send(with(&token, "nonce=of-another")).await);
        let none = on.id_token().without("nonce").build();
        assert_refused(&on.send(with(&none, "nonce=")).await);
        let answer = on.send(with(&token, "nonce=of-this-browser")).await;
        assert_eq!(answer.status, 200);
    });
}

#[test]
fn repeated_in_the_window_it_gives_the_same_session() {
    Stage::new().play(async |on: &On<'_>| {
        let before = on.sessions_of("alice").await;
        let token = on.id_token().build();
        let first = on.sign_on(&token).await;
        for _ in 0..3 {
            on.backend.clock.advance(Duration::from_secs(3));
            let again = on.sign_on(&token).await;
            let refresh = again.text_at("/refreshToken");
            assert_eq!(refresh, first.text_at("/refreshToken"));
            let [one, two] = [&first, &again].map(|answer| claims(&answer.text_at("/accessToken")));
            assert_eq!(one["sid"], two["sid"]);
            assert_ne!(one["jti"], two["jti"]);
        }
        on.backend.clock.advance(Duration::from_secs(1));
        assert_refused(&on.sign_on(&token).await);
        // Until it has expired, and then for that.
        on.backend.clock.advance(Duration::from_secs(3600 + 49));
        assert_refused(&on.sign_on(&token).await);
        on.backend.clock.advance(Duration::from_secs(1));
        assert_refused(&on.sign_on(&token).await);
        assert_eq!(on.sessions_of("alice").await, before + 1);
        let refresh = first.text_at("/refreshToken");
        assert_eq!(on.bearer("POST", USERS_REFRESH, &refresh).await.status, 200);
    });
}

#[test]
fn without_a_window_the_second_time_is_refused() {
    Stage::with_rules(RotationRules::with_grace(Duration::ZERO)).play(async |on: &On<'_>| {
        let token = on.id_token().build();
        assert_eq!(on.sign_on(&token).await.status, 200);
        assert_refused(&on.sign_on(&token).await);
    });
}

#[test]
fn a_session_that_has_ended_is_not_opened_again() {
    Stage::new().play(async |on: &On<'_>| {
        for path in ["/logout", "/logout/all"] {
            let token = on.id_token().build();
            let access = on.sign_on(&token).await.text_at("/accessToken");
            assert_eq!(on.bearer("POST", path, &access).await.status, 204);
            assert_refused(&on.sign_on(&token).await);
            assert_eq!(on.sessions_of("alice").await, 0);
        }
    });
}

#[test]
fn a_log_out_everywhere_overtakes_it() {
    Stage::new().play(async |on: &On<'_>| {
        let meanwhile = Some(on.backend.session.clone());
        let people = &on.backend.people;
        people.change(|people| people.log_out_meanwhile = meanwhile);
        let token = on.id_token().build();
        assert_refused(&on.sign_on(&token).await);
        assert_eq!(on.sessions_of("alice").await, 0);
        people.change(|people| people.log_out_meanwhile = None);
    });
}

#[test]
fn many_at_once_get_one_session() {
    Stage::new().play(async |on: &On<'_>| {
        let address = on.server.address;
        for _ in 0..5 {
            let before = on.sessions_of("alice").await;
            let token = on.id_token().build();
            let tasks: Vec<_> = (0..16)
                .map(|_| {
                    let request = Request::new("POST", SSO).bearer(&token);
                    tokio::spawn(async move { send(address, &request).await.unwrap() })
                })
                .collect();
            let mut refresh_tokens = HashSet::new();
            for task in tasks {
                let answer = task.await.unwrap();
                assert_eq!(answer.status, 200, "{answer:?}");
                refresh_tokens.insert(answer.text_at("/refreshToken"));
            }
            assert_eq!(refresh_tokens.len(), 1);
            assert_eq!(on.sessions_of("alice").await, before + 1);
        }
    });
}

#[test]
fn without_the_keys_nothing_is_lost() {
    Stage::new().play(async |on: &On<'_>| {
        let token = on.id_token().build();
        on.backend.entra.set_down(true);
        let down = on.sign_on(&token).await;
        // What is wrong in itself is not the issuer's fault.
        let other = on.id_token().claim("aud", "another").build();
        let other = on.sign_on(&other).await;
        let login = on.login("alice").await;
        on.backend.entra.set_down(false);
        assert_unavailable(&down);
        assert_eq!(down.field("retry-after").as_deref(), Some("2"));
        assert_refused(&other);
        assert!(on.accepts("/api/stations", &login[0]).await);
        assert_eq!(on.sign_on(&token).await.status, 200);
    });
}

#[test]
fn without_the_store_nothing_is_lost() {
    Stage::new().play(async |on: &On<'_>| {
        for fault in [Fault::Unreachable, Fault::AnswerLost] {
            let token = on.id_token().build();
            let before = on.sessions_of("alice").await;
            on.backend.store.fail_next(u64::MAX, fault);
            let down = on.sign_on(&token).await;
            on.backend.store.fail_next(0, fault);
            assert_unavailable(&down);
            on.backend.clock.advance(Duration::from_secs(3));
            assert_eq!(on.sign_on(&token).await.status, 200);
            assert_eq!(on.sessions_of("alice").await, before + 1);
        }
    });
}

#[test]
fn without_the_application_nothing_is_lost() {
    Stage::new().play(async |on: &On<'_>| {
        let people = &on.backend.people;
        let token = on.id_token().build();
        let trouble = AccountsError::unavailable(Duration::from_secs(60));
        people.change(|people| people.trouble = Some(trouble));
        let down = on.sign_on(&token).await;
        let trouble = AccountsError::too_many_requests(Duration::from_secs(7));
        people.change(|people| people.trouble = Some(trouble));
        let throttled = on.sign_on(&token).await;
        people.change(|people| people.trouble = None);
        assert_unavailable(&down);
        assert_error(&throttled, 429, "too_many_requests");
        assert_eq!(on.sign_on(&token).await.status, 200);
    });
}

/// Where it is not switched on there is no such path, and the others are there.
#[test]
fn it_is_off_unless_it_is_switched_on() {
    let stage = Stage::with_endpoints(|backend| {
        let api = SessionApi::new(backend.session.clone());
        let endpoints = Endpoints::builder(backend.people.clone()).session_api(api);
        endpoints.common_routes().build().unwrap()
    });
    stage.play(async |on: &On<'_>| {
        let answer = on.sign_on(&on.id_token().build()).await;
        assert_eq!(answer.status, 404, "{answer:?}");
        let body = r#"{"username":"alice","password":"wonder land"}"#;
        assert_eq!(on.json(USERS_LOGIN, body).await.status, 200);
    });
}
