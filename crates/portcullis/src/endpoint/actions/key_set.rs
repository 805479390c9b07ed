//! The public keys (RFC 7517 section 5).

use bytes::Bytes;
use http::{HeaderValue, Response, header};

use crate::{jose::KeySet, session::Sessions};

/// The public keys of all APIs, each once.
pub(in crate::endpoint) fn body(sessions: &[Sessions]) -> Bytes {
    let sets: Vec<KeySet> = sessions.iter().map(|own| own.issuer().keys()).collect();
    let all = KeySet::new(sets.iter().flat_map(KeySet::iter).cloned());
    all.public_jwks().into()
}

/// Everybody may keep it for a while; five minutes is soon enough for a new
/// key that is published before it signs.
pub(super) fn key_set(body: &Bytes) -> Response<Bytes> {
    let mut response = Response::new(body.clone());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/jwk-set+json"),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=300"),
    );
    response
}
