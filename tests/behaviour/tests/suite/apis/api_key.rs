//! B. The API-key API.

use std::time::Duration;

use behaviour::{backend::KEY_ISSUER, client::Request};
use portcullis::time::Clock;
use serde_json::json;

use super::{AUTHENTICATE, On, Stage, assert_not_stored, claims, is_uuid_v4};

#[test]
fn an_id_and_its_key_give_a_token() {
    let stage = Stage::new();
    stage.play(async |on: &On<'_>| {
        let answer = on.form(AUTHENTICATE, "apiid=demo-id&apikey=demo-key").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_not_stored(&answer);
        assert_eq!(
            answer.field("content-type").as_deref(),
            Some("application/json")
        );
        let json = answer.json();
        assert_eq!(json.as_object().unwrap().len(), 1);
        assert_eq!(json["result"].as_object().unwrap().len(), 2);
        let token = answer.text_at("/result/authentication_token");
        let said = claims(&token);
        let now = on.backend.clock.now().as_secs();
        assert_eq!(said["sub"], "demo-id");
        assert_eq!(said["iat"], now);
        assert_eq!(said["nbf"], now);
        assert_eq!(said["exp"], now + 1800);
        assert_eq!(said["iss"], KEY_ISSUER);
        assert_eq!(said["aud"], "ApiId");
        assert_eq!(said["api_id"], "1");
        assert_eq!(said["organization_id"], "15");
        assert!(is_uuid_v4(said["jti"].as_str().unwrap()));
        // The true lifetime, whatever the sample of the documentation says.
        assert_eq!(json["result"]["expires_in_seconds"], 1800);

        let lower = Request::new("GET", "/v1/stations").authorization(format!("bearer {token}"));
        assert_eq!(on.send(lower).await.status, 200);
        on.backend.clock.advance(Duration::from_secs(1799));
        assert!(on.accepts("/v1/stations", &token).await);
        on.backend.clock.advance(Duration::from_secs(1));
        assert!(!on.accepts("/v1/stations", &token).await);
    });
}

#[test]
fn wrong_credentials_have_one_answer() {
    Stage::new().play(async |on: &On<'_>| {
        let mut first = None;
        for form in [
            "apiid=demo-id&apikey=wrong",
            "apiid=nobody&apikey=demo-key",
            "apiid=DEMO-ID&apikey=demo-key",
            "apiid=alice&apikey=wonder+land",
            "apiid=demo-id&apikey=alices-key",
        ] {
            let answer = on.form(AUTHENTICATE, form).await;
            assert_eq!(answer.status, 401, "{form}");
            assert_not_stored(&answer);
            assert_eq!(
                answer.field("www-authenticate").as_deref(),
                Some("Bearer realm=\"api\"")
            );
            let body = answer.text();
            assert_eq!(*first.get_or_insert(body.clone()), body);
        }
    });
}

/// The API id `alice` is not the user `alice` (RFC 9068 section 5).
#[test]
fn an_api_id_is_no_user() {
    Stage::new().play(async |on: &On<'_>| {
        let answer = on.form(AUTHENTICATE, "apiid=alice&apikey=alices-key").await;
        let token = answer.text_at("/result/authentication_token");
        let [user, _] = on.login("alice").await;
        // Logging one out everywhere leaves the other alone.
        assert_eq!(on.bearer("POST", "/logout/all", &token).await.status, 204);
        assert!(!on.accepts("/v1/stations", &token).await);
        assert!(on.accepts("/api/stations", &user).await);
        let sessions = on.bearer("GET", "/sessions", &user).await.json();
        assert!(!sessions["sessions"].as_array().unwrap().is_empty());
        let again = on.form(AUTHENTICATE, "apiid=alice&apikey=alices-key").await;
        let again = again.text_at("/result/authentication_token");
        assert_eq!(on.bearer("POST", "/logout/all", &user).await.status, 204);
        assert!(on.accepts("/v1/stations", &again).await);
        assert!(!on.accepts("/api/stations", &user).await);
    });
}

#[test]
fn what_is_wrong_with_a_form_is_named() {
    Stage::new().play(async |on: &On<'_>| {
        for (form, field) in [
            ("apiid=demo-id", "apikey"),
            ("apikey=demo-key", "apiid"),
            ("apiid=demo-id&apikey=", "apikey"),
            ("apiid=demo-id&apikey=s3cr3t&apikey=s3cr3t", "apikey"),
            ("apiid=a&%61piid=b&apikey=s3cr3t", "apiid"),
            ("", "apiid"),
        ] {
            let answer = on.form(AUTHENTICATE, form).await;
            assert_eq!(answer.status, 400, "{form}");
            assert_not_stored(&answer);
            assert!(answer.text().contains(field), "{answer:?}");
            assert!(!answer.text().contains("s3cr3t"), "{answer:?}");
        }
        let json = json!({"apiid": "demo-id", "apikey": "demo-key"}).to_string();
        assert_eq!(on.json(AUTHENTICATE, &json).await.status, 415);
    });
}
