//! Where each provider says what its keys are.

use portcullis::{
    jose::Algorithm,
    verify::{Tenants, providers::Provider},
};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

/// The issuer that the metadata names, and where the metadata is.
#[test]
fn issuers_and_metadata() {
    let tenants = || Tenants::only([TENANT]);
    let well_known = "/.well-known/openid-configuration";
    let microsoft = "https://login.microsoftonline.com";
    for (provider, issuer, metadata) in [
        (
            Provider::entra_id(TENANT),
            format!("{microsoft}/{TENANT}/v2.0"),
            format!("{microsoft}/{TENANT}/v2.0"),
        ),
        (
            Provider::entra_id_v1(TENANT),
            format!("https://sts.windows.net/{TENANT}/"),
            format!("{microsoft}/{TENANT}"),
        ),
        (
            Ok(Provider::entra_id_organizations(tenants())),
            format!("{microsoft}/{{tenantid}}/v2.0"),
            format!("{microsoft}/organizations/v2.0"),
        ),
        (
            Ok(Provider::entra_id_common(tenants())),
            format!("{microsoft}/{{tenantid}}/v2.0"),
            format!("{microsoft}/common/v2.0"),
        ),
        (
            Ok(Provider::entra_id_organizations_v1(tenants())),
            "https://sts.windows.net/{tenantid}/".to_owned(),
            format!("{microsoft}/organizations"),
        ),
        (
            Provider::entra_external_id("contoso", TENANT),
            format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0"),
            format!("https://contoso.ciamlogin.com/{TENANT}/v2.0"),
        ),
        (
            Provider::keycloak("https://login.example.com/auth/", "main"),
            "https://login.example.com/auth/realms/main".to_owned(),
            "https://login.example.com/auth/realms/main".to_owned(),
        ),
        (
            Provider::auth0("example.eu.auth0.com"),
            "https://example.eu.auth0.com/".to_owned(),
            "https://example.eu.auth0.com".to_owned(),
        ),
        (
            Provider::okta("example.okta.com", "default"),
            "https://example.okta.com/oauth2/default".to_owned(),
            "https://example.okta.com/oauth2/default".to_owned(),
        ),
        (
            Provider::cognito("eu-west-1", "eu-west-1_aBcDeFgHi"),
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi".to_owned(),
            "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi".to_owned(),
        ),
        (
            Provider::cognito("cn-north-1", "cn-north-1_aBcDeFgHi"),
            "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_aBcDeFgHi".to_owned(),
            "https://cognito-idp.cn-north-1.amazonaws.com.cn/cn-north-1_aBcDeFgHi".to_owned(),
        ),
        (
            Ok(Provider::google()),
            "https://accounts.google.com".to_owned(),
            "https://accounts.google.com".to_owned(),
        ),
        (
            Provider::github_actions(["octo-org"]),
            "https://token.actions.githubusercontent.com".to_owned(),
            "https://token.actions.githubusercontent.com".to_owned(),
        ),
        (
            Provider::kubernetes("https://oidc.example/id/1/"),
            "https://oidc.example/id/1/".to_owned(),
            "https://kubernetes.default.svc".to_owned(),
        ),
    ] {
        let provider = provider.unwrap();
        assert_eq!(provider.issuer(), issuer);
        assert_eq!(provider.metadata_url(), format!("{metadata}{well_known}"));
        assert!(
            provider.algorithms().contains(&Algorithm::RS256),
            "{}",
            provider.name()
        );
        assert!(provider.algorithms().iter().all(|alg| !alg.is_symmetric()));
    }
}

#[test]
fn names_that_are_none() {
    for bad in ["", "a/b", "..", "My Realm", "main/"] {
        assert!(
            Provider::keycloak("https://login.example.com", bad).is_err(),
            "{bad}"
        );
    }
    for bad in [
        "",
        "https://",
        "ftp://login.example.com",
        "https://a@b.example",
        "a b",
    ] {
        assert!(Provider::keycloak(bad, "main").is_err(), "{bad}");
        assert!(Provider::auth0(bad).is_err(), "{bad}");
        assert!(Provider::okta(bad, "default").is_err(), "{bad}");
        assert!(Provider::kubernetes(bad).is_err(), "{bad}");
        assert!(Provider::github_actions_at(bad, ["a"]).is_err(), "{bad}");
    }
    for (region, pool) in [
        ("", "_a"),
        ("eu-west-1", "us-east-1_a"),
        ("eu-west-1", "eu-west-1a"),
        ("eu-west-1/", "x"),
    ] {
        assert!(Provider::cognito(region, pool).is_err(), "{region} {pool}");
    }
}

/// A provider can be elsewhere, as a whole or only its metadata.
#[test]
fn providers_can_be_moved() {
    let moved = |provider: Provider| provider.with_origin("http://127.0.0.1:8080").unwrap();
    let entra = moved(Provider::entra_id(TENANT).unwrap());
    assert_eq!(
        entra.issuer(),
        format!("http://127.0.0.1:8080/{TENANT}/v2.0")
    );
    assert!(entra.metadata_url().starts_with(entra.issuer()));
    // The issuer of version 1 is not where its metadata is.
    let one = moved(Provider::entra_id_v1(TENANT).unwrap());
    assert_eq!(one.issuer(), format!("https://sts.windows.net/{TENANT}/"));
    assert!(one.metadata_url().starts_with("http://127.0.0.1:8080/"));
    let many = moved(Provider::entra_id_organizations(Tenants::only([TENANT])));
    assert_eq!(many.issuer(), "http://127.0.0.1:8080/{tenantid}/v2.0");
    assert_eq!(moved(Provider::google()).issuer(), "http://127.0.0.1:8080");
    let cluster = Provider::kubernetes("https://kubernetes.default.svc.cluster.local").unwrap();
    let elsewhere = moved(cluster.clone());
    assert_eq!(
        elsewhere.issuer(),
        "https://kubernetes.default.svc.cluster.local"
    );
    assert_eq!(
        elsewhere.keys_url(),
        Some("http://127.0.0.1:8080/openid/v1/jwks")
    );
    let file = |path: Option<&std::path::Path>| path.unwrap().to_str().unwrap().to_owned();
    let mounted = "/var/run/secrets/kubernetes.io/serviceaccount";
    assert_eq!(file(cluster.ca_file()), format!("{mounted}/ca.crt"));
    assert_eq!(file(cluster.bearer_file()), format!("{mounted}/token"));
    let public = cluster.with_metadata_url("https://oidc.example/doc");
    assert_eq!(public.metadata_url(), "https://oidc.example/doc");
    assert!(public.keys_url().is_none() && public.bearer_file().is_none());
    assert!(public.ca_file().is_none());
    for bad in ["", "https://a.example/path", "https://a.example?x"] {
        assert!(Provider::google().with_origin(bad).is_err(), "{bad}");
    }
}
