//! Log-out tokens.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use super::{VerifyErrorKind::*, *};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

fn logout() -> Value {
    json!({
        "iss": ISS, "aud": "client", "sub": "alice", "sid": "s-1", "iat": NOW, "exp": NOW + 120,
        "jti": "j", "events": {EVENT: {}},
    })
}

fn changed(name: &str, value: Value) -> Value {
    let mut claims = logout();
    match value {
        Value::Null => claims.as_object_mut().unwrap().remove(name),
        value => claims
            .as_object_mut()
            .unwrap()
            .insert(name.to_owned(), value),
    };
    claims
}

fn at_client() -> VerifierBuilder<Ready, Ready, Ready> {
    let builder = Verifier::builder().keys(key(1).verifying_key());
    let builder = builder.issuer(ISS).audience("client").clock(clock());
    builder.leeway(Duration::ZERO)
}

fn verify(verifier: &LogoutVerifier, token: &str) -> Result<LogoutToken, VerifyError> {
    let verified = pin!(verifier.verify(token.as_bytes()));
    let mut verified = verified;
    match verified
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("waits"),
    }
}

fn refused(token: &str) -> Option<VerifyErrorKind> {
    let verifier = at_client().build_for_logout().unwrap();
    verify(&verifier, token).err().map(|error| error.kind())
}

#[test]
fn every_rule_is_kept() {
    for (name, value, expected) in [
        ("x", json!(1), None),
        ("sub", json!(null), None),
        ("sid", json!(null), None),
        ("aud", json!(["other", "client"]), None),
        ("events", json!({EVENT: {}, "other": {}}), None),
        ("iss", json!(null), Some(MissingClaim)),
        ("iss", json!("https://other.example"), Some(WrongIssuer)),
        ("aud", json!(null), Some(MissingClaim)),
        ("aud", json!("api"), Some(WrongAudience)),
        ("iat", json!(null), Some(MissingClaim)),
        ("iat", json!(NOW + 1), Some(IssuedInFuture)),
        ("exp", json!(null), Some(MissingClaim)),
        ("exp", json!(NOW), Some(Expired)),
        ("jti", json!(null), Some(MissingClaim)),
        ("jti", json!(1), Some(Malformed)),
        ("events", json!(null), Some(MissingClaim)),
        ("events", json!([EVENT]), Some(WrongKind)),
        ("events", json!({}), Some(WrongKind)),
        ("events", json!({"other": {}}), Some(WrongKind)),
        ("events", json!({EVENT: null}), Some(WrongKind)),
        ("events", json!({EVENT: true}), Some(WrongKind)),
        ("nonce", json!("n"), Some(WrongKind)),
        ("sid", json!(""), Some(Malformed)),
        ("sid", json!("a\u{0}"), Some(Malformed)),
        ("sid", json!("x".repeat(1025)), Some(Malformed)),
        ("sub", json!("x".repeat(1025)), Some(Malformed)),
        ("sub", json!(7), Some(Malformed)),
    ] {
        let claims = changed(name, value);
        assert_eq!(refused(&token(&claims)), expected, "{claims}");
    }
    let mut nobody = changed("sub", json!(null));
    nobody.as_object_mut().unwrap().remove("sid");
    assert_eq!(refused(&token(&nobody)), Some(MissingClaim));
    // Even `null` is a nonce.
    let mut claims = logout();
    claims["nonce"] = Value::Null;
    assert_eq!(refused(&token(&claims)), Some(WrongKind));
    let twice = r#"{"events":{"e":{}},"events":{}}"#;
    let header = r#"{"alg":"HS256"}"#;
    let twice = encode_compact(header.as_bytes(), twice.as_bytes(), &key(1));
    // The signing side refuses it already.
    assert!(twice.is_err() || refused(&twice.unwrap()) == Some(Malformed));
}

