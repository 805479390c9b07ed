//! How the service shows who it is.

use portcullis::{
    jose::{Algorithm, CompactJws, SigningKey},
    secret::SecretString,
};
use portcullis_remote::{ClientAuth, Introspector};
use portcullis_testing::{
    clock::FakeClock,
    issuer::{ClientAuth as Shown, Endpoint::Introspection as Endpoint, FakeIssuer},
    keys,
};
use serde_json::Value;

use super::{AUDIENCE, quick, status, verifier};

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

#[tokio::test]
async fn name_and_secret_are_encoded() {
    let (id, text) = ("a client/ü:1", "p+ :&=%ä");
    let clock = FakeClock::new();
    let issuer = FakeIssuer::builder().client_with_secret(id, text);
    let issuer = issuer.audience(AUDIENCE).clock(clock.shared()).start();
    let auth = ClientAuth::secret(id, &secret(text)).unwrap();
    let builder = Introspector::at(issuer.introspection_url(), auth);
    let introspector = quick(builder, &clock).build().unwrap();
    let service = verifier(introspector, &issuer, &clock).build().unwrap();
    let token = issuer.opaque(&issuer.token("alice"));
    assert_eq!(status(&service.into(), &token).await, (200, None));

    let request = issuer.requests_to(Endpoint).pop().unwrap();
    let id = id.to_owned();
    assert_eq!(request.client(), Some(&Shown::Basic { id }));
    assert_eq!(request.field("token").as_deref(), Some(&*token));
    assert_eq!(
        request.field("token_type_hint").as_deref(),
        Some("access_token")
    );
    assert_eq!(request.field("client_secret"), None);
    assert_eq!(request.header("accept"), Some("application/json"));
    assert_eq!(request.query(), None);
}

#[tokio::test]
async fn an_assertion_is_for_one_request() {
    let key = keys::signing(Algorithm::ES256).with_key_id("client key");
    let clock = FakeClock::new();
    let issuer = FakeIssuer::builder().client_with_keys("client-1", key.verifying_key());
    let issuer = issuer.audience(AUDIENCE).clock(clock.shared()).start();
    let auth = || ClientAuth::private_key("client-1", key.clone()).unwrap();
    let mut ids = Vec::new();
    for (builder, audience) in [
        (
            Introspector::at(issuer.introspection_url(), auth()),
            issuer.introspection_url(),
        ),
        (
            Introspector::of_issuer(issuer.name(), auth()),
            issuer.name(),
        ),
        (
            Introspector::at(issuer.introspection_url(), auth())
                .assertion_audience(format!("{}/token", issuer.name())),
            format!("{}/token", issuer.name()),
        ),
    ] {
        let introspector = quick(builder, &clock).build().unwrap();
        let service = verifier(introspector, &issuer, &clock)
            .build()
            .unwrap()
            .into();
        for _ in 0..2 {
            let token = issuer.opaque(&issuer.token("alice"));
            assert_eq!(status(&service, &token).await, (200, None));
            let request = issuer.requests_to(Endpoint).pop().unwrap();
            assert_eq!(request.header("authorization"), None);
            assert_eq!(request.field("client_id").as_deref(), Some("client-1"));
            let assertion = request.field("client_assertion").unwrap();
            let claims = claims(&assertion);
            assert_eq!(
                (&claims["iss"], &claims["sub"]),
                (&"client-1".into(), &"client-1".into())
            );
            assert_eq!(claims["aud"], *audience);
            let [issued, end] = ["iat", "exp"].map(|name| claims[name].as_i64().unwrap());
            assert_eq!(end - issued, 60);
            ids.push(claims["jti"].as_str().unwrap().to_owned());
        }
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

fn claims(token: &str) -> Value {
    let mut json = Vec::new();
    let jws = CompactJws::parse(token.as_bytes(), 8192).unwrap();
    jws.decode_payload(&mut json).unwrap();
    serde_json::from_slice(&json).unwrap()
}

#[test]
fn what_authenticates_nobody_is_refused() {
    assert!(ClientAuth::secret("", &secret("s")).is_err());
    assert!(ClientAuth::secret("c", &secret("")).is_err());
    let pair = SigningKey::generate(Algorithm::ES256).unwrap();
    assert!(ClientAuth::private_key("", pair.clone()).is_err());
    let shared = SigningKey::generate(Algorithm::HS256).unwrap();
    assert!(ClientAuth::private_key("c", shared).is_err());
    let auth = ClientAuth::private_key("c", pair).unwrap();
    assert!(format!("{auth:?}").contains("private_key_jwt"));
    let auth = ClientAuth::secret("c", &secret("hidden")).unwrap();
    assert!(!format!("{auth:?}").contains("hidden"));
}
