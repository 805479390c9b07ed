//! Tokens as the client sent them.

use std::fmt;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{HeaderValue, header::AUTHORIZATION, request::Parts};
use portcullis::{
    challenge::Rejection,
    credentials::{BearerToken, RefreshToken, RefreshTokenHeader, TokenHeader},
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
        let token = BearerToken::required(values(parts, AUTHORIZATION.as_str()));
        token
            .map(Self)
            .map_err(|rejection| refuse(parts, rejection))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Bearer {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        let token = BearerToken::from_values(values(parts, AUTHORIZATION.as_str()));
        let token = token.map_err(|rejection| refuse(parts, rejection))?;
        Ok(token.map(Self))
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
        let token = RefreshToken::required(values(parts, H::NAME));
        token
            .map(Self)
            .map_err(|rejection| refuse(parts, rejection))
    }
}

impl<S: Sync, H: TokenHeader> OptionalFromRequestParts<S> for Refresh<H> {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        let token = RefreshToken::from_values(values(parts, H::NAME));
        let token = token.map_err(|rejection| refuse(parts, rejection))?;
        Ok(token.map(Self))
    }
}

impl<H> fmt::Debug for Refresh<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refresh").field(&self.0).finish()
    }
}

/// With the realm and the body of the layer, where there is one.
fn refuse(parts: &Parts, rejection: Rejection) -> AuthRejection {
    let layer = parts.extensions.get::<Authentication>();
    AuthRejection(layer.map_or(rejection.clone(), |layer| layer.refuse(&rejection)))
}

fn values<'a>(parts: &'a Parts, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let values = parts.headers.get_all(name);
    values.iter().map(HeaderValue::as_bytes)
}
