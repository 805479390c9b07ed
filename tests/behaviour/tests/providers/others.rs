//! Keycloak, Auth0, Okta and Cognito: providers of access tokens.

use VerifyErrorKind::*;
use portcullis::{
    jose::Algorithm,
    policy::Policy,
    verify::{Verifier, VerifyErrorKind, providers::Provider},
};
use portcullis_testing::keys;
use serde_json::json;

use crate::{shape, sign};

#[test]
fn keycloak() {
    let shape = shape!("keycloak");
    let provider = Provider::keycloak("https://login.example.com/", "main").unwrap();
    // The key for encryption is left out.
    assert_eq!(shape.keys(&provider).len(), 1);
    let verifier = shape.verifier(&provider, "stations-api");
    shape.check(
        &verifier,
        "access",
        &[
            (json!({}), Ok(())),
            (json!({"aud": "stations-api"}), Ok(())),
            // Without an audience mapper.
            (json!({"aud": "account"}), Err(WrongAudience)),
            (json!({"aud": null}), Err(WrongAudience)),
            // Other tokens of the same keys.
            (json!({"typ": "ID"}), Err(WrongKind)),
            (json!({"typ": "Refresh"}), Err(WrongKind)),
            (json!({"typ": "Offline"}), Err(WrongKind)),
            (json!({"typ": "Logout"}), Err(WrongKind)),
            (json!({"typ": "bearer"}), Err(WrongKind)),
            (json!({"typ": null}), Err(WrongKind)),
            (
                json!({"iss": "https://login.example.com/realms/other"}),
                Err(WrongIssuer),
            ),
            (
                json!({"iss": "https://login.example.com/auth/realms/main"}),
                Err(WrongIssuer),
            ),
            (
                json!({"iss": "http://login.example.com/realms/main"}),
                Err(WrongIssuer),
            ),
        ],
    );
    // The client is an API too, and got an ID token for itself.
    let web = shape.verifier(&provider, "web");
    shape.check(
        &web,
        "id",
        &[
            (json!({}), Err(WrongKind)),
            (json!({"at_hash": null}), Err(WrongKind)),
        ],
    );
    let sign_on = shape.verifier(&provider.clone().id_tokens(), "web");
    shape.check(
        &sign_on,
        "id",
        &[
            (json!({}), Ok(())),
            (json!({"typ": "Bearer"}), Err(WrongKind)),
            (json!({"azp": "other"}), Err(WrongAudience)),
        ],
    );
    shape.check(
        &sign_on,
        "access",
        &[
            (json!({}), Err(WrongAudience)),
            (json!({"aud": "web"}), Err(WrongKind)),
        ],
    );
    let token = shape.judge(&verifier, "access", &json!({})).unwrap();
    assert_eq!(token.client_id(), Some("web"));
    assert_eq!(token.scope().as_str(), "openid email profile");
    let holds = |policy: Policy| policy.check(&token).is_ok();
    assert!(holds(Policy::role(provider.role_path(), "operator")));
    assert!(!holds(Policy::role(provider.role_path(), "editor")));
    assert!(holds(Policy::role(
        ["resource_access", "stations-api", "roles"],
        "editor"
    )));
    assert!(!holds(Policy::role(
        ["resource_access", "account", "roles"],
        "editor"
    )));
}

