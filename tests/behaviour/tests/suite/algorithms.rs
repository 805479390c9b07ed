//! Every algorithm, each on a route with its key (RFC 7518, RFC 8037, RFC
//! 9864), and keys in sets.

use std::sync::OnceLock;

use behaviour::{
    case::{Case, invalid_token, passes},
    run::Everywhere,
    site::{Handler, Site},
};
use portcullis::{
    guard::Authenticator,
    jose::{Algorithm, KeySet, SigningKey, VerifyingKey},
};
use portcullis_testing::{
    clock::FakeClock,
    keys,
    mint::{Mint, hostile},
};

use crate::protected::get;

fn mint(algorithm: Algorithm) -> Mint {
    Mint::with_key(keys::signing(algorithm)).clock(FakeClock::new().shared())
}

fn path(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HS256 => "/HS256",
        Algorithm::HS384 => "/HS384",
        Algorithm::HS512 => "/HS512",
        Algorithm::RS256 => "/RS256",
        Algorithm::RS384 => "/RS384",
        Algorithm::RS512 => "/RS512",
        Algorithm::PS256 => "/PS256",
        Algorithm::PS384 => "/PS384",
        Algorithm::PS512 => "/PS512",
        Algorithm::ES256 => "/ES256",
        Algorithm::ES384 => "/ES384",
        Algorithm::ES512 => "/ES512",
        Algorithm::Ed25519 => "/Ed25519",
        Algorithm::MlDsa44 => "/ML-DSA-44",
        Algorithm::MlDsa65 => "/ML-DSA-65",
        Algorithm::MlDsa87 => "/ML-DSA-87",
        other => panic!("{other:?} is new: give it a route"),
    }
}

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| {
        let with = |keys: KeySet| {
            let builder = portcullis::verify::Verifier::builder().keys(keys);
            let builder = builder.issuer(portcullis_testing::mint::ISSUER);
            let builder = builder.audience(portcullis_testing::mint::AUDIENCE);
            Authenticator::new(builder.clock(FakeClock::new().shared()).build().unwrap())
        };
        let add = |site: Site, algorithm: &Algorithm| {
            let guard = with(keys::verifying(*algorithm).into());
            site.route(path(*algorithm), guard, Handler::Claims)
        };
        let strict = keys::verifying(Algorithm::Ed25519).accept_eddsa_name(false);
        let site = Algorithm::ALL.iter().fold(Site::new(), add);
        let site = site
            .route("/Ed25519/only", with(strict.into()), Handler::Claims)
            .route("/named", with(named()), Handler::Claims)
            .route(
                "/unnamed",
                with(KeySet::new(public().map(keys::verifying))),
                Handler::Claims,
            );
        Everywhere::serve(&site)
    })
}

fn public() -> impl Iterator<Item = Algorithm> {
    [Algorithm::RS256, Algorithm::ES256, Algorithm::Ed25519].into_iter()
}

fn named() -> KeySet {
    let one = |id: &str| keys::verifying(Algorithm::ES256).with_key_id(id);
    let other = keys::untrusted(Algorithm::ES256).verifying_key();
    KeySet::new([one("first"), other.with_key_id("second")])
}

/// The token of each algorithm on the route of each: only the diagonal passes,
/// though all RSA keys are the same numbers (RFC 8725 section 3.1).
#[test]
fn a_key_is_for_one_algorithm() {
    let mut cases = Vec::new();
    for signs in Algorithm::ALL {
        let token = mint(*signs).token("alice").bearer();
        for verifies in Algorithm::ALL {
            let expected = if signs == verifies {
                passes()
            } else {
                invalid_token()
            };
            let name = format!("{signs:?} where {verifies:?} is expected");
            cases.push(Case::new(
                name,
                get(path(*verifies)).authorization(&token),
                expected,
            ));
        }
    }
    everywhere().run(&cases);
}

#[test]
fn forgeries_for_every_algorithm() {
    for algorithm in [
        Algorithm::HS256,
        Algorithm::RS256,
        Algorithm::PS256,
        Algorithm::Ed25519,
    ] {
        let case = |forged: hostile::Forged| {
            let name = format!("{algorithm:?}: {}", forged.name);
            let request = get(path(algorithm)).authorization(forged.bearer());
            Case::new(name, request, invalid_token())
        };
        let cases: Vec<_> = hostile::tokens(&mint(algorithm))
            .into_iter()
            .map(case)
            .collect();
        everywhere().run(&cases);
    }
}

