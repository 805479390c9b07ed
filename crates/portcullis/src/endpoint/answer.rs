//! Bodies and their headers.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, StatusCode, header};
use serde::Serialize;
use serde_json::Value;

use super::name::Name;
use crate::challenge::RejectionBody;

/// Members that all answers of a kind have.
pub(super) type Constants = BTreeMap<Name, Value>;

/// A JSON body that no cache may keep: it carries a token, or says something
/// about one (RFC 6749 section 5.1).
pub(super) fn json_response(status: StatusCode, body: &impl Serialize) -> Response<Bytes> {
    let body = serde_json::to_vec(body).unwrap_or_default();
    let mut response = not_stored(status, Bytes::from(body));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// A refusal, which no cache may keep either.
pub(super) fn refusal_response(status: u16, body: RejectionBody) -> Response<Bytes> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (content_type, content) = body.into_parts();
    let mut response = not_stored(status, content);
    if let Some(content_type) = content_type
        && let Ok(value) = HeaderValue::from_str(content_type)
    {
        response.headers_mut().insert(header::CONTENT_TYPE, value);
    }
    response
}

/// Done, where no other status is meant to say so.
pub(super) fn ok() -> Response<Bytes> {
    not_stored(StatusCode::OK, Bytes::new())
}

/// Done, and nothing to say.
pub(super) fn no_content() -> Response<Bytes> {
    not_stored(StatusCode::NO_CONTENT, Bytes::new())
}

fn not_stored(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // For caches older than HTTP/1.1; RFC 6749 section 5.1 asks for it.
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// What of an answer goes to a request of this method.
pub(super) fn for_method(method: &Method, response: Response<Bytes>) -> Response<Bytes> {
    // A 304 has no body to measure.
    if method == Method::HEAD && response.status() != StatusCode::NOT_MODIFIED {
        without_body(response)
    } else {
        response
    }
}

/// The answer to HEAD says how long the one to GET would be (RFC 9110 section
/// 8.6).
fn without_body(mut response: Response<Bytes>) -> Response<Bytes> {
    let length = response.body().len();
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    *response.body_mut() = Bytes::new();
    response
}