#[test]
fn auth0() {
    let shape = shape!("auth0");
    let provider = Provider::auth0("example.eu.auth0.com").unwrap();
    let verifier = shape.verifier(&provider, "https://api.example.com");
    shape.check(
        &verifier,
        "access",
        &[
            (json!({}), Ok(())),
            (json!({"aud": "https://api.example.com"}), Ok(())),
            (
                json!({"aud": "https://example.eu.auth0.com/userinfo"}),
                Err(WrongAudience),
            ),
            (
                json!({"aud": "https://api.example.com/"}),
                Err(WrongAudience),
            ),
            (
                json!({"iss": "https://example.eu.auth0.com"}),
                Err(WrongIssuer),
            ),
            (
                json!({"iss": "https://other.eu.auth0.com/"}),
                Err(WrongIssuer),
            ),
        ],
    );
    shape.check(&verifier, "id", &[(json!({}), Err(WrongAudience))]);
    // An API that is called as the client is.
    let client = shape.verifier(&provider, "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja");
    shape.check(&client, "id", &[(json!({}), Err(MissingClaim))]);
    let sign_on = shape.verifier(
        &provider.clone().id_tokens(),
        "K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja",
    );
    shape.check(&sign_on, "id", &[(json!({}), Ok(()))]);
    shape.check(&sign_on, "access", &[(json!({}), Err(WrongAudience))]);
    let token = shape.judge(&verifier, "access", &json!({})).unwrap();
    assert_eq!(token.client_id(), Some("K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja"));
    assert!(
        Policy::role(provider.role_path(), "read:stations")
            .check(&token)
            .is_ok()
    );
    assert!(
        Policy::role(provider.role_path(), "write:stations")
            .check(&token)
            .is_err()
    );
    // The RFC 9068 token profile.
    let verifier = shape.builder(&provider, "https://api.example.com");
    let verifier = verifier
        .client_claim("client_id")
        .rfc9068()
        .build()
        .unwrap();
    let claims = shape.claims(
        "access",
        &json!({"azp": null, "client_id": "K1", "jti": "j"}),
    );
    let mut header = shape.0["header"].clone();
    header["typ"] = json!("at+jwt");
    let token = sign(&header, &claims, &keys::signing(Algorithm::RS256));
    assert_eq!(
        verifier.verify_now(token.as_bytes()).unwrap().client_id(),
        Some("K1")
    );
}

#[test]
fn okta() {
    let shape = shape!("okta");
    let provider = Provider::okta("example.okta.com", "default").unwrap();
    let verifier = shape.verifier(&provider, "api://default");
    shape.check(
        &verifier,
        "access",
        &[
            (json!({}), Ok(())),
            // A service that acts for itself.
            (json!({"uid": null, "sub": "nmdP1fcyvdVO11AL7ECm"}), Ok(())),
            (json!({"cid": null}), Err(MissingClaim)),
            (json!({"aud": "api://other"}), Err(WrongAudience)),
            (
                json!({"iss": "https://example.okta.com/oauth2/aus9o8wvkhckw9TLa0h7"}),
                Err(WrongIssuer),
            ),
        ],
    );
    // An ID token, for an API that is called as the client is.
    let client = shape.verifier(&provider, "nmdP1fcyvdVO11AL7ECm");
    shape.check(
        &client,
        "id",
        &[
            (json!({}), Err(MissingClaim)),
            (json!({"cid": "nmdP1fcyvdVO11AL7ECm"}), Err(WrongKind)),
        ],
    );
    let sign_on = shape.verifier(&provider.clone().id_tokens(), "nmdP1fcyvdVO11AL7ECm");
    shape.check(&sign_on, "id", &[(json!({}), Ok(()))]);
    shape.check(
        &sign_on,
        "access",
        &[
            (json!({}), Err(WrongAudience)),
            (json!({"aud": "nmdP1fcyvdVO11AL7ECm"}), Err(WrongKind)),
        ],
    );
    let token = shape.judge(&verifier, "access", &json!({})).unwrap();
    assert_eq!(token.subject_name(), Some("00uid4BxXw6I6TV4m0g3"));
    assert_eq!(token.client_id(), Some("nmdP1fcyvdVO11AL7ECm"));
    assert_eq!(token.scope().as_str(), "openid stations:read");
    assert!(
        Policy::role(provider.role_path(), "operators")
            .check(&token)
            .is_ok()
    );
}

