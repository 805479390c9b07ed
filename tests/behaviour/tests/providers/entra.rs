//! Microsoft Entra ID.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use VerifyErrorKind::*;
use portcullis::{
    jose::Algorithm,
    policy::Policy,
    verify::{Tenants, TokenCache, Verifier, VerifyErrorKind, providers::Provider},
};
use portcullis_testing::keys;
use serde_json::{Value, json};

use crate::{clock, shape, sign};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const OTHER: &str = "8eaef023-2b34-4da1-9baa-8bc8c9d6a490";
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const API: &str = "6e74172b-be56-4843-9ff4-e66a39bb12e3";
const CLIENT: &str = "75dbe77f-10a3-4e59-85fd-8c127544f17c";

fn v2(tenant: &str) -> String {
    format!("https://login.microsoftonline.com/{tenant}/v2.0")
}

#[test]
fn access_tokens_of_version_2() {
    let shape = shape!("entra_v2");
    let provider = Provider::entra_id(TENANT).unwrap();
    let verifier = shape.verifier(&provider, API);
    shape.check(
        &verifier,
        "access",
        &[
            (json!({}), Ok(())),
            // A service that acts for itself.
            (
                json!({"scp": null, "roles": ["Stations.Read.All"], "idtyp": "app"}),
                Ok(()),
            ),
            (json!({"scp": null}), Err(MissingClaim)),
            (json!({"scp": "", "roles": []}), Err(MissingClaim)),
            (json!({"azp": null}), Err(MissingClaim)),
            (json!({"aud": CLIENT}), Err(WrongAudience)),
            (
                json!({"aud": "00000003-0000-0000-c000-000000000000"}),
                Err(WrongAudience),
            ),
            (json!({"iss": v2(OTHER), "tid": OTHER}), Err(WrongIssuer)),
            (json!({"iss": v2("common")}), Err(WrongIssuer)),
            (json!({"iss": v2("{tenantid}")}), Err(WrongIssuer)),
            (
                json!({"iss": format!("https://sts.windows.net/{TENANT}/")}),
                Err(WrongIssuer),
            ),
        ],
    );
    // An ID token of an application that is client and API in one.
    shape.check(
        &verifier,
        "id",
        &[
            (json!({}), Err(MissingClaim)),
            (json!({"roles": ["Admin"]}), Err(MissingClaim)),
            (json!({"roles": ["Admin"], "scp": "x"}), Err(MissingClaim)),
        ],
    );
    let token = shape
        .judge(&verifier, "access", &json!({"roles": ["operator"]}))
        .unwrap();
    assert_eq!(
        token.subject_name(),
        Some("690222be-ff1a-4d56-abd1-7e4f7d38e474")
    );
    assert_eq!(token.subject_realm(), v2(TENANT));
    assert_eq!(token.client_id(), Some(CLIENT));
    assert_eq!(token.scope().as_str(), "Stations.Read Stations.Write");
    assert!(
        Policy::role(provider.role_path(), "operator")
            .check(&token)
            .is_ok()
    );
}

#[test]
fn access_tokens_of_version_1() {
    let shape = shape!("entra_v1");
    let provider = Provider::entra_id_v1(TENANT).unwrap();
    let verifier = shape.verifier(&provider, &format!("api://{API}"));
    shape.check(
        &verifier,
        "access",
        &[
            (json!({}), Ok(())),
            (json!({"appid": null}), Err(MissingClaim)),
            (json!({"scp": null}), Err(MissingClaim)),
            (json!({"iss": v2(TENANT)}), Err(WrongIssuer)),
            (
                json!({"iss": format!("https://sts.windows.net/{TENANT}")}),
                Err(WrongIssuer),
            ),
            (
                json!({"iss": format!("https://sts.windows.net/{OTHER}/")}),
                Err(WrongIssuer),
            ),
        ],
    );
    let token = shape.judge(&verifier, "access", &json!({})).unwrap();
    assert_eq!(token.client_id(), Some(CLIENT));
    // Its keys may name the issuer as version 2 does, and no other.
    for (issuer, expected) in [
        (v2(TENANT), Ok(())),
        (v2("{tenantid}"), Ok(())),
        ("https://sts.windows.net/{tenantid}/".to_owned(), Ok(())),
        (v2(OTHER), Err(UnknownKey)),
        (v2(PERSONAL), Err(UnknownKey)),
    ] {
        let mut shape = shape!("entra_v1");
        shape.0["jwks"]["keys"][0]["issuer"] = issuer.into();
        let verifier = shape.verifier(&provider, &format!("api://{API}"));
        shape.check(&verifier, "access", &[(json!({}), expected)]);
    }
}

