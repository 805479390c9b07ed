//! What tokens of other issuers call their claims.

use super::*;

/// What the verifier reads from these claims.
fn read(builder: VerifierBuilder<Ready, Ready, Ready>, further: Value) -> Verified {
    let mut claims = claims();
    for (name, value) in further.as_object().unwrap() {
        claims[name] = value.clone();
    }
    let verifier = builder.build().unwrap();
    verifier.verify_now(token(&claims).as_bytes()).unwrap()
}

#[test]
fn a_subject_is_of_its_issuer_unless_somebody_says_otherwise() {
    let local = Subject::new("users", "alice");
    let plain = read(builder(), json!({}));
    assert_eq!(plain.subject(), Some(Subject::new(ISS, "alice")));
    let named = read(
        builder().subject_claim("uid"),
        json!({"uid": "alice", "sub": 7}),
    );
    assert_eq!(named.subject(), Some(Subject::new(ISS, "alice")));
    for token in [plain, named] {
        assert_ne!(token.subject().as_ref(), Some(&local));
    }
    let one_of_ours = read(builder().subject_realm("users"), json!({}));
    assert_eq!(one_of_ours.subject(), Some(local));
}

#[test]
fn providers_name_their_claims_as_they_please() {
    let keycloak = builder()
        .kind_claim("typ", "Bearer")
        .client_claim("azp")
        .scope_claim("scope");
    let token = read(
        keycloak,
        json!({"typ": "Bearer", "azp": "web", "scope": "openid read", "scp": "write"}),
    );
    assert_eq!(token.client_id(), Some("web"));
    assert_eq!(token.scope().as_str(), "openid read");
    let entra = builder()
        .subject_claim("oid")
        .client_claim("appid")
        .scope_claim("scp");
    let token = read(
        entra,
        json!({"oid": "o-1", "appid": "app", "client_id": 1, "scp": "Files.Read Mail.Read"}),
    );
    assert_eq!(token.subject_name(), Some("o-1"));
    assert_eq!(token.client_id(), Some("app"));
    assert_eq!(token.scope().as_str(), "Files.Read Mail.Read");
    let okta = builder().subject_claim("uid").client_claim("cid");
    let token = read(okta, json!({"uid": "00u", "cid": "0oa", "scp": ["a", "b"]}));
    assert_eq!(token.subject_name(), Some("00u"));
    assert_eq!(token.client_id(), Some("0oa"));
    assert_eq!(token.scope().as_str(), "a b");
    let cognito = builder().kind_claim("token_use", "access");
    assert_eq!(
        read(cognito, json!({"token_use": "access", "client_id": "c"})).client_id(),
        Some("c")
    );
}

#[test]
fn a_kind_that_is_configured_is_required() {
    let verifier = builder().kind_claim("token_use", "access").build().unwrap();
    let of = |kind: Value| kind_of(&verifier, &with("token_use", kind));
    assert_eq!(of(json!("access")), Ok(()));
    for other in [json!("id"), json!("ACCESS"), json!(""), json!(null)] {
        assert_eq!(
            of(other.clone()),
            Err(VerifyErrorKind::WrongKind),
            "{other}"
        );
    }
    assert_eq!(of(json!(["access"])), Err(VerifyErrorKind::Malformed));
    assert_eq!(
        kind_of(&verifier, &claims()),
        Err(VerifyErrorKind::WrongKind)
    );
}

#[test]
fn a_claim_has_one_meaning() {
    let refused = |builder: VerifierBuilder<Ready, Ready, Ready>| builder.build().is_err();
    assert!(refused(builder().subject_claim("")));
    assert!(refused(builder().subject_claim("client_id")));
    assert!(refused(builder().kind_claim("scope", "x")));
    assert!(refused(builder().client_claim("azp").subject_claim("azp")));
    assert!(!refused(builder().client_claim("azp").subject_claim("uid")));
}

