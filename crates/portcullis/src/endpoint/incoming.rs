//! A request as the actions read it.

use std::net::IpAddr;

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, Method,
    header::{AUTHORIZATION, COOKIE, IF_NONE_MATCH, USER_AGENT},
    request::Parts,
};

use super::{
    input::{BasicCredentials, Encoding, Fields, basic_credentials},
    name::Name,
    refusal::Refusal,
};
use crate::{
    credentials::{bearer_token, cookie_value, header_token},
    csrf::{CSRF_TOKEN, CsrfProtection},
    head::HeadRef,
    session::{Device, SessionId},
    verify::Verified,
};

/// Where a request comes from, as an extension of the request: the peer of the
/// connection, or what a proxy that is trusted says. Adapters set it, and so do
/// layers of the application: exhaustive on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientAddress(pub IpAddr);

/// What the actions read of a request. Not to be shown: it is full of secrets.
pub(super) struct Incoming {
    head: Parts,
    body: Bytes,
    source: Option<IpAddr>,
}

impl Incoming {
    /// A request, which may bring tokens in `refresh_headers`.
    pub(super) fn new(mut head: Parts, body: Bytes, refresh_headers: &[HeaderName]) -> Self {
        mark_sensitive(&mut head.headers, refresh_headers);
        let source = head.extensions.get::<ClientAddress>();
        Self {
            source: source.map(|address| address.0),
            head,
            body,
        }
    }

    /// Its header fields, for the application.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// Where it comes from, for throttling.
    pub(super) fn source(&self) -> Option<IpAddr> {
        self.source
    }

    /// What it comes from, for the list of sessions. Only what can be shown is
    /// kept of what the other side wrote.
    pub(super) fn device(&self) -> Device {
        let agent = self.headers().get(USER_AGENT).map(|value| {
            let visible = |byte: &u8| matches!(byte, 0x20..=0x7E).then_some(char::from(*byte));
            value
                .as_bytes()
                .iter()
                .filter_map(visible)
                .collect::<String>()
        });
        Device::new(agent.as_deref(), self.source)
    }

    /// The `wanted` fields of the body, whose type was checked with the head.
    pub(super) fn fields(&self, encoding: Encoding, wanted: &[Name]) -> Result<Fields, Refusal> {
        encoding.read(&self.body, wanted)
    }

    /// The `wanted` parameters of the query; others are ignored.
    pub(super) fn query(&self, wanted: &[Name]) -> Result<Fields, Refusal> {
        let query = self.head.uri.query().unwrap_or_default();
        Encoding::Form.read(query.as_bytes(), wanted)
    }

    /// The Bearer token, which must have been sent.
    pub(super) fn bearer(&self) -> Result<&[u8], Refusal> {
        self.optional_bearer()?.ok_or(Refusal::NoToken)
    }

    pub(super) fn optional_bearer(&self) -> Result<Option<&[u8]>, Refusal> {
        bearer_token(self.values(&AUTHORIZATION)).map_err(Refusal::Credentials)
    }

    /// The token that is the whole value of a header.
    pub(super) fn header_token(&self, name: &HeaderName) -> Result<Option<&[u8]>, Refusal> {
        header_token(self.values(name)).map_err(Refusal::Credentials)
    }

    /// The value of the cookie of this name.
    pub(super) fn cookie(&self, name: &str) -> Result<Option<&[u8]>, Refusal> {
        cookie_value(self.values(&COOKIE), name).map_err(Refusal::Credentials)
    }

    /// Whether a page of our own sent the refresh token of `session`, which came in a
    /// cookie.
    pub(super) fn check_session(
        &self,
        csrf: &CsrfProtection,
        session: &SessionId,
    ) -> Result<(), Refusal> {
        let shown = csrf.look(HeadRef::new(&self.head))?;
        Ok(csrf.check_session(&shown, session.as_str())?)
    }

    /// Whether a page of our own sent an access token, which came in a cookie.
    pub(super) fn check_access(
        &self,
        csrf: &CsrfProtection,
        token: &Verified,
    ) -> Result<(), Refusal> {
        let shown = csrf.look(HeadRef::new(&self.head))?;
        Ok(csrf.check(&shown, token)?)
    }

    /// HTTP Basic credentials.
    pub(super) fn basic(&self) -> Result<Option<BasicCredentials>, Refusal> {
        basic_credentials(self.values(&AUTHORIZATION)).map_err(Refusal::Credentials)
    }

    /// Whether the answer goes without its body.
    pub(super) fn is_head(&self) -> bool {
        self.head.method == Method::HEAD
    }

    /// Which documents are there already.
    pub(super) fn if_none_match(&self) -> impl Iterator<Item = &[u8]> {
        self.values(&IF_NONE_MATCH)
    }

    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        self.headers()
            .get_all(name)
            .iter()
            .map(|value| value.as_bytes())
    }
}

/// Whatever prints the headers of a request shall not print its tokens.
fn mark_sensitive(headers: &mut HeaderMap, refresh_headers: &[HeaderName]) {
    for (name, value) in headers.iter_mut() {
        let is_own = *name == AUTHORIZATION || *name == COOKIE || *name == CSRF_TOKEN;
        if is_own || refresh_headers.contains(name) {
            value.set_sensitive(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn tokens_in_headers_are_marked() {
        let own = HeaderName::from_static("refresh-token");
        let mut headers = HeaderMap::new();
        let csrf = HeaderName::from_static(CSRF_TOKEN);
        for name in [AUTHORIZATION, COOKIE, csrf, own.clone(), USER_AGENT] {
            headers.append(name.clone(), HeaderValue::from_static("hush"));
            headers.append(name, HeaderValue::from_static("hush"));
        }
        mark_sensitive(&mut headers, &[own]);
        let shown = format!("{headers:?}");
        assert_eq!(shown.matches("hush").count(), 2, "{shown}");
    }
}
