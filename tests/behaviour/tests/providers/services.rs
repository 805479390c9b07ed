//! Google, GitHub Actions and Kubernetes: providers of tokens for services.

use VerifyErrorKind::*;
use portcullis::{
    jose::Algorithm,
    verify::{VerifyErrorKind, providers::Provider},
};
use portcullis_testing::keys;
use serde_json::json;

use crate::{shape, sign};

#[test]
fn google() {
    let shape = shape!("google");
    let app = "1234987819200.apps.googleusercontent.com";
    let phone = "407408718192.apps.googleusercontent.com";
    let provider = Provider::google();
    let verifier = shape.verifier(&provider, app);
    shape.check(
        &verifier,
        "id",
        &[
            (json!({}), Ok(())),
            (json!({"iss": "accounts.google.com"}), Ok(())),
            (
                json!({"iss": "http://accounts.google.com"}),
                Err(WrongIssuer),
            ),
            (
                json!({"iss": "https://accounts.google.com/"}),
                Err(WrongIssuer),
            ),
            (
                json!({"iss": "https://securetoken.google.com/project"}),
                Err(WrongIssuer),
            ),
            (json!({"aud": phone}), Err(WrongAudience)),
            // An app on a phone asked, for the service.
            (json!({"azp": phone}), Err(WrongAudience)),
            (
                json!({"azp": "10769150350006150715113082367"}),
                Err(WrongAudience),
            ),
            (json!({"sub": null}), Err(MissingClaim)),
        ],
    );
    // However the issuer writes itself, somebody is one and the same.
    let subject = |issuer: &str| {
        let token = shape
            .judge(&verifier, "id", &json!({"iss": issuer}))
            .unwrap();
        token.subject().unwrap()
    };
    assert_eq!(
        subject("accounts.google.com"),
        subject("https://accounts.google.com")
    );
    assert_eq!(
        subject("accounts.google.com").realm(),
        "https://accounts.google.com"
    );
    let phones = shape
        .builder(&provider, app)
        .authorized_parties([phone])
        .build()
        .unwrap();
    shape.check(&phones, "id", &[(json!({"azp": phone}), Ok(()))]);
    let one = shape
        .builder(&provider, app)
        .require_claim_value("hd", "example.com");
    let one = one.build().unwrap();
    shape.check(
        &one,
        "id",
        &[
            (json!({}), Ok(())),
            (json!({"hd": "other.example"}), Err(WrongClaim)),
            // A private account has none.
            (json!({"hd": null}), Err(WrongClaim)),
        ],
    );
}

#[test]
fn service_accounts_of_google() {
    let shape = shape!("google");
    let provider = Provider::google_service_accounts();
    let url = "https://stations.example.com";
    let verifier = shape.builder(&provider, url);
    let caller = [("email", "caller@example.iam.gserviceaccount.com")];
    let verifier = verifier.require_any_value(caller).build().unwrap();
    shape.check(
        &verifier,
        "service",
        &[
            (json!({}), Ok(())),
            (json!({"azp": "another account"}), Err(WrongAudience)),
            (
                json!({"aud": "https://other.example.com"}),
                Err(WrongAudience),
            ),
            (
                json!({"email": "caller@evil.iam.gserviceaccount.com"}),
                Err(WrongClaim),
            ),
            (json!({"email": null}), Err(WrongClaim)),
        ],
    );
    // They are no people who sign on.
    let people = shape.verifier(&Provider::google(), url);
    shape.check(&people, "service", &[(json!({}), Err(WrongAudience))]);
}