/// Its keys are Okta's own, so that all the verifier could say is that it knows none.
#[test]
fn a_token_of_oktas_org_server_is_named_as_such() {
    let shape = shape!("okta");
    let provider = Provider::okta("https://example.okta.com/", "default").unwrap();
    let org = json!({"iss": "https://example.okta.com", "aud": "https://example.okta.com"});
    let header = json!({"alg": "RS256", "kid": "a key that Okta keeps to itself"});
    let key = keys::untrusted(Algorithm::RS256);
    let token = sign(&header, &shape.claims("access", &org), &key);
    let alone = shape.verifier(&provider, "api://default");
    let other = Provider::keycloak("https://login.example.com", "main").unwrap();
    let other = shape!("keycloak").verifier(&other, "api://default");
    let combined = Verifier::combine([alone.clone(), other]).unwrap();
    for verifier in [&alone, &combined] {
        let error = verifier.verify_now(token.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), WrongIssuer);
        assert!(
            error.to_string().contains("org authorization server"),
            "{error}"
        );
    }
    // Any other key that is not known is just that.
    let token = sign(&header, &shape.claims("access", &json!({})), &key);
    assert_eq!(
        alone.verify_now(token.as_bytes()).unwrap_err().kind(),
        UnknownKey
    );
    let error = Provider::okta("example.okta.com", "")
        .unwrap_err()
        .to_string();
    assert!(error.contains("org authorization server"), "{error}");
}

#[test]
fn cognito() {
    let shape = shape!("cognito");
    let provider = Provider::cognito("eu-west-1", "eu-west-1_aBcDeFgHi").unwrap();
    let verifier = shape.verifier(&provider, "1example23456789");
    shape.check(
        &verifier,
        "access",
        &[
            (json!({}), Ok(())),
            (json!({"client_id": "another app"}), Err(WrongAudience)),
            (json!({"client_id": null}), Err(WrongAudience)),
            (json!({"token_use": "id"}), Err(WrongKind)),
            (json!({"token_use": null}), Err(WrongKind)),
            // Asked for with a resource, which is not this one.
            (
                json!({"aud": "https://other.example.com"}),
                Err(WrongAudience),
            ),
            (
                json!({"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_other"}),
                Err(WrongIssuer),
            ),
            (
                json!({"iss": "https://cognito-idp.us-east-1.amazonaws.com/eu-west-1_aBcDeFgHi"}),
                Err(WrongIssuer),
            ),
        ],
    );
    shape.check(
        &verifier,
        "id",
        &[
            (json!({}), Err(WrongKind)),
            (json!({"at_hash": null}), Err(WrongKind)),
            (
                json!({"at_hash": null, "token_use": "access"}),
                Err(WrongAudience),
            ),
            (json!({"client_id": "1example23456789"}), Err(WrongKind)),
            (
                json!({"client_id": "1example23456789", "at_hash": null}),
                Err(WrongKind),
            ),
        ],
    );
    let sign_on = shape.verifier(&provider.clone().id_tokens(), "1example23456789");
    shape.check(
        &sign_on,
        "id",
        &[
            (json!({}), Ok(())),
            (json!({"token_use": "access"}), Err(WrongKind)),
        ],
    );
    shape.check(&sign_on, "access", &[(json!({}), Err(WrongAudience))]);
    let token = shape.judge(&verifier, "access", &json!({})).unwrap();
    assert_eq!(token.client_id(), Some("1example23456789"));
    assert_eq!(token.scope().as_str(), "phone openid stations/read");
    assert!(
        Policy::role(provider.role_path(), "operators")
            .check(&token)
            .is_ok()
    );
    // Two apps of one pool, and a resource.
    let builder = || {
        Verifier::builder()
            .keys(shape.keys(&provider))
            .clock(crate::clock())
    };
    let both = provider
        .apply(builder())
        .audiences(["1example23456789", "https://api.example.com"]);
    let both = both.build().unwrap();
    shape.check(
        &both,
        "access",
        &[
            (json!({}), Ok(())),
            (json!({"aud": "https://api.example.com"}), Ok(())),
            (
                json!({"aud": "https://other.example.com"}),
                Err(WrongAudience),
            ),
        ],
    );
}