/// The mistake that is made most often.
#[test]
fn the_other_version_is_named() {
    let (one, two) = (shape!("entra_v1"), shape!("entra_v2"));
    let provider = Provider::entra_id(TENANT).unwrap();
    let verifier = two.verifier(&provider, API);
    let error = one.judge(&verifier, "access", &json!({})).unwrap_err();
    assert_eq!(error.kind(), WrongIssuer);
    assert!(
        error
            .to_string()
            .contains("`requestedAccessTokenVersion` to 2"),
        "{error}"
    );
    let provider = Provider::entra_id_v1(TENANT).unwrap();
    let verifier = one.verifier(&provider, API);
    let error = two.judge(&verifier, "access", &json!({})).unwrap_err();
    assert!(error.to_string().contains("version 2"), "{error}");
    // Both at once are two verifiers.
    let both = [
        two.verifier(&Provider::entra_id(TENANT).unwrap(), API),
        one.verifier(
            &Provider::entra_id_v1(TENANT).unwrap(),
            &format!("api://{API}"),
        ),
    ];
    let both = Verifier::combine(both).unwrap();
    one.check(&both, "access", &[(json!({}), Ok(()))]);
    two.check(&both, "access", &[(json!({}), Ok(()))]);
}

#[test]
fn id_tokens_for_signing_on() {
    let shape = shape!("entra_v2");
    let provider = Provider::entra_id(TENANT).unwrap().id_tokens();
    let verifier = shape.verifier(&provider, API);
    shape.check(
        &verifier,
        "id",
        &[
            (json!({}), Ok(())),
            (json!({"roles": ["Admin"]}), Ok(())),
            (json!({"azp": API}), Ok(())),
            (json!({"tid": null}), Err(MissingClaim)),
            (json!({"tid": OTHER}), Err(WrongClaim)),
            (json!({"oid": null}), Err(MissingClaim)),
            (json!({"aud": CLIENT}), Err(WrongAudience)),
            (
                json!({"aud": [API, CLIENT], "azp": API}),
                Err(WrongAudience),
            ),
            (json!({"azp": CLIENT}), Err(WrongAudience)),
            (json!({"scp": "x"}), Err(WrongKind)),
            (json!({"azpacr": "0"}), Err(WrongKind)),
            (json!({"appidacr": "0"}), Err(WrongKind)),
            (json!({"idtyp": "user"}), Err(WrongKind)),
            (json!({"events": {}}), Err(WrongKind)),
        ],
    );
    // An access token for the same application.
    shape.check(
        &verifier,
        "access",
        &[
            (json!({}), Err(WrongAudience)),
            (json!({"azp": null}), Err(WrongKind)),
            (json!({"azp": API}), Err(WrongKind)),
        ],
    );
}

#[test]
fn tenants_that_are_named() {
    let shape = shape!("entra_common");
    let tenants = Tenants::only([TENANT.to_uppercase().as_str(), PERSONAL]);
    let provider = Provider::entra_id_organizations(tenants);
    let verifier = shape.verifier(&provider, API);
    let of = |tenant: &str| json!({"iss": v2(tenant), "tid": tenant});
    shape.check(
        &verifier,
        "access",
        &[
            (of(TENANT), Ok(())),
            (of(OTHER), Err(WrongIssuer)),
            (json!({"iss": v2(TENANT), "tid": PERSONAL}), Err(WrongClaim)),
            (json!({"tid": null}), Err(WrongClaim)),
            (json!({"tid": [TENANT]}), Err(WrongClaim)),
            (of("common"), Err(WrongIssuer)),
            (of("{tenantid}"), Err(WrongIssuer)),
            (of(&TENANT.to_uppercase()), Err(WrongIssuer)),
            // With a key for work and school.
            (of(PERSONAL), Ok(())),
        ],
    );
    let token = shape.judge(&verifier, "access", &of(TENANT)).unwrap();
    assert_eq!(token.subject_realm(), v2(TENANT));
}

