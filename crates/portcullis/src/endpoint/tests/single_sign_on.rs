//! Signing on with an ID token of Entra ID.

use http::Request;
use serde_json::{Value, json};

use super::{
    entra::{
        CLIENT, Entra, ISSUER, SSO, TENANT, is_refused, key, other_key, session_count, sign,
        sign_on,
    },
    fixture::{Server, claims},
};
use crate::{
    endpoint::{Endpoints, SessionApi, SingleSignOn},
    jose::{Algorithm, SigningKey, encode_compact},
    session::{SessionId, SessionStore},
};

/// A token of the tenant's with another claim, or without it.
fn with(server: &Server, name: &str, value: Value) -> String {
    let mut claims = server.entra.claims("alices-object");
    match value {
        Value::Null => claims.as_object_mut().unwrap().remove(name),
        value => claims.as_object_mut().unwrap().insert(name.into(), value),
    };
    sign(&claims)
}

#[tokio::test]
async fn an_id_token_opens_a_session_that_is_not_fresh() {
    let server = Server::new().await;
    let answer = sign_on(&server, &server.entra.token("alices-object")).await;
    answer.is(200);
    assert_eq!(answer.json()["login"], true);
    assert_eq!(answer.json().as_object().unwrap().len(), 3);
    let access = answer.text("accessToken");
    let says = claims(&access);
    assert_eq!(says["identity"], "alice");
    assert_eq!(says["type"], "access");
    assert_eq!(says["fresh"], false);
    assert_eq!(says.get("auth_time"), None);
    let refresh = answer.text("refreshToken");
    assert_eq!(claims(&refresh)["type"], "refresh");
    assert_eq!(claims(&refresh)["fresh"], false);
    assert_eq!(claims(&refresh)["identity"], "alice");
    assert_eq!(claims(&refresh)["sid"], says["sid"]);
    assert!(server.accepts(&access).await);
    let refreshed = server.bearer("POST", "/api/users/refresh", &refresh).await;
    assert_eq!(claims(&refreshed.text("accessToken"))["sid"], says["sid"]);
    // The ticket of the login, the account by tenant and object and nothing else,
    // and again at the refresh.
    let asked = [
        format!("account of {TENANT}/alices-object"),
        "current users/alice".to_owned(),
    ];
    assert_eq!(server.people.asked(), asked);
}

