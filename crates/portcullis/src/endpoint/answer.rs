//! Bodies and their headers.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::route::Name;

/// The members of a JSON object, in the order in which they are written.
#[derive(Clone, Debug, Default)]
pub(super) struct Members(pub(super) Vec<(Name, Value)>);

impl Members {
    pub(super) fn push(&mut self, name: impl Into<Name>, value: impl Into<Value>) {
        self.0.push((name.into(), value.into()));
    }
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

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
