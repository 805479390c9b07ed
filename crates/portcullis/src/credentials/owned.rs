//! Tokens as the client sent them, unverified and on their own.

use std::{fmt, marker::PhantomData};

use super::{CredentialsError, REFRESH_TOKEN, bearer_token, header_token};
use crate::{
    challenge::{Realm, Rejection},
    secret::SecretString,
};

/// The token of an `Authorization` field, unverified: for whoever verifies it
/// otherwise, or passes it on.
#[derive(Clone)]
pub struct BearerToken(SecretString);

impl BearerToken {
    /// Cuts the token out of the raw values of all `Authorization` fields; see
    /// [`bearer_token`].
    ///
    /// # Errors
    ///
    /// If it is malformed or repeated.
    pub fn from_values<'a>(
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<Self>, Rejection> {
        owned(bearer_token(values)).map(|token| token.map(Self))
    }

    /// As [`from_values`](Self::from_values), where there has to be one.
    ///
    /// # Errors
    ///
    /// If it is missing, malformed or repeated.
    pub fn required<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Rejection> {
        Self::from_values(values)?.ok_or_else(missing)
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
/// let token = RefreshToken::<XRefresh>::required([&b"abc"[..]])?;
/// assert_eq!(token.expose(), "abc");
/// # Ok::<(), portcullis::challenge::Rejection>(())
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
    /// Cuts the token out of the raw values of all the header's fields; see
    /// [`header_token`].
    ///
    /// # Errors
    ///
    /// If it is malformed or repeated.
    pub fn from_values<'a>(
        values: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Option<Self>, Rejection> {
        let token = owned(header_token(values))?;
        Ok(token.map(|token| Self {
            token,
            header: PhantomData,
        }))
    }

    /// As [`from_values`](Self::from_values), where there has to be one.
    ///
    /// # Errors
    ///
    /// If it is missing, malformed or repeated.
    pub fn required<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Rejection> {
        Self::from_values(values)?.ok_or_else(missing)
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

fn owned(
    token: Result<Option<&[u8]>, CredentialsError>,
) -> Result<Option<SecretString>, Rejection> {
    // A `b64token` is ASCII.
    let token = token.map(|token| token.and_then(|token| std::str::from_utf8(token).ok()));
    match token {
        Ok(token) => Ok(token.map(|token| SecretString::from(token.to_owned()))),
        Err(error) => Err(Rejection::invalid_request(&Realm::default(), error)),
    }
}

fn missing() -> Rejection {
    Rejection::missing_credentials(&Realm::default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::challenge::RejectionKind::{InvalidRequest, MissingCredentials};

    #[test]
    fn missing_malformed_and_repeated_are_refused_alike_for_both() {
        let kind = |rejection: Rejection| rejection.kind();
        let bearer = |values: &[&'static [u8]]| {
            BearerToken::required(values.iter().copied())
                .map_err(kind)
                .map(|t| t.0)
        };
        let refresh = |values: &[&'static [u8]]| {
            RefreshToken::<RefreshTokenHeader>::required(values.iter().copied())
                .map_err(kind)
                .map(SecretString::from)
        };
        assert_eq!(bearer(&[]).unwrap_err(), MissingCredentials);
        assert_eq!(bearer(&[b"Basic YTpi"]).unwrap_err(), MissingCredentials);
        assert_eq!(bearer(&[b"Bearer a b"]).unwrap_err(), InvalidRequest);
        assert_eq!(
            bearer(&[b"Bearer a", b"Bearer a"]).unwrap_err(),
            InvalidRequest
        );
        assert_eq!(bearer(&[b"Bearer a"]).unwrap().expose(), "a");
        assert_eq!(refresh(&[]).unwrap_err(), MissingCredentials);
        assert_eq!(refresh(&[b"a b"]).unwrap_err(), InvalidRequest);
        assert_eq!(refresh(&[b"a", b"a"]).unwrap_err(), InvalidRequest);
        assert_eq!(refresh(&[b"a"]).unwrap().expose(), "a");
    }

    #[test]
    fn debug_is_redacted() {
        let token = BearerToken::required([&b"Bearer hush"[..]]).unwrap();
        assert_eq!(format!("{token:?}"), "BearerToken(..)");
        let token = RefreshToken::<RefreshTokenHeader>::required([&b"hush"[..]]).unwrap();
        assert_eq!(format!("{token:?}"), "RefreshToken(..)");
    }
}
