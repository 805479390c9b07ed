//! Other places where a token can be than `Authorization: Bearer`.

mod cookie;
mod query;
mod sources;
mod websocket_protocol;

pub(crate) use cookie::cookie_value;
pub(crate) use sources::{Found, TokenSources};
use websocket_protocol::without_token;

use std::{borrow::Cow, fmt, sync::Arc};

use super::{CredentialsError, after_scheme, is_tchar, only_one, unread_token};
use crate::{
    ConfigError,
    csrf::{CSRF_TOKEN, CsrfProtection},
    head::RequestHead,
};

/// One place in which a request may bring its access token.
///
/// An [`Authenticator`](crate::guard::Authenticator::token_sources) looks at
/// several in order. The first that has anything decides: a bad token there is
/// refused, and nobody looks further.
///
/// ```
/// # fn example(
/// #     verifier: portcullis::verify::Verifier,
/// #     csrf: portcullis::csrf::CsrfProtection,
/// # ) -> Result<(), portcullis::ConfigError> {
/// use portcullis::{credentials::TokenSource, guard::Authenticator};
///
/// let authenticator = Authenticator::new(verifier).token_sources([
///     TokenSource::bearer(),
///     TokenSource::header("x-api-token")?,
///     TokenSource::cookie("__Host-access_token", csrf)?,
/// ]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TokenSource(Place);

#[derive(Clone)]
enum Place {
    Bearer,
    /// A scheme of `Authorization`: as it was given, and in lower case.
    Scheme(Arc<str>, Arc<str>),
    /// A header, and what stands before the token in it, in lower case.
    Header(Arc<str>, Option<Arc<str>>),
    Cookie(Arc<str>, CsrfProtection),
    Query(Arc<str>),
    /// A subprotocol that begins with this.
    WebSocketProtocol(Arc<str>),
}

/// Where a token was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenOrigin {
    /// In the `Authorization` field.
    Authorization,
    /// In another header.
    Header,
    /// In a cookie, which browsers send by themselves.
    Cookie,
    /// In the query of the target.
    Query,
    /// Among the subprotocols of a WebSocket handshake.
    WebSocketProtocol,
}

impl TokenSource {
    /// `Authorization: Bearer …` (RFC 6750 section 2.1): where a token is looked for
    /// unless anything else is said.
    pub fn bearer() -> Self {
        Self(Place::Bearer)
    }

    /// `Authorization` with another scheme, such as `Token …`; its case does not
    /// matter (RFC 9110 section 11.1). The challenge names it.
    ///
    /// # Errors
    ///
    /// If `scheme` is no token (RFC 9110 section 5.6.2).
    pub fn authorization(scheme: &str) -> Result<Self, ConfigError> {
        let lower = scheme.to_ascii_lowercase();
        match is_token(scheme) {
            true if lower == "bearer" => Ok(Self::bearer()),
            true => Ok(Self(Place::Scheme(scheme.into(), lower.into()))),
            false => Err(ConfigError::new(
                "a scheme is one word of letters, digits and hyphens, such as `Token`",
            )),
        }
    }

    /// A header of its own whose whole value is the token, such as `X-Api-Token`.
    ///
    /// # Errors
    ///
    /// If `name` is not a header's, or is `Authorization` or `Cookie`, which have
    /// sources of their own.
    pub fn header(name: &str) -> Result<Self, ConfigError> {
        Ok(Self(Place::Header(header_name(name)?, None)))
    }

    /// A header of its own with a word before the token, as in
    /// `X-Forwarded-Authorization: Bearer …`; the word's case does not matter.
    ///
    /// # Errors
    ///
    /// As [`header`](Self::header), and if `prefix` is no token (RFC 9110 section
    /// 5.6.2).
    pub fn header_with_prefix(name: &str, prefix: &str) -> Result<Self, ConfigError> {
        if !is_token(prefix) {
            return Err(ConfigError::new(
                "what stands before the token in a header is one word, such as `Bearer`; the space \
                 is understood",
            ));
        }
        let prefix = prefix.to_ascii_lowercase().into();
        Ok(Self(Place::Header(header_name(name)?, Some(prefix))))
    }

    /// A cookie. Browsers send it with whatever request they are made to send, so
    /// it takes a [`CsrfProtection`].
    ///
    /// Whoever sets it: [`SessionCookies`](crate::cookies::SessionCookies) does so
    /// with all the attributes that protect it.
    ///
    /// # Errors
    ///
    /// If `name` is not a cookie's (RFC 6265 section 4.1.1).
    pub fn cookie(name: &str, csrf: CsrfProtection) -> Result<Self, ConfigError> {
        match is_token(name) {
            true => Ok(Self::cookie_named(name, csrf)),
            false => Err(ConfigError::new(
                "the name of a cookie has letters, digits, hyphens and underscores",
            )),
        }
    }

    /// A cookie whose name is known to be one.
    pub(crate) fn cookie_named(name: &str, csrf: CsrfProtection) -> Self {
        Self(Place::Cookie(name.into(), csrf))
    }

    /// A parameter of the query, `access_token` by RFC 6750 section 2.3.
    ///
    /// Queries are written to logs, histories and `Referer`: it is for links that
    /// somebody downloads by and the like, with tokens that live for a minute.
    /// The target that a handler and other layers see still has the token.
    ///
    /// # Errors
    ///
    /// If `name` is empty.
    pub fn query(name: &str) -> Result<Self, ConfigError> {
        match name.is_empty() {
            false => Ok(Self(Place::Query(name.into()))),
            true => Err(ConfigError::new("a query parameter has a name")),
        }
    }

