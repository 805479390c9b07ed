//! `Verifier::verify_now`: everything but the web framework.

use portcullis::verify::Verifier;

use crate::{fixture::Fixture, measure::Case};

/// A good token, its header seen before.
pub fn accepted(fixture: &Fixture) -> Case {
    of("portcullis", fixture.verifier(), &fixture.token)
}

/// A good token for any verifier.
pub fn of(name: &str, verifier: Verifier, token: &str) -> Case {
    let token = token.to_owned();
    assert!(verifier.verify_now(token.as_bytes()).is_ok());
    Case::new(name, move || verifier.verify_now(token.as_bytes()).is_ok())
}

/// A good token, and the handler's claims built from it.
pub fn claims(fixture: &Fixture) -> Case {
    let verifier = fixture.verifier();
    let token = fixture.token.clone();
    Case::new("portcullis, with claims", move || {
        let verified = verifier.verify_now(token.as_bytes()).ok()?;
        verified.claims::<crate::fixture::User>().ok()
    })
}

/// Another key's signature.
pub fn forged(fixture: &Fixture) -> Case {
    let verifier = fixture.verifier();
    // An attacker sends his tokens to services that work.
    assert!(verifier.verify_now(fixture.token.as_bytes()).is_ok());
    let token = fixture.forged.clone();
    assert!(verifier.verify_now(token.as_bytes()).is_err());
    Case::new("portcullis, bad signature", move || {
        verifier.verify_now(token.as_bytes()).is_err()
    })
}
