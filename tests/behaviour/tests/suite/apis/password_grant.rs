//! C. The OAuth 2.0 password-grant API (RFC 6749 sections 4.3, 5 and 6).

use std::time::Duration;

use behaviour::client::Request;
use portcullis::time::Clock;
use serde_json::json;

use super::{
    AUTHENTICATE, FORM_REFRESH, GRANT_LOGIN, HEADER_REFRESH, On, Pair, Stage, assert_error,
    assert_not_stored, claims, header, is_uuid_v4,
};

const GOOD: &str = "grant_type=password&username=alice&password=wonder+land";

#[test]
fn a_login_gives_a_pair() {
    Stage::new().play(async |on: &On<'_>| {
        let answer = on.form(GRANT_LOGIN, GOOD).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_not_stored(&answer);
        assert_eq!(
            answer.field("content-type").as_deref(),
            Some("application/json")
        );
        let json = answer.json();
        assert_eq!(json["token_type"], "bearer");
        assert_eq!(json["expires_in"], 3600);
        let pair = Pair::of(&answer);
        let said = claims(&pair.access);
        let now = on.backend.clock.now().as_secs();
        assert_eq!(said["user_id"], "alice");
        assert_eq!(said["aud"], json!(["fastapi-users:auth"]));
        assert_eq!(said["iat"], now);
        assert_eq!(said["exp"], now + 3600);
        assert!(is_uuid_v4(said["jti"].as_str().unwrap()));
        assert!(is_uuid_v4(said["sid"].as_str().unwrap()));
        assert_ne!(claims(&pair.refresh)["type"], said["type"]);
        // Whoever holds the access key cannot make refresh tokens.
        assert_eq!(header(&pair.refresh)["alg"], "HS256");
        assert_ne!(header(&pair.refresh)["kid"], header(&pair.access)["kid"]);
        assert!(on.accepts("/auth/stations", &pair.access).await);
    });
}

#[test]
fn both_refresh_routes_rotate() {
    Stage::new().play(async |on: &On<'_>| {
        let first = on.grant("").await;
        on.backend.clock.advance(Duration::from_secs(60));
        let answer = on.refresh(&first.refresh).await;
        assert_not_stored(&answer);
        assert_eq!(answer.json()["token_type"], "bearer");
        assert_eq!(answer.json()["expires_in"], 3600);
        let second = Pair::of(&answer);
        assert_ne!(first.refresh, second.refresh);
        assert_ne!(claims(&first.access)["jti"], claims(&second.access)["jti"]);
        assert_eq!(claims(&first.access)["sid"], claims(&second.access)["sid"]);
        on.backend.clock.advance(Duration::from_secs(60));
        let answer = on.refresh_by_form(&second.refresh, "").await;
        assert_not_stored(&answer);
        let third = Pair::of(&answer);
        for pair in [&first, &second, &third] {
            assert!(on.accepts("/auth/stations", &pair.access).await);
        }
        on.backend.clock.advance(Duration::from_secs(60));
        // Used up long ago.
        assert_error(&on.refresh(&second.refresh).await, 400, "invalid_grant");
    });
}

#[test]
fn errors_are_those_of_oauth() {
    Stage::new().play(async |on: &On<'_>| {
        for (form, error) in [
            ("", "invalid_request"),
            ("username=alice&password=wonder+land", "invalid_request"),
            (
                "grant_type=&username=alice&password=wonder+land",
                "invalid_request",
            ),
            ("grant_type=password&username=alice", "invalid_request"),
            (
                "grant_type=password&password=wonder+land",
                "invalid_request",
            ),
            (
                "grant_type=password&grant_type=password&username=alice&password=wonder+land",
                "invalid_request",
            ),
            (
                "grant_type=password&username=alice&password=wonder+land&scope=a&scope=b",
                "invalid_request",
            ),
            (
                "grant_type=refresh_token&refresh_token=x",
                "unsupported_grant_type",
            ),
            ("grant_type=client_credentials", "unsupported_grant_type"),
            (
                "grant_type=Password&username=alice&password=wonder+land",
                "unsupported_grant_type",
            ),
            (
                "grant_type=password&username=alice&password=wrong",
                "invalid_grant",
            ),
            (
                "grant_type=password&username=nobody&password=wonder+land",
                "invalid_grant",
            ),
            (
                "grant_type=password&username=alice&password=wonder+land&scope=root",
                "invalid_scope",
            ),
            (
                "grant_type=password&username=alice&password=wonder+land&scope=%22",
                "invalid_scope",
            ),
        ] {
            let answer = on.form(GRANT_LOGIN, form).await;
            assert_error(&answer, 400, error);
            assert!(answer.field("www-authenticate").is_none(), "{form}");
        }
        for (form, error) in [
            ("", "invalid_request"),
            ("grant_type=refresh_token", "invalid_request"),
            ("refresh_token=x", "invalid_request"),
            (
                "grant_type=refresh_token&refresh_token=x&refresh_token=x",
                "invalid_request",
            ),
            (
                "grant_type=password&username=alice&password=wonder+land",
                "unsupported_grant_type",
            ),
            ("grant_type=refresh_token&refresh_token=x", "invalid_grant"),
            (
                "grant_type=refresh_token&refresh_token=a.b.c",
                "invalid_grant",
            ),
            (
                "grant_type=refresh_token&refresh_token=%00",
                "invalid_request",
            ),
        ] {
            let answer = on.form(FORM_REFRESH, form).await;
            assert_error(&answer, 400, error);
        }
        // A field without a value is one that was not sent (section 3.2), and
        // unknown ones are ignored.
        let answer = on
            .form(GRANT_LOGIN, &format!("{GOOD}&scope=&foo=bar&foo=bar"))
            .await;
        assert_eq!(answer.status, 200, "{answer:?}");
    });
}