#[test]
fn a_key_is_for_the_issuer_that_it_names() {
    let shape = shape!("entra_common");
    let tenants = Tenants::only([TENANT, PERSONAL]);
    let provider = Provider::entra_id_common(tenants);
    let cached = |keys| {
        let builder = Verifier::builder().keys(keys).clock(clock());
        let builder = provider.apply(builder).audience(API);
        builder.cache(TokenCache::new()).build().unwrap()
    };
    let verifier = cached(shape.keys(&provider));
    let of = |tenant: &str| shape.claims("access", &json!({"iss": v2(tenant), "tid": tenant}));
    let personal = keys::untrusted(Algorithm::RS256);
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "8IIDH6M8c3cXoeojKme8Jvqsr2Y"});
    // Twice: the header is known by then, and the good token too.
    for _ in 0..2 {
        for (tenant, expected) in [(PERSONAL, Ok(())), (TENANT, Err(UnknownKey))] {
            let token = sign(&header, &of(tenant), &personal);
            let found = verifier.verify_now(token.as_bytes());
            assert_eq!(
                found.map(drop).map_err(|error| error.kind()),
                expected,
                "{tenant}"
            );
        }
    }
    let error = verifier.verify_now(sign(&header, &of(TENANT), &personal).as_bytes());
    let error = error.unwrap_err().to_string();
    for part in ["9188040d-6c67", "72f988bf-86f1"] {
        assert!(error.contains(part), "{error}");
    }
    // The same key once more, for others: then it is for both, in whatever order.
    for swapped in [false, true] {
        let mut document = shape.0["jwks"].clone();
        let all = document["keys"].as_array_mut().unwrap();
        let mut twin = all[1].clone();
        twin["issuer"] = v2(TENANT).into();
        all.push(twin);
        if swapped {
            all.swap(1, 2);
        }
        let document = document.to_string();
        let keys = portcullis::jose::KeySet::from_public_jwks(
            document.as_bytes(),
            Some(provider.algorithms()),
        );
        let verifier = cached(keys.unwrap().0);
        for (tenant, expected) in [
            (PERSONAL, Ok(())),
            (TENANT, Ok(())),
            (PERSONAL, Ok(())),
            (OTHER, Err(WrongIssuer)),
        ] {
            let token = sign(&header, &of(tenant), &personal);
            let found = verifier.verify_now(token.as_bytes());
            assert_eq!(
                found.map(drop).map_err(|error| error.kind()),
                expected,
                "{tenant}"
            );
        }
    }
}

/// Who is a customer may change at any time, also for tokens that are remembered.
#[test]
fn tenants_that_a_function_accepts() {
    let shape = shape!("entra_common");
    let open = Arc::new(AtomicBool::new(true));
    let asked = open.clone();
    let tenants = Tenants::accepted_by(move |tenant| {
        assert_eq!(tenant.len(), 36);
        tenant == TENANT && asked.load(Ordering::Relaxed)
    });
    let provider = Provider::entra_id_organizations(tenants);
    let verifier = shape
        .builder(&provider, API)
        .cache(TokenCache::new())
        .build()
        .unwrap();
    let of = |tenant: &str| json!({"iss": v2(tenant), "tid": tenant});
    shape.check(
        &verifier,
        "access",
        &[
            (of(TENANT), Ok(())),
            (of(TENANT), Ok(())),
            (of(OTHER), Err(WrongIssuer)),
            (of("common"), Err(WrongIssuer)),
        ],
    );
    open.store(false, Ordering::Relaxed);
    shape.check(&verifier, "access", &[(of(TENANT), Err(WrongIssuer))]);
    open.store(true, Ordering::Relaxed);
    shape.check(&verifier, "access", &[(of(TENANT), Ok(()))]);
}

