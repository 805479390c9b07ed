//! Tokens as the client sent them.

use std::fmt;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portcullis::{
    challenge::{Realm, Rejection},
    credentials::{BearerToken, CredentialsError, RefreshToken, RefreshTokenHeader, TokenHeader},
    guard::Authentication,
};

use crate::AuthRejection;

/// The token of the `Authorization` header, unverified; needs no layer.
///
/// ```
/// use portcullis_axum::Bearer;
///
/// async fn forward(Bearer(token): Bearer) -> usize {
///     token.expose().len()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Bearer(pub BearerToken);

impl<S: Sync> FromRequestParts<S> for Bearer {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        required(parts, BearerToken::from_head(&*parts)).map(Self)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Bearer {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(optional(parts, BearerToken::from_head(&*parts))?.map(Self))
    }
}

/// The refresh token of a header of its own, unverified; needs no layer.
///
/// The header is `refresh-token` unless `H` names another.
///
/// ```
/// use portcullis_axum::Refresh;
///
/// async fn refresh(Refresh(token): Refresh) -> usize {
///     token.expose().len()
/// }
/// ```
pub struct Refresh<H = RefreshTokenHeader>(pub RefreshToken<H>);

impl<S: Sync, H: TokenHeader> FromRequestParts<S> for Refresh<H> {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        required(parts, RefreshToken::from_head(&*parts)).map(Self)
    }
}

impl<S: Sync, H: TokenHeader> OptionalFromRequestParts<S> for Refresh<H> {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(optional(parts, RefreshToken::from_head(&*parts))?.map(Self))
    }
}

impl<H> fmt::Debug for Refresh<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refresh").field(&self.0).finish()
    }
}

fn required<T>(
    parts: &Parts,
    found: Result<Option<T>, CredentialsError>,
) -> Result<T, AuthRejection> {
    let missing = || Rejection::missing_credentials(&Realm::default());
    optional(parts, found)?.ok_or_else(|| refuse(parts, missing()))
}

fn optional<T>(
    parts: &Parts,
    found: Result<Option<T>, CredentialsError>,
) -> Result<Option<T>, AuthRejection> {
    found.map_err(|error| refuse(parts, error.into()))
}

/// With the realm and the body of the layer, where there is one.
fn refuse(parts: &Parts, rejection: Rejection) -> AuthRejection {
    let layer = parts.extensions.get::<Authentication>();
    AuthRejection(layer.map_or(rejection.clone(), |layer| layer.refuse(&rejection)))
}
