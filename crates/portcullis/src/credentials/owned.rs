//! Tokens as the client sent them, unverified and on their own.

use std::{fmt, marker::PhantomData};

use super::{AUTHORIZATION, CredentialsError, REFRESH_TOKEN, Sent, bearer_token, header_token};
use crate::{head::RequestHead, secret::SecretString};

/// The token of an `Authorization` field, unverified: for whoever verifies it
/// otherwise, or passes it on.
#[derive(Clone)]
pub struct BearerToken(SecretString);

impl BearerToken {
    /// Cuts the token out of the `Authorization` field of a request; see
    /// [`bearer_token`]. `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it is malformed or repeated.
    pub fn from_head(head: &impl RequestHead) -> Result<Option<Self>, CredentialsError> {
        let token = bearer_token(head.authorization());
        let token = token.inspect_err(|error| log(*error, AUTHORIZATION, head));
        Ok(owned(token?).map(Self))
    }

    /// The text. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl From<BearerToken> for SecretString {
    fn from(token: BearerToken) -> Self {
        token.0
    }
}

impl fmt::Debug for BearerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BearerToken(..)")
    }
}

/// The name of a header whose whole value is a token.
///
/// ```
/// use portcullis::credentials::{RefreshToken, TokenHeader};
///
/// struct XRefresh;
///
/// impl TokenHeader for XRefresh {
///     const NAME: &'static str = "x-refresh";
/// }
///
/// let request = http::Request::get("/").header("x-refresh", "abc").body(())?;
/// let token = RefreshToken::<XRefresh>::from_head(&request)?;
/// assert_eq!(token.as_ref().map(RefreshToken::expose), Some("abc"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a header",
    note = "implement `TokenHeader` for `{Self}` with its `NAME`, or leave it out for `refresh-token`"
)]
pub trait TokenHeader: Send + Sync + 'static {
    /// The name, in lower case.
    const NAME: &'static str;
}

/// The header `refresh-token`.
#[derive(Clone, Copy, Debug)]
pub struct RefreshTokenHeader;

impl TokenHeader for RefreshTokenHeader {
    const NAME: &'static str = REFRESH_TOKEN;
}

/// The refresh token of a header of its own, unverified. `H` names the header:
/// `refresh-token` unless another is chosen.
pub struct RefreshToken<H = RefreshTokenHeader> {
    token: SecretString,
    header: PhantomData<fn() -> H>,
}

impl<H: TokenHeader> RefreshToken<H> {
    /// Cuts the token out of the header of a request; see [`header_token`].
    /// `None` if there is none.
    ///
    /// # Errors
    ///
    /// If it is malformed or repeated.
    pub fn from_head(head: &impl RequestHead) -> Result<Option<Self>, CredentialsError> {
        let token = header_token(head.values(H::NAME));
        let token = token.inspect_err(|error| log(*error, H::NAME, head));
        Ok(owned(token?).map(|token| Self {
            token,
            header: PhantomData,
        }))
    }
}

impl<H> RefreshToken<H> {
    /// The text. Whoever calls this answers for where it goes.
    pub fn expose(&self) -> &str {
        self.token.expose()
    }
}

impl<H> Clone for RefreshToken<H> {
    fn clone(&self) -> Self {
        Self {
            token: self.token.clone(),
            header: PhantomData,
        }
    }
}

impl<H> From<RefreshToken<H>> for SecretString {
    fn from(token: RefreshToken<H>) -> Self {
        token.token
    }
}

impl<H> fmt::Debug for RefreshToken<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(..)")
    }
}

fn owned(token: Option<&[u8]>) -> Option<SecretString> {
    // A `b64token` is ASCII.
    let text = std::str::from_utf8(token?).ok()?;
    Some(SecretString::from(text.to_owned()))
}

fn log(error: CredentialsError, field: &'static str, head: &impl RequestHead) {
    if let Some(sent) = Sent::of(field, head.values(field)) {
        tracing::debug!(%sent, "{error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: &str, values: &[&str]) -> http::Request<()> {
        let request = http::Request::builder();
        let add = |request: http::request::Builder, value: &&str| request.header(name, *value);
        values.iter().fold(request, add).body(()).unwrap()
    }

    #[test]
    fn missing_malformed_and_repeated_are_three_things_for_both() {
        let bearer = |values: &[&str]| {
            let token = BearerToken::from_head(&request("authorization", values));
            token.map(|token| token.map(|token| token.expose().to_owned()))
        };
        let refresh = |values: &[&str]| {
            let token = <RefreshToken>::from_head(&request("refresh-token", values));
            token.map(|token| token.map(|token| token.expose().to_owned()))
        };
        let (malformed, repeated) = (CredentialsError::Malformed, CredentialsError::Repeated);
        assert_eq!(bearer(&[]), Ok(None));
        assert_eq!(bearer(&["Basic YTpi"]), Ok(None));
        assert_eq!(bearer(&["Bearer a b"]), Err(malformed));
        assert_eq!(bearer(&["Bearer a", "Bearer a"]), Err(repeated));
        assert_eq!(bearer(&["Bearer a"]), Ok(Some("a".to_owned())));
        assert_eq!(refresh(&[]), Ok(None));
        assert_eq!(refresh(&["a b"]), Err(malformed));
        assert_eq!(refresh(&["a", "a"]), Err(repeated));
        assert_eq!(refresh(&["a"]), Ok(Some("a".to_owned())));
    }

    #[test]
    fn debug_is_redacted() {
        let token = BearerToken::from_head(&request("authorization", &["Bearer hush"]));
        assert_eq!(format!("{token:?}"), "Ok(Some(BearerToken(..)))");
        let token = <RefreshToken>::from_head(&request("refresh-token", &["hush"]));
        assert_eq!(format!("{token:?}"), "Ok(Some(RefreshToken(..)))");
    }
}