/// RFC 9864 section 2.2: `EdDSA` is the older name of `Ed25519`, and can be
/// switched off.
#[test]
fn ed25519_by_both_names() {
    let named = |name: &str| {
        mint(Algorithm::Ed25519)
            .token("alice")
            .header("alg", name)
            .bearer()
    };
    let on = |path: &str, name: &str| get(path).authorization(named(name));
    everywhere().run(&[
        Case::new("the newer name", on("/Ed25519", "Ed25519"), passes()),
        Case::new("the older name", on("/Ed25519", "EdDSA"), passes()),
        Case::new("another case", on("/Ed25519", "EDDSA"), invalid_token()),
        Case::new("another curve", on("/Ed25519", "Ed448"), invalid_token()),
        Case::new(
            "the newer name only",
            on("/Ed25519/only", "Ed25519"),
            passes(),
        ),
        Case::new(
            "the older name, off",
            on("/Ed25519/only", "EdDSA"),
            invalid_token(),
        ),
        Case::new(
            "where another key is",
            on("/ES256", "EdDSA"),
            invalid_token(),
        ),
    ]);
}

/// RFC 7517 section 4.5: a key id chooses, to the letter.
#[test]
fn key_ids_choose() {
    let token = |key: SigningKey, id: Option<&str>| {
        let draft = mint(Algorithm::ES256).token("alice").forged_by(&key);
        let draft = match id {
            Some(id) => draft.header("kid", id),
            None => draft.without_header("kid"),
        };
        get("/named").authorization(draft.bearer())
    };
    let one = || keys::signing(Algorithm::ES256);
    let two = || keys::untrusted(Algorithm::ES256);
    everywhere().run(&[
        Case::new("the first", token(one(), Some("first")), passes()),
        Case::new("the second", token(two(), Some("second")), passes()),
        Case::new("crossed", token(one(), Some("second")), invalid_token()),
        Case::new(
            "crossed the other way",
            token(two(), Some("first")),
            invalid_token(),
        ),
        Case::new(
            "in upper case",
            token(one(), Some("FIRST")),
            invalid_token(),
        ),
        Case::new("unknown", token(one(), Some("third")), invalid_token()),
        Case::new("empty", token(one(), Some("")), invalid_token()),
        Case::new("none, the first", token(one(), None), passes()),
        Case::new("none, the second", token(two(), None), passes()),
    ]);
}

#[test]
fn the_algorithm_chooses_among_keys_without_id() {
    let mut cases: Vec<_> = public()
        .map(|algorithm| {
            let token = mint(algorithm).token("alice").bearer();
            Case::new(
                algorithm.name(),
                get("/unnamed").authorization(token),
                passes(),
            )
        })
        .collect();
    for other in [
        Algorithm::RS384,
        Algorithm::PS256,
        Algorithm::ES384,
        Algorithm::HS256,
    ] {
        let token = mint(other).token("alice").bearer();
        cases.push(Case::new(
            other.name(),
            get("/unnamed").authorization(token),
            invalid_token(),
        ));
    }
    everywhere().run(&cases);
}

/// A key's own `alg`, `use` and `key_ops` count (RFC 7517 section 4).
#[test]
fn keys_that_are_for_something_else_are_not_loaded() {
    let jwk = keys::verifying(Algorithm::ES256).public_jwk().unwrap();
    let with = |name: &str, value: serde_json::Value| {
        let mut jwk = jwk.clone();
        jwk.insert(name.to_owned(), value);
        VerifyingKey::from_jwk(serde_json::to_vec(&jwk).unwrap(), Some(Algorithm::ES256))
    };
    assert!(with("x-own", "any".into()).is_ok());
    assert!(with("use", "sig".into()).is_ok());
    assert!(with("use", "enc".into()).is_err());
    assert!(with("key_ops", serde_json::json!(["encrypt"])).is_err());
    assert!(with("alg", "ES384".into()).is_err());
}
