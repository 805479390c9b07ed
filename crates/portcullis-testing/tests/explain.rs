//! A verifier says of every hostile token why it refuses it, and nothing of what is
//! secret in it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use portcullis::{
    jose::Algorithm,
    verify::{Outcome, TokenCache, Verifier},
};
use portcullis_testing::{
    keys,
    mint::{Mint, hostile},
};

/// Of one kind of tokens, remembering them, and one of several.
fn verifiers(mint: &Mint) -> [Verifier; 3] {
    let cached = mint.verifier_builder().cache(TokenCache::new());
    let other = Mint::with_key(keys::signing(Algorithm::Ed25519)).issuer("https://other.test");
    let both = Verifier::combine([other.verifier(), mint.verifier()]).unwrap();
    [mint.verifier(), cached.build().unwrap(), both]
}

#[test]
fn every_hostile_token_has_the_verdict_of_its_explanation() {
    let algorithms = [Algorithm::ES256, Algorithm::RS256, Algorithm::HS256];
    for mint in algorithms.map(|it| Mint::with_key(keys::signing(it))) {
        let verifiers = verifiers(&mint);
        let hostile = hostile::tokens(&mint);
        assert!(hostile.len() > 50);
        for forged in hostile {
            for verifier in &verifiers {
                let report = verifier.explain(forged.token.as_bytes());
                let verdict = verifier.verify_now(forged.token.as_bytes());
                assert_eq!(report.error(), verdict.as_ref().err(), "{}", forged.name);
                let mut checks = report.checks().iter();
                let failed = checks.find(|check| check.outcome() == Outcome::Failed);
                let failed = failed.unwrap_or_else(|| panic!("{}: {report}", forged.name));
                assert!(failed.advice().is_some(), "{}: {report}", forged.name);
                is_harmless(&report.to_string(), &forged.token);
                is_harmless(&serde_json::to_string(&report).unwrap(), &forged.token);
            }
        }
        let good = mint.token("alice").build();
        for verifier in &verifiers {
            let report = verifier.explain(good.as_bytes());
            assert!(report.is_accepted(), "{report}");
            is_harmless(&report.to_string(), &good);
        }
    }
}

/// Nothing of the payload or the signature as they stand.
fn is_harmless(text: &str, token: &str) {
    let parts = token.split('.').skip(1).filter(|part| part.len() >= 16);
    for part in parts {
        assert!(!text.contains(&part[..16]), "{part} in {text}");
    }
    assert!(
        text.chars().all(|char| char == '\n' || !char.is_control()),
        "{text:?}"
    );
}
