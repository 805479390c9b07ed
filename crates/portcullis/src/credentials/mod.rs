//! Where a token is looked for, and how it is cut out.
//!
//! A token stands in `Authorization: Bearer` unless [other places](TokenSource) are
//! named.
//!
//! Missing, malformed and repeated are three different things: no credentials
//! is a question (401), broken or repeated credentials are a mistake (400).

mod bearer;
mod owned;
mod refresh;
mod sent;
mod source;

pub(crate) use bearer::unread_token;
pub use bearer::{AUTHORIZATION, bearer_token};
pub use owned::{BearerToken, RefreshToken, RefreshTokenHeader, TokenHeader};
pub use refresh::{REFRESH_TOKEN, header_token};
pub(crate) use sent::Sent;
pub(crate) use source::{Found, TokenSources, cookie_value};
pub use source::{TokenOrigin, TokenSource};

use std::fmt;

/// What was wrong with the credentials of a request. Both answers are
/// `invalid_request` (RFC 6750 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialsError {
    /// The field does not have the grammar of RFC 6750 section 2.1.
    Malformed,
    /// The field occurs more than once (RFC 9110 section 11.6.2), or a token is sent
    /// in the query and beside it (RFC 6750 section 2).
    Repeated,
    /// A WebSocket handshake offers no other subprotocol than the one that is the
    /// token, which must not be selected (RFC 6455 section 4.2.2).
    LoneSubprotocol,
}

impl CredentialsError {
    /// A stable name, for logs and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed_credentials",
            Self::Repeated => "repeated_credentials",
            Self::LoneSubprotocol => "lone_subprotocol",
        }
    }
}

impl fmt::Display for CredentialsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the credentials are malformed",
            Self::Repeated => "the credentials are given more than once",
            Self::LoneSubprotocol => {
                "the token is the only subprotocol: offer a second one, which can be selected"
            }
        })
    }
}

impl std::error::Error for CredentialsError {}

/// What follows `scheme`, which is in lower case, and its spaces in the value of
/// an `Authorization` field (RFC 9110 section 11.4); `None` for another scheme.
pub(crate) fn after_scheme<'a>(
    value: &'a [u8],
    scheme: &[u8],
) -> Result<Option<&'a [u8]>, CredentialsError> {
    let value = value.trim_ascii_end();
    if value.len() < scheme.len() || !value[..scheme.len()].eq_ignore_ascii_case(scheme) {
        return Ok(None);
    }
    let rest = &value[scheme.len()..];
    match rest.first() {
        Some(b' ') => {
            let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
            Ok(Some(&rest[spaces..]))
        }
        // A longer scheme name, such as `BearerX`, is another scheme (RFC 9110
        // section 5.6.2: token characters); the scheme alone and anything else
        // is a broken field.
        Some(byte) if is_tchar(*byte) => Ok(None),
        _ => Err(CredentialsError::Malformed),
    }
}

/// `tchar` of RFC 9110 section 5.6.2.
pub(crate) fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The one value of `values`: none is missing, several are repeated.
pub(crate) fn only_one<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<&'a [u8]>, CredentialsError> {
    let mut values = values.into_iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(CredentialsError::Repeated);
    }
    Ok(Some(value))
}
