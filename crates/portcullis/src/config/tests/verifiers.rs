//! Verifiers.

use serde_json::{Value, json};

use super::{build, config, paths, problems, with};
use crate::{
    issue::{AccessToken, TokenIssuer, TokenShape},
    jose::{Algorithm, KeySet, SigningKey},
    subject::Subject,
    verify::VerifyErrorKind,
};

const ISSUER: &str = "https://issuer.example";
const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

struct Bench {
    issuer: TokenIssuer,
    /// What trusts it.
    json: Value,
}

impl Bench {
    fn new() -> Self {
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let keys = KeySet::from(key.verifying_key()).public_jwks();
        let issuer = TokenIssuer::builder(key)
            .shape(TokenShape::api_key())
            .issuer(ISSUER)
            .audience("stations")
            .build();
        Self {
            issuer: issuer.unwrap(),
            json: json!({ "issuer": ISSUER, "audience": "stations", "keys": keys }),
        }
    }

    /// What a verifier of this configuration says of a token.
    fn verdict(&self, json: &Value) -> Result<(), VerifyErrorKind> {
        let alice = Subject::new("apis", "alice");
        let mut claims = serde_json::Map::new();
        claims.insert("org".to_owned(), "acme".into());
        let token = AccessToken::new(&alice).client("mobile").claims(&claims);
        let token = self.issuer.access(&token).unwrap();
        let verifier = build(json).unwrap_or_else(|problems| panic!("{problems}: {json}"));
        let verified = verifier.verify_now(token.token().expose().as_bytes());
        verified.map(|_| ()).map_err(|error| error.kind())
    }
}

#[test]
fn each_setting_does_what_the_builders_does() {
    use VerifyErrorKind::*;
    let bench = Bench::new();
    for (more, expected) in [
        (json!({}), Ok(())),
        (json!({ "issuer": [ISSUER, "issuer.example"] }), Ok(())),
        (
            json!({ "issuer": "https://other.example" }),
            Err(WrongIssuer),
        ),
        (
            json!({ "issuer": [], "dangerous": { "any_issuer": true } }),
            Ok(()),
        ),
        (json!({ "audience": ["sites", "stations"] }), Ok(())),
        (json!({ "audience": "sites" }), Err(WrongAudience)),
        (
            json!({ "audience": [], "dangerous": { "any_audience": true } }),
            Ok(()),
        ),
        (
            json!({ "audience": [], "dangerous": { "no_audience": true } }),
            Err(WrongAudience),
        ),
        (json!({ "algorithms": ["ES256", "RS256"] }), Ok(())),
        (json!({ "rfc9068": true }), Err(WrongType)),
        (json!({ "require_claims": "org" }), Ok(())),
        (
            json!({ "require_claims": ["org", "team"] }),
            Err(MissingClaim),
        ),
        (json!({ "require_any_claim": ["team", "org"] }), Ok(())),
        (json!({ "require_any_claim": "team" }), Err(MissingClaim)),
        (json!({ "require_claim_values": { "org": "acme" } }), Ok(())),
        (
            json!({ "require_claim_values": { "org": ["initech", "acme"] } }),
            Ok(()),
        ),
        (
            json!({ "require_claim_values": { "org": "initech" } }),
            Err(WrongClaim),
        ),
        (json!({ "refuse_claims": "team" }), Ok(())),
        (
            json!({ "subject_claim": "org", "subject_realm": "orgs" }),
            Ok(()),
        ),
        (
            json!({ "subject_claim": "team", "require_claims": "team" }),
            Err(MissingClaim),
        ),
        (
            json!({ "kind_claim": { "name": "org", "access": "acme" } }),
            Ok(()),
        ),
        (
            json!({ "kind_claim": { "name": "org", "access": "Bearer" } }),
            Err(WrongKind),
        ),
        (
            json!({ "audience_claim": "org", "audience": ["stations", "acme"] }),
            Ok(()),
        ),
        (json!({ "audience_claim": "org" }), Err(WrongAudience)),
        (json!({ "max_lifetime": "1h" }), Ok(())),
        (json!({ "max_lifetime": "1m" }), Err(LivesTooLong)),
        (json!({ "max_age": "1h", "leeway": "5s" }), Ok(())),
        (json!({ "max_token_size": 20 }), Err(TooLarge)),
        (json!({ "max_header_size": 20 }), Err(TooLarge)),
        (json!({ "cache": {} }), Ok(())),
        (
            json!({ "cache": { "max_bytes": 1_000_000, "shared_secrets": true } }),
            Ok(()),
        ),
    ] {
        let json = with(&bench.json, more);
        assert_eq!(bench.verdict(&json), expected, "{json}");
    }
    assert_eq!(bench.verdict(&json!([bench.json])), Ok(()));
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let bench = Bench::new();
    let missing = problems(&json!({}));
    assert_eq!(paths(&missing), ["issuer", "audience", ""]);
    for (more, expected) in [
        (
            json!({ "issuer": "", "audience": [], "max_age": "0s", "leeway": "1s",
                "require_claims": ["a", ""], "cache": { "max_bytes": 0 }, "jwks_uri": "x" }),
            &[
                "issuer",
                "audience",
                "max_age",
                "require_claims",
                "cache.max_bytes",
                "jwks_uri",
            ][..],
        ),
        (
            json!({ "dangerous": { "any_issuer": true, "any_audience": true } }),
            &["dangerous.any_issuer", "audience"],
        ),
        (
            json!({ "provider": { "auth0": { "domain": "a b" } }, "tenants": TENANT }),
            &["provider", "issuer", "tenants"],
        ),
        (
            json!({ "provider_origin": "https://a.example" }),
            &["provider_origin"],
        ),
        (
            json!({ "issuer": ["a", "b"], "tenants": TENANT }),
            &["tenants"],
        ),
        (json!({ "tenants": TENANT }), &[""]),
        (
            json!({ "stale_limit": "1h", "bearer_file": "x" }),
            &["stale_limit", "bearer_file"],
        ),
        (json!({ "rfc9068": true, "id_tokens": true }), &[""]),
        (json!({ "subject_claim": "exp" }), &[""]),
        (
            json!({ "kind_claim": { "name": "", "access": "a", "refresh": "r" } }),
            &["kind_claim", "kind_claim.refresh"],
        ),
        (
            json!({ "require_claim_values": { "org": [] } }),
            &["require_claim_values.org"],
        ),
    ] {
        let json = with(&bench.json, more);
        let found = problems(&json);
        assert_eq!(paths(&found), expected, "{json}: {found}");
        let found = problems(&json!([bench.json, json]));
        let listed = expected.iter().map(|path| match *path {
            "" => "[1]".to_owned(),
            path => format!("[1].{path}"),
        });
        assert_eq!(paths(&found), listed.collect::<Vec<_>>(), "{json}: {found}");
    }
}

