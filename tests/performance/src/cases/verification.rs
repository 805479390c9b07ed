//! `Verifier::verify_now`: everything but the web framework.

use portcullis::verify::Verifier;

use crate::{
    fixture::{Fixture, User},
    measure::Case,
};

/// A good token, seen before.
pub fn accepted(name: &str, verifier: Verifier, token: &str) -> Case {
    let token = token.to_owned();
    assert!(verifier.verify_now(token.as_bytes()).is_ok());
    Case::new(name, move || verifier.verify_now(token.as_bytes()).is_ok())
}

/// A good token, and the handler's claims built from it.
pub fn claims(name: &str, verifier: Verifier, token: &str) -> Case {
    let token = token.to_owned();
    Case::new(name, move || {
        let verified = verifier.verify_now(token.as_bytes()).ok()?;
        verified.claims::<User>().ok()
    })
}

/// Another key's signature.
pub fn forged(name: &str, verifier: Verifier, fixture: &Fixture) -> Case {
    // An attacker sends his tokens to services that work.
    assert!(verifier.verify_now(fixture.token.as_bytes()).is_ok());
    let token = fixture.forged.clone();
    assert!(verifier.verify_now(token.as_bytes()).is_err());
    Case::new(name, move || verifier.verify_now(token.as_bytes()).is_err())
}
