//! What was asked of an issuer.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, request::Parts};

use super::clients::ClientAuth;

/// A request as it came.
#[derive(Clone)]
pub struct ReceivedRequest {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    client: Option<ClientAuth>,
}

impl ReceivedRequest {
    pub(super) fn new(head: Parts, body: Bytes) -> Self {
        Self {
            method: head.method,
            uri: head.uri,
            headers: head.headers,
            body,
            client: None,
        }
    }

    pub(super) fn with_client(self, client: Option<ClientAuth>) -> Self {
        Self { client, ..self }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// What was asked for: the whole URL if the issuer was taken for a proxy.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// The query, if there is one.
    pub fn query(&self) -> Option<&str> {
        self.uri.query()
    }

    /// The header.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The value of a header field that occurs once; `None` if it does not, or
    /// is no text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).into_iter();
        match (values.next(), values.next()) {
            (Some(value), None) => value.to_str().ok(),
            _ => None,
        }
    }

    /// The body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// A field of a body that is a form.
    pub fn field(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(&self.body)
            .find(|(other, _)| other == name)
            .map(|(_, value)| value.into_owned())
    }

    /// Which client asked, and how it said so: `None` where nobody has to say
    /// who they are, or if it said so wrongly or not at all.
    pub fn client(&self) -> Option<&ClientAuth> {
        self.client.as_ref()
    }
}

/// Shows neither values of fields nor the body: there are secrets in them.
impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.headers.keys().collect();
        f.debug_struct("ReceivedRequest")
            .field("method", &self.method)
            .field("path", &self.path())
            .field("fields", &names)
            .finish_non_exhaustive()
    }
}
