//! `Authenticator::check`: what a layer or an extractor decides by, without a
//! request, an answer or a framework.

use http::{HeaderValue, Request, header::AUTHORIZATION};
use portcullis::guard::{Authenticator, Check};

use crate::{fixture::Fixture, measure::Case};

/// A request with this field, or without.
pub fn check(name: &str, fixture: &Fixture, authorization: Option<HeaderValue>) -> Case {
    let authenticator = Authenticator::new(fixture.verifier());
    // An attacker sends his tokens to services that work.
    let good = crate::fixture::bearer(&fixture.token);
    assert!(is_accepted(&authenticator, &request(Some(good))));
    let request = request(authorization);
    Case::new(name, move || is_accepted(&authenticator, &request))
}

fn request(authorization: Option<HeaderValue>) -> Request<()> {
    let mut request = Request::new(());
    if let Some(value) = authorization {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    request
}

fn is_accepted(authenticator: &Authenticator, request: &Request<()>) -> bool {
    matches!(authenticator.check(request), Check::Ready(Ok(_)))
}