#[test]
fn external_tenants() {
    let shape = shape!("entra_ciam");
    let provider = Provider::entra_external_id("contoso", TENANT).unwrap();
    let verifier = shape.verifier(&provider, API);
    let ciam = |host: &str, path: &str| json!({"iss": format!("https://{host}.ciamlogin.com/{path}/v2.0")});
    shape.check(
        &verifier,
        "access",
        &[
            (json!({}), Ok(())),
            (ciam("contoso", TENANT), Err(WrongIssuer)),
            (ciam(OTHER, TENANT), Err(WrongIssuer)),
            (ciam(TENANT, OTHER), Err(WrongIssuer)),
            (json!({"iss": v2(TENANT)}), Err(WrongIssuer)),
        ],
    );
    let mut shape = shape!("entra_ciam");
    shape.0["jwks"]["keys"][0]["issuer"] = v2(TENANT).into();
    let verifier = shape.verifier(&provider, API);
    shape.check(&verifier, "access", &[(json!({}), Err(UnknownKey))]);
}

#[test]
fn tenants_are_guids() {
    for bad in ["", "common", "contoso.onmicrosoft.com", "{tenantid}"] {
        for result in [Provider::entra_id(bad), Provider::entra_id_v1(bad)] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("GUID"), "{error}");
        }
        assert!(Provider::entra_external_id("contoso", bad).is_err());
    }
    for bad in ["", "contoso.ciamlogin.com", "https://contoso", "a/b"] {
        assert!(Provider::entra_external_id(bad, TENANT).is_err(), "{bad}");
    }
    let build = |tenants| {
        let shape = shape!("entra_common");
        let provider = Provider::entra_id_organizations(tenants);
        shape.builder(&provider, API).build().map(drop)
    };
    assert!(build(Tenants::only([TENANT])).is_ok());
    assert!(build(Tenants::only([""; 0])).is_err());
    assert!(build(Tenants::only([TENANT, "contoso.onmicrosoft.com"])).is_err());
    let upper = Provider::entra_id(&TENANT.to_uppercase()).unwrap();
    assert_eq!(upper.issuer(), v2(TENANT));
}

/// Of several verifiers, each has its own tenants.
#[test]
fn combined_verifiers_share_no_tenant() {
    let shape = shape!("entra_common");
    let one = || shape.verifier(&Provider::entra_id(TENANT).unwrap(), API);
    let some = |tenants: &[&str]| {
        shape.verifier(
            &Provider::entra_id_organizations(Tenants::only(tenants)),
            API,
        )
    };
    let asked = || {
        let tenants = Tenants::accepted_by(|_| true);
        shape.verifier(&Provider::entra_id_organizations(tenants), API)
    };
    let combine = |pair: [Verifier; 2]| Verifier::combine(pair);
    for alive in [
        [one(), some(&[OTHER])],
        [some(&[OTHER]), one()],
        [one(), asked()],
        [some(&[TENANT, OTHER]), asked()],
    ] {
        let both = combine(alive).unwrap();
        let of = |tenant: &str| json!({"iss": v2(tenant), "tid": tenant});
        shape.check(
            &both,
            "access",
            &[(of(TENANT), Ok(())), (of(OTHER), Ok(()))],
        );
    }
    for dead in [
        [asked(), one()],
        [asked(), some(&[TENANT])],
        [asked(), asked()],
        [one(), some(&[TENANT, OTHER])],
        [some(&[TENANT, OTHER]), one()],
        [some(&[TENANT, OTHER]), some(&[OTHER])],
    ] {
        assert!(combine(dead).is_err());
    }
}

#[test]
fn another_cloud() {
    let provider = Provider::entra_id(TENANT).unwrap();
    let provider = provider
        .with_origin("https://login.microsoftonline.us")
        .unwrap();
    let iss = format!("https://login.microsoftonline.us/{TENANT}/v2.0");
    let mut moved = shape!("entra_v2");
    moved.0["jwks"]["keys"][0]["issuer"] = Value::from(&*iss);
    let verifier = moved.verifier(&provider, API);
    moved.check(
        &verifier,
        "access",
        &[(json!({"iss": iss}), Ok(())), (json!({}), Err(WrongIssuer))],
    );
}
