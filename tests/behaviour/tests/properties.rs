//! What holds for whatever is sent: no input passes by accident, none is
//! answered but soundly.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::sync::LazyLock;

use behaviour::challenge;
use portcullis::{
    challenge::Rejection,
    guard::{Authentication, Authenticator, Check},
    head::{RequestHead, Target},
    jose::Algorithm,
};
use portcullis_testing::{
    clock::FakeClock,
    keys,
    mint::{Mint, hostile},
};
use proptest::prelude::*;

/// HMAC, because it is fast.
static MINT: LazyLock<Mint> = LazyLock::new(|| {
    Mint::with_key(keys::signing(Algorithm::HS256)).clock(FakeClock::new().shared())
});

static GUARD: LazyLock<Authenticator> = LazyLock::new(|| Authenticator::new(MINT.verifier()));

/// A request with these `Authorization` fields, whatever bytes they are.
struct Fields<'v>(&'v [&'v [u8]]);

impl RequestHead for Fields<'_> {
    fn method(&self) -> &str {
        "GET"
    }

    fn target(&self) -> Target<'_> {
        Target::new("/", None)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        assert_eq!(name, "authorization");
        self.0.iter().copied()
    }
}

fn answer(values: &[&[u8]]) -> Result<Authentication, Rejection> {
    match GUARD.check(&Fields(values)) {
        Check::Ready(result) => result,
        Check::Pending(_) => panic!("nobody has to be asked"),
    }
}

/// A refusal that a client can make sense of.
fn assert_sound(refused: &Rejection) {
    assert!(matches!(refused.status(), 400 | 401), "{refused:?}");
    let value = refused.challenge().expect("a challenge");
    let read = challenge::parse(value).expect("a challenge that parses");
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].scheme, "Bearer");
    assert_eq!(read[0].param("realm"), Some("api"));
    let error = read[0].param("error");
    match refused.status() {
        400 => assert_eq!(error, Some("invalid_request")),
        _ => assert!(matches!(error, None | Some("invalid_token"))),
    }
}

/// Any JSON, with the names and numbers that matter among it.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(|value| format!("{value:e}")),
        Just("1800000900".to_owned()),
        Just("\"https://issuer.test\"".to_owned()),
        Just("\"https://api.test\"".to_owned()),
        any::<String>().prop_map(|text| serde_json::Value::from(text).to_string()),
    ];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let name = prop_oneof![
            "iss|aud|sub|exp|nbf|iat|jti|scope|scp|alg|typ|kid|crit|b64",
            any::<String>(),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec((name, inner), 0..6).prop_map(|all| {
                let members = all.iter().map(|(name, value)| {
                    format!("{}:{value}", serde_json::Value::from(name.as_str()))
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn any_fields_are_answered_soundly(
        fields in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..3),
    ) {
        let values: Vec<_> = fields.iter().map(Vec::as_slice).collect();
        assert_sound(&answer(&values).unwrap_err());
    }

    #[test]
    fn whatever_looks_like_a_token_is_answered_soundly(
        text in "[Bb]earer {1,3}[A-Za-z0-9_.~+/-]{0,80}={0,2}",
    ) {
        assert_sound(&answer(&[text.as_bytes()]).unwrap_err());
    }

    /// One byte changed, left out or put in: nothing passes but other spellings
    /// of the scheme and more spaces around the token.
    #[test]
    fn nothing_close_to_a_good_value_passes(at in any::<prop::sample::Index>(), byte: u8, how in 0..3) {
        let good = MINT.token("alice").bearer().into_bytes();
        let mut changed = good.clone();
        let at = at.index(good.len());
        match how {
            0 => changed[at] = byte,
            1 => drop(changed.remove(at)),
            _ => changed.insert(at, byte),
        }
        let token = |value: &[u8]| {
            let words = value.split(|byte| *byte == b' ');
            words.filter(|word| !word.is_empty()).map(<[u8]>::to_ascii_lowercase).nth(1)
        };
        match answer(&[&changed]) {
            Ok(_) => {
                prop_assert!(changed[..6].eq_ignore_ascii_case(b"bearer"));
                prop_assert_eq!(token(&changed), token(&good));
                let spaces = |value: &[u8]| value.iter().filter(|byte| **byte == b' ').count();
                let case = changed[6..] == good[6..];
                prop_assert!(case || spaces(&changed) > spaces(&good) || changed.trim_ascii_end() == good);
            }
            Err(refused) => assert_sound(&refused),
        }
    }

    /// Any claims under our own signature: an answer, and no panic.
    #[test]
    fn any_claims_are_answered(claims in json()) {
        let token = hostile::signed(MINT.token("alice").header_json(), claims, MINT.signing_key());
        if let Err(refused) = answer(&[format!("Bearer {token}").as_bytes()]) {
            assert_sound(&refused);
        }
    }

    /// Any header under our own signature: what passes names our algorithm.
    #[test]
    fn any_header_is_answered(header in json()) {
        let claims = MINT.token("alice").claims_json();
        let token = hostile::signed(&header, claims, MINT.signing_key());
        match answer(&[format!("Bearer {token}").as_bytes()]) {
            Ok(_) => prop_assert!(header.contains("HS256")),
            Err(refused) => assert_sound(&refused),
        }
    }

    /// Claims beside the good ones never weaken the check of those.
    #[test]
    fn more_claims_do_not_help(name in any::<String>(), value in json()) {
        let draft = MINT.token("alice").expired();
        let claims = draft.claims_json();
        let name = serde_json::Value::from(name);
        let claims = format!("{},{name}:{value}}}", &claims[..claims.len() - 1]);
        let token = hostile::signed(draft.header_json(), claims, MINT.signing_key());
        assert_sound(&answer(&[format!("Bearer {token}").as_bytes()]).unwrap_err());
    }
}