    /// A subprotocol of a WebSocket handshake (RFC 6455 section 1.9) that is
    /// `prefix` and the token: browsers let a page choose nothing else of it. The
    /// client offers a second one, which the application selects; without one the
    /// request is refused, since the token must not be sent back.
    ///
    /// ```js
    /// new WebSocket(url, ["chat.v1", "bearer." + token])
    /// ```
    ///
    /// # Errors
    ///
    /// If `prefix` is empty or no token (RFC 9110 section 5.6.2).
    pub fn websocket_protocol(prefix: &str) -> Result<Self, ConfigError> {
        match is_token(prefix) {
            true => Ok(Self(Place::WebSocketProtocol(prefix.into()))),
            false => Err(ConfigError::new(
                "what a subprotocol begins with has letters, digits, dots and hyphens, such as \
                 `bearer.`",
            )),
        }
    }

    /// What is found here is of this origin.
    pub fn origin(&self) -> TokenOrigin {
        match &self.0 {
            Place::Bearer | Place::Scheme(..) => TokenOrigin::Authorization,
            Place::Header(..) => TokenOrigin::Header,
            Place::Cookie(..) => TokenOrigin::Cookie,
            Place::Query(_) => TokenOrigin::Query,
            Place::WebSocketProtocol(_) => TokenOrigin::WebSocketProtocol,
        }
    }

    /// What is asked of requests that bring a token here.
    pub(crate) fn csrf(&self) -> Option<&CsrfProtection> {
        match &self.0 {
            Place::Cookie(_, csrf) => Some(csrf),
            _ => None,
        }
    }

    /// The scheme of `Authorization` that is wanted.
    fn scheme(&self) -> Option<&str> {
        match &self.0 {
            Place::Bearer => Some("Bearer"),
            Place::Scheme(shown, _) => Some(shown),
            _ => None,
        }
    }

    /// The header that may hold a token, in lower case.
    fn header_name(&self) -> Option<&str> {
        match &self.0 {
            Place::Bearer | Place::Scheme(..) => Some(super::AUTHORIZATION),
            Place::Header(name, _) => Some(name),
            Place::Cookie(..) => Some(COOKIE),
            Place::WebSocketProtocol(_) => Some(SEC_WEBSOCKET_PROTOCOL),
            Place::Query(_) => None,
        }
    }

    /// The header that must come along with the token, in lower case.
    fn proof_header(&self) -> Option<&'static str> {
        self.csrf().map(|_| CSRF_TOKEN)
    }

    fn query_name(&self) -> Option<&str> {
        match &self.0 {
            Place::Query(name) => Some(name),
            _ => None,
        }
    }

    fn protocol_prefix(&self) -> Option<&str> {
        match &self.0 {
            Place::WebSocketProtocol(prefix) => Some(prefix),
            _ => None,
        }
    }

    /// The token that is here, whose characters are yet to be looked at.
    fn find<'h>(
        &self,
        head: &'h impl RequestHead,
    ) -> Result<Option<Cow<'h, [u8]>>, CredentialsError> {
        let token = match &self.0 {
            Place::Bearer => unread_token(head.authorization())?,
            Place::Scheme(_, lower) => match only_one(head.authorization())? {
                Some(value) => after_scheme(value, lower.as_bytes())?,
                None => None,
            },
            Place::Header(name, prefix) => {
                let value = only_one(head.values(name))?.map(<[u8]>::trim_ascii);
                match (value, prefix) {
                    (None | Some(b""), _) => None,
                    (Some(value), None) => Some(value),
                    (Some(value), Some(prefix)) => after_scheme(value, prefix.as_bytes())?,
                }
            }
            Place::Cookie(name, _) => cookie_value(head.values(COOKIE), name)?,
            Place::Query(name) => return query::find(head.target().query(), name),
            Place::WebSocketProtocol(prefix) => {
                websocket_protocol::find(head.values(SEC_WEBSOCKET_PROTOCOL), prefix)?
            }
        };
        Ok(token.map(Cow::Borrowed))
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Bearer => f.write_str("Bearer"),
            Place::Scheme(scheme, _) => write!(f, "Scheme({scheme})"),
            Place::Header(name, None) => write!(f, "Header({name})"),
            Place::Header(name, Some(prefix)) => write!(f, "Header({name}: {prefix})"),
            Place::Cookie(name, _) => write!(f, "Cookie({name})"),
            Place::Query(name) => write!(f, "Query({name})"),
            Place::WebSocketProtocol(prefix) => write!(f, "WebSocketProtocol({prefix})"),
        }
    }
}

const COOKIE: &str = "cookie";
const SEC_WEBSOCKET_PROTOCOL: &str = "sec-websocket-protocol";

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_tchar)
}

fn header_name(name: &str) -> Result<Arc<str>, ConfigError> {
    let name = name.to_ascii_lowercase();
    if !is_token(&name) {
        return Err(ConfigError::new(
            "the name of a header has letters, digits and hyphens, such as `X-Api-Token`",
        ));
    }
    match name.as_str() {
        super::AUTHORIZATION => Err(ConfigError::new(
            "the header `Authorization` has a scheme: use `TokenSource::bearer` or \
             `TokenSource::authorization`",
        )),
        COOKIE => Err(ConfigError::new(
            "cookies have names: use `TokenSource::cookie`",
        )),
        _ => Ok(name.into()),
    }
}

#[cfg(test)]
mod tests;
