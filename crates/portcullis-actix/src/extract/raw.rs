//! Tokens as the client sent them.

use std::{
    fmt,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use portcullis::{
    challenge::{Realm, Rejection},
    credentials::{BearerToken, CredentialsError, RefreshToken, RefreshTokenHeader, TokenHeader},
    guard::Authentication,
};

use super::source::{self, Absence};
use crate::{AuthRejection, Head};

/// The token of the `Authorization` header, unverified; needs no middleware.
///
/// Where there may be none, take [`OptionalBearer`], never actix's
/// `Option<Bearer>`: that takes a malformed token for none.
///
/// ```
/// use portcullis_actix::Bearer;
///
/// async fn forward(Bearer(token): Bearer) -> String {
///     format!("{} bytes", token.expose().len())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Bearer(pub BearerToken);

impl FromRequest for Bearer {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = BearerToken::from_head(&Head::from(request));
        ready(required(request, found).map(Self))
    }
}

/// As [`Bearer`], where absent credentials are `None` and malformed ones are
/// still refused.
#[derive(Clone, Debug)]
pub struct OptionalBearer(pub Option<BearerToken>);

impl FromRequest for OptionalBearer {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = BearerToken::from_head(&Head::from(request));
        ready(optional(request, found).map(Self))
    }
}

/// The refresh token of a header of its own, unverified; needs no middleware.
///
/// The header is `refresh-token` unless `H` names another. actix's
/// `Option<Refresh>` takes a malformed token for none.
///
/// ```
/// use portcullis_actix::Refresh;
///
/// async fn refresh(Refresh(token): Refresh) -> String {
///     format!("{} bytes", token.expose().len())
/// }
/// ```
pub struct Refresh<H = RefreshTokenHeader>(pub RefreshToken<H>);

impl<H: TokenHeader> FromRequest for Refresh<H> {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let found = RefreshToken::from_head(&Head::from(request));
        ready(required(request, found).map(Self))
    }
}

impl<H> fmt::Debug for Refresh<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refresh").field(&self.0).finish()
    }
}

fn required<T>(
    request: &HttpRequest,
    found: Result<Option<T>, CredentialsError>,
) -> Result<T, AuthRejection> {
    let missing = || Rejection::missing_credentials(&Realm::default());
    optional(request, found)?.ok_or_else(|| refuse(request, missing()))
}

fn optional<T>(
    request: &HttpRequest,
    found: Result<Option<T>, CredentialsError>,
) -> Result<Option<T>, AuthRejection> {
    found.map_err(|error| refuse(request, error.into()))
}

/// With the realm and the body of the middleware, where there is one.
fn refuse(request: &HttpRequest, rejection: Rejection) -> AuthRejection {
    let rejection = match request.extensions().get::<Authentication>() {
        Some(layer) => layer.refuse(&rejection),
        None => rejection,
    };
    source::refuse(request, rejection, Absence::Nobody)
}