#[test]
fn issuers_of_a_list_are_told_apart() {
    let bench = Bench::new();
    let twice = problems(&json!([bench.json, bench.json]));
    assert_eq!(paths(&twice), [""]);
    assert!(twice.to_string().contains("never"), "{twice}");
    assert_eq!(paths(&problems(&json!([]))), [""]);
    let other = with(&bench.json, json!({ "issuer": "https://other.example" }));
    assert_eq!(bench.verdict(&json!([other, bench.json])), Ok(()));
}

#[test]
fn providers_are_built_by_name() {
    let bench = Bench::new();
    let keys = bench.json["keys"].clone();
    for provider in [
        json!("google"),
        json!("google_service_accounts"),
        json!({ "auth0": { "domain": "dev.eu.auth0.com" } }),
        json!({ "cognito": { "region": "eu-west-1", "pool": "eu-west-1_aB3" } }),
        json!({ "entra_id": { "tenant": TENANT } }),
        json!({ "entra_id": { "tenant": TENANT, "version_1": true } }),
        json!({ "entra_id": { "tenants": [TENANT] } }),
        json!({ "entra_id": { "tenants": TENANT, "version_1": true } }),
        json!({ "entra_id": { "tenants": TENANT, "personal_accounts": true } }),
        json!({ "entra_external_id": { "domain": "contoso", "tenant": TENANT } }),
        json!({ "github_actions": { "repositories": "octo-org/weather" } }),
        json!({ "github_actions": {
            "repositories": ["octo-org"], "issuer": "https://github.example/_services/token" } }),
        json!({ "keycloak": { "base": "https://login.example.com", "realm": "main" } }),
        json!({ "kubernetes": { "issuer": "https://kubernetes.default.svc" } }),
        json!({ "okta": { "domain": "dev.okta.com", "server": "default" } }),
    ] {
        let json = json!({ "provider": provider, "audience": "api", "keys": keys,
            "algorithms": "ES256" });
        assert!(build(&json).is_ok(), "{json}");
    }
    for bad in [
        json!({ "tenant": "contoso" }),
        json!({ "tenant": TENANT, "tenants": TENANT }),
        json!({}),
        json!({ "tenant": TENANT, "personal_accounts": true }),
        json!({ "tenants": TENANT, "personal_accounts": true, "version_1": true }),
    ] {
        let json = json!({ "provider": { "entra_id": bad }, "audience": "api", "keys": keys,
            "algorithms": "ES256" });
        assert_eq!(paths(&problems(&json)), ["provider"], "{json}");
    }
}

#[test]
fn the_application_has_the_last_word() {
    let bench = Bench::new();
    let config = config(&bench.json);
    let verifier = config
        .build_with(|issuer, builder| {
            assert_eq!(*issuer.issuer, [ISSUER]);
            builder.check(|_| Err(crate::verify::VerifyError::custom("not today")))
        })
        .unwrap();
    let alice = Subject::new("apis", "alice");
    let token = bench.issuer.access(&AccessToken::new(&alice)).unwrap();
    let error = verifier.verify_now(token.token().expose().as_bytes());
    assert_eq!(error.unwrap_err().kind(), VerifyErrorKind::Custom);
}

#[test]
fn what_nobody_knows_is_refused_while_it_is_read() {
    let bench = Bench::new();
    for (more, message) in [
        (json!({ "audiance": "x" }), "unknown field `audiance`"),
        (
            json!({ "dangerous": { "all": true } }),
            "unknown field `all`",
        ),
        (json!({ "leeway": 30 }), "invalid type: integer `30`"),
        (json!({ "leeway": "30" }), "the unit is missing"),
        (json!({ "leeway": "soon" }), "expected a span of time"),
        (
            json!({ "algorithms": "none" }),
            "unknown signature algorithm",
        ),
        (
            json!({ "audience": 7 }),
            "expected a text or a list of texts",
        ),
        (json!({ "provider": "yahoo" }), "unknown variant `yahoo`"),
    ] {
        let json = with(&bench.json, more);
        for json in [json.clone(), json!([json])] {
            let error = serde_json::from_value::<super::VerifierConfig>(json).unwrap_err();
            assert!(error.to_string().contains(message), "{error}");
        }
    }
    assert!(serde_json::from_value::<super::VerifierConfig>(json!("issuer")).is_err());
}
