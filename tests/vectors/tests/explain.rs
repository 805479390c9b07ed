//! Every vector has the verdict of its explanation.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use portcullis::{
    jose::{Algorithm, KeySet, VerifyingKey},
    verify::{Outcome, Verifier, VerifyErrorKind::NeverExpires},
};

const TOKENS: &str = include_str!("../data/tokens.txt");

fn keys() -> KeySet {
    let files = [
        include_str!("../data/keys/rsa-public.pem"),
        include_str!("../data/keys/p384-public.pem"),
        include_str!("../data/keys/ed25519-public.pem"),
    ];
    let public = Algorithm::ALL.iter().flat_map(|algorithm| {
        let read = |file: &&str| VerifyingKey::from_pem_or_jwk(file.as_bytes(), Some(*algorithm));
        files.iter().filter_map(move |file| read(file).ok())
    });
    KeySet::new(public)
}

#[test]
fn every_vector_has_the_verdict_of_its_explanation() {
    let verifier = Verifier::builder().keys(keys());
    let verifier = verifier.dangerous().any_issuer();
    let verifier = verifier.dangerous().any_audience().build().unwrap();
    let (mut verified, mut unknown) = (0, 0);
    for line in TOKENS.lines() {
        let (algorithm, token) = line.split_once(' ').unwrap();
        for token in [
            token.to_owned(),
            format!("{token}A"),
            token.replacen('e', "f", 1),
        ] {
            let report = verifier.explain(token.as_bytes());
            let verdict = verifier.verify_now(token.as_bytes());
            assert_eq!(
                report.error(),
                verdict.as_ref().err(),
                "{algorithm}: {report}"
            );
            // They have no `exp`, and all else is good of those whose key is there.
            verified += usize::from(verdict.is_err_and(|error| error.kind() == NeverExpires));
            let mut checks = report.checks().iter();
            let key = checks.find(|check| check.name() == "key");
            unknown += usize::from(key.is_some_and(|key| key.outcome() == Outcome::Failed));
        }
    }
    assert!(verified >= 8 && unknown >= 3, "{verified} and {unknown}");
}
