//! Tokens as the client sent them.

use std::{
    fmt,
    future::{Ready, ready},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, HeaderValue},
};
use portcullis::{
    challenge::Rejection,
    credentials::{BearerToken, RefreshToken, RefreshTokenHeader, TokenHeader},
    guard::Authentication,
};

use crate::AuthRejection;

/// The token of the `Authorization` header, unverified; needs no middleware.
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
        let token = BearerToken::required(values(request, AUTHORIZATION.as_str()));
        ready(
            token
                .map(Self)
                .map_err(|rejection| refuse(request, rejection)),
        )
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
        let token = BearerToken::from_values(values(request, AUTHORIZATION.as_str()));
        ready(
            token
                .map(Self)
                .map_err(|rejection| refuse(request, rejection)),
        )
    }
}

/// The refresh token of a header of its own, unverified; needs no middleware.
///
/// The header is `refresh-token` unless `H` names another.
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
        let token = RefreshToken::required(values(request, H::NAME));
        ready(
            token
                .map(Self)
                .map_err(|rejection| refuse(request, rejection)),
        )
    }
}

impl<H> fmt::Debug for Refresh<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Refresh").field(&self.0).finish()
    }
}

/// With the realm and the body of the middleware, where there is one.
fn refuse(request: &HttpRequest, rejection: Rejection) -> AuthRejection {
    let extensions = request.extensions();
    let layer = extensions.get::<Authentication>();
    AuthRejection(layer.map_or(rejection.clone(), |layer| layer.refuse(&rejection)))
}

fn values<'a>(request: &'a HttpRequest, name: &str) -> impl Iterator<Item = &'a [u8]> + use<'a> {
    let values = request.headers().get_all(name);
    values.map(HeaderValue::as_bytes)
}