#[test]
fn signature_and_type_are_checked() {
    for (header, expected) in [
        (r#"{"alg":"HS256","typ":"logout+jwt"}"#, None),
        (r#"{"alg":"HS256","typ":"JWT"}"#, None),
        (r#"{"alg":"HS256"}"#, None),
        (r#"{"alg":"HS256","typ":"at+jwt"}"#, Some(WrongType)),
        (r#"{"alg":"none"}"#, Some(UnknownKey)),
        (r#"{"alg":"HS512"}"#, Some(UnknownKey)),
    ] {
        assert_eq!(refused(&by_hand(header, &logout())), expected, "{header}");
    }
    let forged = signed(&key(2), r#"{"alg":"HS256"}"#, &logout());
    assert_eq!(refused(&forged), Some(BadSignature));
    let unsigned = by_hand(r#"{"alg":"none"}"#, &logout());
    let unsigned = format!("{}.", unsigned.rsplit_once('.').unwrap().0);
    assert_eq!(refused(&unsigned), Some(Malformed));
}

/// One kind never passes for the other.
#[test]
fn access_tokens_and_logout_tokens_are_kept_apart() {
    let mut access = claims();
    access["aud"] = json!("client");
    access["jti"] = json!("j");
    assert_eq!(refused(&token(&access)), Some(MissingClaim));
    let guard = at_client().build().unwrap();
    assert_eq!(kind_of(&guard, &access), Ok(()));
    assert_eq!(kind_of(&guard, &logout()), Err(WrongKind));
    let typed = by_hand(r#"{"alg":"HS256","typ":"logout+jwt"}"#, &logout());
    assert_eq!(kind(&guard, &typed), Err(WrongType));
}

#[test]
fn a_token_says_what_has_ended() {
    let builder = || at_client().subject_realm("people");
    let verifier = builder().build_for_logout().unwrap();
    let read = |claims: &Value| verify(&verifier, &token(claims)).unwrap();
    let alice = Some(Subject::new("people", "alice"));
    let session = read(&logout());
    assert_eq!((session.issuer(), session.id()), (ISS, "j"));
    assert_eq!(session.session_id(), Some("s-1"));
    assert_eq!(
        (session.subject(), session.ends_all_of()),
        (alice.clone(), None)
    );
    let all = read(&changed("sid", json!(null)));
    assert_eq!((all.session_id(), all.ends_all_of()), (None, alice.clone()));
    let unnamed = read(&changed("sub", json!(null)));
    assert_eq!((unnamed.subject(), unnamed.ends_all_of()), (None, None));

    let all = verifier.clone().ends_all_sessions();
    let token_of = |claims: &Value| verify(&all, &token(claims)).unwrap();
    assert_eq!(token_of(&logout()).ends_all_of(), alice);
    assert_eq!(token_of(&changed("sub", json!(null))).ends_all_of(), None);
    assert!(LogoutVerifier::combine([verifier, all]).is_err());

    // Where access tokens name subjects otherwise, these do, too.
    let by_oid = builder().subject_claim("oid").build_for_logout().unwrap();
    let token = verify(&by_oid, &token(&changed("oid", json!("o-1")))).unwrap();
    assert_eq!(token.subject(), Some(Subject::new("people", "o-1")));
}

#[test]
fn settings_for_access_tokens_do_not_count() {
    struct Nobody;

    impl TokenStatus for Nobody {
        fn status(&self, _: &Verified) -> Status {
            Status::Revoked
        }

        fn lists_application_tokens(&self) -> bool {
            true
        }
    }

    let builder = at_client().kind_claim("typ", "Bearer").rfc9068();
    let builder = builder.max_age(Duration::ZERO).status(Nobody);
    let builder = builder.check(|_| Err(VerifyError::custom("no")));
    let verifier = builder.build_for_logout().unwrap();
    assert!(verify(&verifier, &token(&logout())).is_ok());
    let endless = changed("exp", json!(null));
    let error = verify(&verifier, &token(&endless)).unwrap_err();
    assert_eq!(error.kind(), MissingClaim);
}

#[test]
fn an_issuer_and_a_client_must_be_known() {
    let keys = || Verifier::builder().keys(key(1).verifying_key());
    let any_issuer = keys().dangerous().any_issuer().audience("c");
    assert!(any_issuer.build_for_logout().is_err());
    let any_audience = keys().issuer(ISS).dangerous().any_audience();
    assert!(any_audience.build_for_logout().is_err());
    let no_audience = keys().issuer(ISS).dangerous().no_audience();
    assert!(no_audience.build_for_logout().is_err());

    struct Asked;

    impl IntrospectTokens for Asked {
        fn introspect(&self, _: &str) -> Introspection {
            Introspection::Inactive
        }
    }

    let asked = Verifier::builder().introspected_by(Asked);
    assert!(asked.issuer(ISS).audience("c").build_for_logout().is_err());
}

/// A realm or issuer that begins so is where ended sessions are kept.
#[test]
fn realms_cannot_pass_for_sessions() {
    let keys = || Verifier::builder().keys(key(1).verifying_key());
    let issuer = keys().issuer("\u{1}https://issuer.example");
    assert!(issuer.audience("api").build().is_err());
    let realm = keys().issuer(ISS).audience("api").subject_realm("\u{1}x");
    assert!(realm.build().is_err());
    let any = keys().dangerous().any_issuer().audience("api");
    let any = any.clock(clock()).build().unwrap();
    let claims = with("iss", json!("\u{1}https://issuer.example"));
    assert_eq!(kind_of(&any, &claims), Err(WrongIssuer));
}