#[test]
fn github_actions() {
    let shape = shape!("github");
    let url = "https://stations.example.com";
    let of = |repositories: &[&str]| {
        shape.verifier(&Provider::github_actions(repositories).unwrap(), url)
    };
    shape.check(&of(&["octo-org/octo-repo"]), "id", &[
        (json!({}), Ok(())),
        (json!({"repository": "octo-org/other"}), Err(WrongClaim)),
        (json!({"repository": "evil/octo-repo", "repository_owner": "evil"}), Err(WrongClaim)),
        (json!({"repository": null}), Err(WrongClaim)),
        // Whoever is called so, whatever the subject says.
        (json!({"repository": "evil/x", "sub": "repo:octo-org/octo-repo:ref:refs/heads/main"}), Err(WrongClaim)),
        (json!({"aud": "https://github.com/octo-org"}), Err(WrongAudience)),
        (json!({"iss": "https://token.actions.githubusercontent.com/evil"}), Err(WrongIssuer)),
    ]);
    shape.check(
        &of(&["octo-org"]),
        "id",
        &[
            (json!({}), Ok(())),
            (json!({"repository": "octo-org/other"}), Ok(())),
            (json!({"repository_owner": "octo-org-2"}), Err(WrongClaim)),
        ],
    );
    shape.check(
        &of(&["weather", "octo-org/octo-repo"]),
        "id",
        &[
            (json!({}), Ok(())),
            (
                json!({"repository": "weather/x", "repository_owner": "weather"}),
                Ok(()),
            ),
            (json!({"repository": "octo-org/x"}), Err(WrongClaim)),
        ],
    );
    let provider = Provider::github_actions(["octo-org"]).unwrap();
    let by_id = shape
        .builder(&provider, url)
        .require_claim_value("repository_owner_id", "65");
    let by_id = by_id.build().unwrap();
    shape.check(
        &by_id,
        "id",
        &[
            (json!({}), Ok(())),
            // The name was given up, and somebody else has it now.
            (json!({"repository_owner_id": "66"}), Err(WrongClaim)),
        ],
    );
    let enterprise = "https://token.actions.githubusercontent.com/octo-enterprise";
    let own = Provider::github_actions_at(enterprise, ["octo-org"]).unwrap();
    shape.check(
        &shape.verifier(&own, url),
        "id",
        &[
            (json!({"iss": enterprise}), Ok(())),
            (json!({}), Err(WrongIssuer)),
        ],
    );
    assert!(Provider::github_actions([""; 0]).is_err());
    for bad in [
        "",
        "/",
        "octo-org/",
        "/x",
        "octo-org/*",
        "*",
        "a/b/c",
        "octo org",
        "repo:a/b",
    ] {
        assert!(Provider::github_actions([bad]).is_err(), "{bad}");
    }
}

#[test]
fn kubernetes() {
    let shape = shape!("kubernetes");
    let issuer = "https://kubernetes.default.svc.cluster.local";
    let provider = Provider::kubernetes(issuer).unwrap();
    let verifier = shape.verifier(&provider, "stations");
    shape.check(
        &verifier,
        "access",
        &[
            (json!({}), Ok(())),
            (json!({"aud": ["stations", "vault"]}), Ok(())),
            // What every pod has for the API server.
            (json!({"aud": [issuer]}), Err(WrongAudience)),
            (
                json!({"iss": "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"}),
                Err(WrongIssuer),
            ),
            // A token in a Secret, as clusters once made them.
            (
                json!({"iss": "kubernetes/serviceaccount", "aud": null, "exp": null}),
                Err(WrongIssuer),
            ),
            (json!({"exp": null}), Err(NeverExpires)),
            (json!({"kubernetes.io": null}), Err(MissingClaim)),
        ],
    );
    let token = shape.judge(&verifier, "access", &json!({})).unwrap();
    assert_eq!(
        token.subject_name(),
        Some("system:serviceaccount:weather:reader")
    );
    let one = shape.builder(&provider, "stations");
    let one = one.require_claim_value("sub", "system:serviceaccount:weather:reader");
    let one = one.build().unwrap();
    shape.check(
        &one,
        "access",
        &[
            (json!({}), Ok(())),
            (
                json!({"sub": "system:serviceaccount:other:reader"}),
                Err(WrongClaim),
            ),
        ],
    );
}

/// No provider's key set vouches for what another key has signed.
#[test]
fn other_keys_and_algorithms_are_refused() {
    let github = Provider::github_actions(["octo-org"]).unwrap();
    let shape = shape!("github");
    let url = "https://stations.example.com";
    let verifier = shape.verifier(&github, url);
    let claims = shape.claims("id", &json!({}));
    let forged = sign(
        &shape.0["header"],
        &claims,
        &keys::untrusted(Algorithm::RS256),
    );
    let kind = |token: &str| verifier.verify_now(token.as_bytes()).unwrap_err().kind();
    assert_eq!(kind(&forged), BadSignature);
    let mut header = shape.0["header"].clone();
    for alg in [Algorithm::PS256, Algorithm::RS512] {
        header["alg"] = json!(alg.name());
        let token = sign(&header, &claims, &keys::signing(alg));
        assert_eq!(kind(&token), UnknownKey, "{alg}");
    }
}