#[tokio::test]
async fn the_request_is_a_post_with_one_bearer_token() {
    let server = Server::new().await;
    let token = server.entra.token("alices-object");
    for method in ["GET", "PUT", "DELETE"] {
        let answer = server.bearer(method, SSO, &token).await;
        answer.is(405);
        assert_eq!(answer.header("allow"), Some("POST"));
    }
    let answer = server.send(Request::post(SSO), "").await;
    answer.is(401);
    assert_eq!(answer.body(), r#"{"login":false,"error":"unauthorized"}"#);
    let challenge = answer.header("www-authenticate");
    assert_eq!(challenge, Some(r#"Bearer realm="api""#));
    for broken in ["Bearer", "Bearer a b", "Bearer "] {
        let request = Request::post(SSO).header("authorization", broken);
        let answer = server.send(request, "").await;
        answer.is_error(400, "invalid_request");
        assert_eq!(answer.json()["login"], false);
    }
    let twice = Request::post(SSO)
        .header("authorization", format!("Bearer {token}"))
        .header("authorization", format!("Bearer {token}"));
    server
        .send(twice, "")
        .await
        .is_error(400, "invalid_request");
    let in_body = Request::post(SSO).header("content-type", "application/json");
    let body = format!(r#"{{"idToken":"{token}"}}"#);
    server.send(in_body, body).await.is(401);
    is_refused(&sign_on(&server, "garbage").await);
    is_refused(&sign_on(&server, &"a".repeat(9000)).await);
    // None of it used the token up.
    sign_on(&server, &token).await.is(200);
}

#[tokio::test]
async fn tokens_for_something_else_are_refused() {
    let server = Server::new().await;
    let other = "11111111-6c67-4c5b-b112-36a304b66dad";
    let now = server.entra.claims("x")["iat"].as_i64().unwrap();
    for (name, value) in [
        ("aud", json!("another")),
        ("aud", json!([CLIENT, "another"])),
        ("aud", json!([])),
        ("aud", json!(null)),
        ("iss", json!(ISSUER.replace(TENANT, other))),
        ("iss", json!(format!("https://sts.windows.net/{TENANT}/"))),
        ("iss", json!(null)),
        ("tid", json!(other)),
        ("tid", json!(null)),
        ("oid", json!(null)),
        ("oid", json!("robot")),
        ("scp", json!("User.Read")),
        ("azpacr", json!("1")),
        ("appidacr", json!("0")),
        ("idtyp", json!("app")),
        ("azp", json!("another")),
        ("exp", json!(null)),
        ("exp", json!(now - 61)),
        ("nbf", json!(now + 61)),
        ("iat", json!(now + 61)),
    ] {
        let answer = sign_on(&server, &with(&server, name, value.clone())).await;
        assert_eq!(answer.status(), 401, "{name}: {value}");
        is_refused(&answer);
    }
    assert_eq!(session_count(&server).await, 0);
    sign_on(&server, &with(&server, "aud", json!([CLIENT])))
        .await
        .is(200);
}

#[tokio::test]
async fn tokens_of_other_keys_and_algorithms_are_refused() {
    let server = Server::new().await;
    let claims = server.entra.claims("alices-object").to_string();
    let elliptic = SigningKey::generate(Algorithm::ES256).unwrap();
    let header = br#"{"typ":"JWT","alg":"RS256","kid":"entra"}"#;
    for token in [
        encode_compact(header, claims.as_bytes(), &other_key()).unwrap(),
        encode_compact(br#"{"alg":"ES256"}"#, claims.as_bytes(), &elliptic).unwrap(),
        encode_compact(
            br#"{"typ":"at+jwt","alg":"RS256","kid":"entra"}"#,
            claims.as_bytes(),
            &key(),
        )
        .unwrap(),
    ] {
        is_refused(&sign_on(&server, &token).await);
    }
    // Our own tokens are none of Entra's.
    let (access, refresh) = server.login("alice").await;
    is_refused(&sign_on(&server, &access).await);
    is_refused(&sign_on(&server, &refresh).await);
    // And Entra's are none of ours.
    let token = server.entra.token("alices-object");
    assert!(!server.accepts(&token).await);
    server
        .bearer("POST", "/api/users/refresh", &token)
        .await
        .is(401);
}

/// A verifier that takes more than one tenant's ID tokens lets nobody in.
#[tokio::test]
async fn the_rules_hold_whatever_the_verifier_takes() {
    let server = Server::new().await;
    let shared = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    let sloppy = crate::verify::Verifier::builder()
        .keys(crate::jose::KeySet::new([
            key().verifying_key(),
            shared.verifying_key(),
        ]))
        .dangerous()
        .any_issuer()
        .dangerous()
        .any_audience()
        .clock(server.session.issuer().clock().clone())
        .build()
        .unwrap();
    let sso = SingleSignOn::new(sloppy, Entra::id_tokens(), server.people.clone());
    let server = with_endpoints(server, sso);
    let claims = server.entra.claims("alices-object").to_string();
    let symmetric = encode_compact(br#"{"alg":"HS256"}"#, claims.as_bytes(), &shared).unwrap();
    is_refused(&sign_on(&server, &symmetric).await);
    for (name, value) in [
        (
            "iss",
            json!("https://login.microsoftonline.com/common/v2.0"),
        ),
        ("tid", json!("another")),
        ("aud", json!("another")),
        ("aud", json!([CLIENT, "another"])),
    ] {
        is_refused(&sign_on(&server, &with(&server, name, value)).await);
    }
    sign_on(&server, &server.entra.token("alices-object"))
        .await
        .is(200);
}

fn with_endpoints(mut server: Server, single_sign_on: SingleSignOn) -> Server {
    let api = SessionApi::new(server.session.clone()).single_sign_on(single_sign_on);
    let endpoints = Endpoints::builder(server.people.clone()).session_api(api);
    server.endpoints = endpoints.common_routes().build().unwrap();
    server
}

#[tokio::test]
async fn a_nonce_is_demanded_where_it_is_configured() {
    let server = Server::new().await;
    let rules = Entra::id_tokens().nonce_checked_by(|nonce, fields| {
        fields.get("x-nonce").is_some_and(|given| given == nonce)
    });
    let sso = SingleSignOn::new(server.entra.verifier(), rules, server.people.clone());
    let server = with_endpoints(server, sso);
    let token = with(&server, "nonce", json!("of-this-browser"));
    let ask = |token: &str, nonce: &str| {
        Request::post(SSO)
            .header("authorization", format!("Bearer {token}"))
            .header("x-nonce", nonce)
    };
    is_refused(&sign_on(&server, &token).await);
    is_refused(&server.send(ask(&token, "of-another"), "").await);
    let none = with(&server, "nonce", json!(null));
    is_refused(&server.send(ask(&none, ""), "").await);
    server
        .send(ask(&token, "of-this-browser"), "")
        .await
        .is(200);
}

/// Neither a name nor a mail address leads to an account.
#[tokio::test]
async fn only_a_link_leads_to_an_account() {
    let server = Server::new().await;
    for name in ["email", "upn", "preferred_username", "unique_name", "sub"] {
        let mut claims = server.entra.claims("stranger");
        claims[name] = "alice".into();
        is_refused(&sign_on(&server, &sign(&claims)).await);
    }
    // A token that was refused for that is not used up by it.
    let token = server.entra.token("stranger");
    is_refused(&sign_on(&server, &token).await);
    server
        .people
        .change(|people| people.links.push(("stranger", "robot")));
    let answer = sign_on(&server, &token).await;
    assert_eq!(claims(&answer.text("accessToken"))["identity"], "robot");
}

#[tokio::test]
async fn who_is_gone_cannot_sign_on_and_claims_are_those_of_now() {
    let server = Server::new().await;
    server.people.change(|people| {
        people.gone.insert("alice".to_owned());
    });
    let token = server.entra.token("alices-object");
    is_refused(&sign_on(&server, &token).await);
    server.people.change(|people| {
        people.gone.clear();
        people.claim = Some(("role", json!("admin")));
    });
    let answer = sign_on(&server, &token).await;
    assert_eq!(claims(&answer.text("accessToken"))["role"], "admin");
}

/// Tokens of this API speak for its own realm only.
#[tokio::test]
async fn an_account_of_another_realm_is_our_fault() {
    let server = Server::new().await;
    let token = server.entra.token("alices-object");
    let link = |name| {
        server
            .people
            .change(|people| people.links = vec![("alices-object", name)]);
    };
    link("apis/alice");
    sign_on(&server, &token).await.is_error(500, "server_error");
    link("alice");
    sign_on(&server, &token).await.is(200);
}

/// The store knows neither the token nor the secret of the session.
#[tokio::test]
async fn what_the_store_has_makes_no_refresh_token() {
    let server = Server::new().await;
    let answer = sign_on(&server, &server.entra.token("alices-object")).await;
    let says = claims(&answer.text("refreshToken"));
    let id = SessionId::parse(says["sid"].as_str().unwrap()).unwrap();
    let subject = crate::subject::Subject::new("users", says["identity"].as_str().unwrap());
    let row = server.store.session(&subject, &id).await.unwrap().unwrap();
    let secret = base64_simd::URL_SAFE_NO_PAD
        .decode_to_vec(says["sec"].as_str().unwrap())
        .unwrap();
    assert_eq!(secret.len(), 32);
    assert_eq!(row.secret_digest, crate::session::SecretDigest::of(&secret));
    assert_eq!(row.grant.auth_time, None);
}

#[tokio::test]
async fn it_is_at_another_path_or_not_there() {
    let server = Server::new().await;
    let sso = server.entra.single_sign_on(server.people.clone());
    let api = SessionApi::new(server.session.clone());
    let build = |api| {
        let endpoints = Endpoints::builder(server.people.clone()).session_api(api);
        endpoints.build().unwrap()
    };
    assert!(!build(api.clone()).matches(SSO));
    let elsewhere = build(api.single_sign_on(sso).single_sign_on_path("/sso"));
    assert!(elsewhere.matches("/sso") && !elsewhere.matches(SSO));
}
