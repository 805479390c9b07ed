//! The claims that the middleware verified.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use portcullis::{guard::Authentication, verify::FromToken};

use super::source::{self, Demand, Source};
use crate::AuthRejection;

/// The claims of the token that [`Auth`](crate::Auth) verified, as the
/// application's own type.
///
/// Claims that do not have the form of `T` are refused like a bad token. Where
/// there may be none, take [`OptionalClaims`], never actix's
/// `Option<Claims<T>>`: that calls the handler as if nobody had come, and the
/// refusal is told only afterwards.
///
/// ```
/// use portcullis_actix::Claims;
///
/// #[derive(Clone, serde::Deserialize)]
/// struct User {
///     sub: String,
/// }
///
/// async fn greet(Claims(user): Claims<User>) -> String {
///     format!("hello, {}", user.sub)
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Claims<T>(pub T);

impl<T: FromToken> FromRequest for Claims<T> {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::extract_with(request, None)
    }
}

impl<T: FromToken> Source for Claims<T> {
    type Extraction = Ready<Result<Self, AuthRejection>>;

    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction {
        let claims = source::of_middleware(request, Authentication::claims, demand);
        ready(claims.map(Self))
    }
}

/// As [`Claims`], where absent credentials are `None` and bad ones are still
/// refused. For an [`Auth`](crate::Auth) that is
/// [`optional`](crate::Auth::optional).
///
/// ```
/// # #[derive(Clone, serde::Deserialize)] struct User { sub: String }
/// use portcullis_actix::OptionalClaims;
///
/// async fn greet(OptionalClaims(user): OptionalClaims<User>) -> String {
///     match user {
///         Some(user) => format!("hello, {}", user.sub),
///         None => "hello, whoever you are".to_owned(),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OptionalClaims<T>(pub Option<T>);

impl<T: FromToken> FromRequest for OptionalClaims<T> {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::extract_with(request, None)
    }
}

impl<T: FromToken> Source for OptionalClaims<T> {
    type Extraction = Ready<Result<Self, AuthRejection>>;

    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction {
        let claims = source::of_middleware(request, Authentication::optional_claims, demand);
        ready(claims.map(Self))
    }
}
