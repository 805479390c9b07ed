//! Providers that are known by name, as the fake issuer stands in for them.

use portcullis::{
    jose::Algorithm,
    verify::{Tenants, VerifyErrorKind::*, providers::Provider},
};
use portcullis_remote::{Client, Issuer};
use portcullis_testing::{issuer::FakeIssuer, mint::AUDIENCE};

use crate::bench::{Bench, verifier, verify};

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

#[tokio::test]
async fn a_realm_of_keycloak() {
    let bench = Bench::new();
    let name = bench.fake.name();
    let server = name.strip_suffix("/realms/main").unwrap();
    let keycloak = Provider::keycloak(server, "main").unwrap();
    let issuer = Issuer::of(keycloak)
        .http_client(client())
        .allow_loopback_http()
        .clock(bench.clock.shared())
        .build()
        .unwrap();
    assert_eq!(issuer.name(), bench.fake.name());
    let verifier = verifier(&issuer);
    let token = |typ: &str| {
        let token = bench.fake.token("alice").header("typ", "JWT");
        token.claim("typ", typ).claim("azp", "web").build()
    };
    assert_eq!(verify(&verifier, &token("Bearer")).await, Ok(()));
    assert_eq!(verify(&verifier, &token("ID")).await, Err(WrongKind));
    let other = bench.fake.token("alice").claim("iss", "https://other.test");
    assert_eq!(verify(&verifier, &other.build()).await, Err(WrongIssuer));
}

/// The document names a pattern, tokens name their tenant, and only some are let in.
#[tokio::test]
async fn many_tenants_of_entra_id() {
    const OURS: &str = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
    const OTHERS: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    let bench = Bench::new();
    let fake = FakeIssuer::builder()
        .path("/organizations/v2.0")
        .algorithm(Algorithm::RS256)
        .clock(bench.clock.shared())
        .start();
    let name = fake.name();
    let server = name.strip_suffix("/organizations/v2.0").unwrap();
    let pattern = format!("{server}/{{tenantid}}/v2.0");
    fake.set_metadata("issuer", pattern.as_str());
    let entra = Provider::entra_id_organizations(Tenants::only([OURS]));
    let issuer = Issuer::of(entra.with_origin(server).unwrap())
        .http_client(client())
        .allow_loopback_http()
        .clock(bench.clock.shared())
        .connect()
        .await
        .unwrap();
    assert_eq!(issuer.name(), pattern);
    let verifier = issuer.verifier().audience(AUDIENCE).build().unwrap();
    let token = |tenant: &str| {
        let token = fake.token("alice").header("typ", "JWT");
        token
            .claim("iss", format!("{server}/{tenant}/v2.0"))
            .claim("tid", tenant)
            .claim("oid", "11111111-2222-3333-4444-555555555555")
            .claim("azp", "33333333-2222-3333-4444-555555555555")
            .claim("ver", "2.0")
            .claim("scp", "stations.read")
    };
    assert_eq!(verify(&verifier, &token(OURS).build()).await, Ok(()));
    assert_eq!(
        verify(&verifier, &token(OTHERS).build()).await,
        Err(WrongIssuer)
    );
    // Neither tenant may speak for the other.
    let mixed = token(OURS).claim("tid", OTHERS).build();
    assert!(verify(&verifier, &mixed).await.is_err());
    let without = token(OURS).without("scp").build();
    assert!(verify(&verifier, &without).await.is_err());
}

#[tokio::test]
async fn a_cluster_needs_its_files() {
    let kubernetes = Provider::kubernetes("https://kubernetes.default.svc").unwrap();
    let error = Issuer::of(kubernetes).build().unwrap_err().to_string();
    assert!(error.contains("/ca.crt"), "{error}");
    // They are for the cluster's own address only.
    let kubernetes = Provider::kubernetes("https://kubernetes.default.svc").unwrap();
    let elsewhere = Issuer::of(kubernetes).metadata_url("https://public.test/metadata");
    assert!(elsewhere.build().is_ok());
}