/// An ID token is none whatever the shape of the access tokens, nor is a log-out
/// token.
#[test]
fn every_kind_is_guarded_against_id_and_logout_tokens() {
    let issuer = |shape: TokenShape| {
        let builder = TokenIssuer::builder(key(1)).shape(shape).clock(clock());
        builder.issuer(ISS).audience("api").build().unwrap()
    };
    let verifiers = [
        builder(),
        builder().kind_claim("type", "access"),
        builder().rfc9068(),
        issuer(TokenShape::plain()).verifier(),
        issuer(TokenShape::session()).verifier(),
        issuer(TokenShape::password_grant()).verifier(),
        issuer(TokenShape::api_key()).verifier(),
        issuer(TokenShape::rfc9068()).verifier(),
    ];
    let all = json!({
        "iss": ISS, "aud": "api", "sub": "alice", "identity": "alice", "user_id": "alice",
        "type": "access", "iat": NOW, "exp": NOW + 60, "jti": "j", "client_id": "c",
    });
    for verifier in verifiers.map(|builder| builder.build().unwrap()) {
        let judge = |claims: &Value| {
            let of = |typ: &str| {
                let header = format!(r#"{{"typ":"{typ}","alg":"HS256"}}"#);
                kind(&verifier, &signed(&key(1), &header, claims))
            };
            [of("JWT"), of("at+jwt")]
        };
        assert!(judge(&all).contains(&Ok(())), "{verifier:?}");
        for name in ["at_hash", "c_hash", "s_hash", "events"] {
            let mut other = all.clone();
            other[name] = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
            for result in judge(&other) {
                assert!(
                    matches!(
                        result,
                        Err(VerifyErrorKind::WrongKind | VerifyErrorKind::WrongType)
                    ),
                    "{name} {verifier:?} {result:?}"
                );
            }
        }
    }
}

#[test]
fn freshness_may_run_out() {
    let fresh = |value: Value| {
        let builder = builder().fresh_claim("fresh");
        read(builder, json!({"fresh": value})).is_fresh()
    };
    for (value, expected) in [
        (json!(true), true),
        (json!(false), false),
        (json!(null), false),
        (json!(NOW + 1), true),
        (json!(NOW as f64 + 0.5), true),
        (json!(NOW), false),
        (json!(NOW - 1), false),
        (json!(-1), false),
    ] {
        assert_eq!(fresh(value.clone()), expected, "{value}");
    }
    assert!(!read(builder(), json!({"fresh": true})).is_fresh());
    let verifier = builder().fresh_claim("fresh").build().unwrap();
    assert_eq!(
        kind_of(&verifier, &with("fresh", json!("true"))),
        Err(VerifyErrorKind::Malformed)
    );
}

#[test]
fn all_scopes_are_read_however_many() {
    let many: Vec<_> = (0..1500).map(|number| format!("s{number}")).collect();
    let repeated = ["a b c"; 1000].join(" ");
    let builder = || builder().max_token_size(64 * 1024);
    let scope = |value: Value| read(builder(), json!({"scope": value})).scope();
    assert_eq!(scope(json!(many.join(" "))).as_str(), many.join(" "));
    assert_eq!(scope(json!(many)).as_str(), many.join(" "));
    assert_eq!(scope(json!(repeated)).as_str(), "a b c");
}

#[test]
fn an_array_element_is_one_scope() {
    let verifier = builder().build().unwrap();
    for name in ["scope", "scp"] {
        let of = |scopes: Value| kind_of(&verifier, &with(name, scopes));
        assert_eq!(of(json!(["read", "write"])), Ok(()));
        // They grant nothing, and can be read in one way only.
        assert_eq!(of(json!(["", "\u{e9}"])), Ok(()));
        for bad in [json!(["read write"]), json!(["read", " "]), json!(["a "])] {
            assert_eq!(of(bad.clone()), Err(VerifyErrorKind::Malformed), "{bad}");
        }
    }
}

#[test]
fn what_is_configured_is_not_empty() {
    let refused = |builder: VerifierBuilder<Ready, Ready, Ready>| builder.build().is_err();
    assert!(!refused(builder()));
    assert!(refused(builder().subject_realm("")));
    assert!(refused(builder().subject_claim("")));
    assert!(refused(builder().kind_claim("typ", "")));
}