#[test]
fn the_header_route() {
    Stage::new().play(async |on: &On<'_>| {
        let post = || Request::new("POST", HEADER_REFRESH);
        for (request, error) in [
            (post(), "invalid_request"),
            (post().field("refresh-token", ""), "invalid_request"),
            (post().field("refresh-token", "Bearer x"), "invalid_request"),
            (post().field("refresh-token", "a b"), "invalid_request"),
            (
                post()
                    .field("refresh-token", "a")
                    .field("refresh-token", "a"),
                "invalid_request",
            ),
            (post().field("refresh-token", b"\xff"), "invalid_request"),
            (post().field("refresh-token", "x"), "invalid_grant"),
            (
                post().field("refresh-token", "x".repeat(20_000)),
                "invalid_grant",
            ),
            (post().bearer("x"), "invalid_request"),
        ] {
            assert_error(&on.send(request).await, 400, error);
        }
        let pair = on.grant("").await;
        let named = post().field("REFRESH-TOKEN", format!("  {} ", pair.refresh));
        assert_eq!(on.send(named).await.status, 200);
    });
}

/// Sections 3.3 and 6.
#[test]
fn scopes() {
    Stage::new().play(async |on: &On<'_>| {
        let wanted = "&scope=demo%3Aread+demo%3Awrite";
        let body = format!("{GOOD}{wanted}");
        let answer = on.form(GRANT_LOGIN, &body).await;
        assert_eq!(answer.json()["scope"], "demo:read demo:write");
        let pair = Pair::of(&answer);
        assert_eq!(claims(&pair.access)["scope"], "demo:read demo:write");
        assert!(on.accepts("/scoped/read", &pair.access).await);

        // Wider is refused, and nothing changes.
        let wider = on
            .refresh_by_form(&pair.refresh, "&scope=demo%3Aread+root")
            .await;
        assert_error(&wider, 400, "invalid_scope");
        assert_eq!(on.generation(&pair.refresh).await, 0);
        // Narrower narrows the access token only.
        let answer = on
            .refresh_by_form(&pair.refresh, "&scope=demo%3Awrite")
            .await;
        let narrow = Pair::of(&answer);
        assert_eq!(answer.json()["scope"], "demo:write");
        assert_eq!(claims(&narrow.access)["scope"], "demo:write");
        let refused = on.bearer("GET", "/scoped/read", &narrow.access).await;
        assert_eq!(refused.status, 403);
        assert_eq!(
            refused.challenges().unwrap()[0].param("scope"),
            Some("demo:read")
        );
        let answer = on.refresh_by_form(&narrow.refresh, "").await;
        let wide = Pair::of(&answer);
        assert_eq!(claims(&wide.access)["scope"], "demo:read demo:write");

        // None asked for, none granted.
        let none = on.grant("").await;
        assert_eq!(
            on.bearer("GET", "/scoped/read", &none.access).await.status,
            403
        );
    });
}

#[test]
fn scopes_that_an_account_lost_are_lost() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("&scope=demo%3Aread+demo%3Awrite").await;
        on.backend
            .people
            .change(|people| people.scope = Some("demo:write"));
        let answer = on.refresh(&pair.refresh).await;
        on.backend.people.change(|people| people.scope = None);
        assert_eq!(claims(&Pair::of(&answer).access)["scope"], "demo:write");
        assert_eq!(answer.json()["scope"], "demo:write");
    });
}

/// RFC 9068 section 2.2.1: `auth_time` is that of the login.
#[test]
fn the_time_of_the_login_stays() {
    Stage::new().play(async |on: &On<'_>| {
        let pair = on.grant("").await;
        let logged_in = claims(&pair.access)["auth_time"].clone();
        on.backend.clock.advance(Duration::from_secs(500));
        let next = Pair::of(&on.refresh(&pair.refresh).await);
        assert_eq!(claims(&next.access)["auth_time"], logged_in);
        assert_ne!(claims(&next.access)["iat"], claims(&pair.access)["iat"]);
    });
}

/// `expires_in` is what the token has left, in whole seconds (section 5.1), and
/// never more.
#[test]
fn lifetimes_are_told_truly() {
    Stage::new().play(async |on: &On<'_>| {
        for millis in [0, 700, 270, 29, 1] {
            on.backend.clock.advance(Duration::from_millis(millis));
            let now = on.backend.clock.now().as_millis();
            let grant = on.form(GRANT_LOGIN, GOOD).await.json();
            let key = on.form(AUTHENTICATE, "apiid=demo-id&apikey=demo-key").await;
            let key = &key.json()["result"];
            for (token, told) in [
                (&grant["access_token"], &grant["expires_in"]),
                (&key["authentication_token"], &key["expires_in_seconds"]),
            ] {
                let expires = claims(token.as_str().unwrap())["exp"].as_i64().unwrap();
                let left = expires * 1000 - now;
                let told = told.as_i64().unwrap() * 1000;
                assert!((0..1000).contains(&(left - told)), "{told} of {left}");
            }
        }
    });
}
