//! `Authenticator::check`: what a layer or an extractor decides by, without a
//! request, an answer or a framework.

use http::HeaderValue;
use portcullis::guard::{Authenticator, Check};

use crate::{fixture::Fixture, measure::Case};

/// A request with this field, or without.
pub fn check(name: &str, fixture: &Fixture, authorization: Option<HeaderValue>) -> Case {
    let authenticator = Authenticator::new(fixture.verifier());
    // An attacker sends his tokens to services that work.
    assert!(is_accepted(
        &authenticator,
        Some(&crate::fixture::bearer(&fixture.token))
    ));
    Case::new(name, move || {
        is_accepted(&authenticator, authorization.as_ref())
    })
}

fn is_accepted(authenticator: &Authenticator, authorization: Option<&HeaderValue>) -> bool {
    let values = authorization.into_iter().map(HeaderValue::as_bytes);
    matches!(authenticator.check(values), Check::Ready(Ok(_)))
}
