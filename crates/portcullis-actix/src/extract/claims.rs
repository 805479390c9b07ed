//! The claims that the middleware verified.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::de::DeserializeOwned;

use super::read;
use crate::AuthRejection;

/// The claims of the token that [`Auth`](crate::Auth) verified, as the
/// application's own type.
///
/// Claims that do not have the form of `T` are refused like a bad token.
///
/// ```
/// use portcullis_actix::Claims;
///
/// #[derive(serde::Deserialize)]
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

impl<T: DeserializeOwned> FromRequest for Claims<T> {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(read(request, |authentication| authentication.claims()).map(Self))
    }
}

/// As [`Claims`], where absent credentials are `None` and bad ones are still
/// refused. For an [`Auth`](crate::Auth) that is
/// [`optional`](crate::Auth::optional).
///
/// ```
/// # #[derive(serde::Deserialize)] struct User { sub: String }
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

impl<T: DeserializeOwned> FromRequest for OptionalClaims<T> {
    type Error = AuthRejection;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let claims = read(request, |authentication| match authentication.optional() {
            Some(_) => authentication.claims().map(Some),
            None => Ok(None),
        });
        ready(claims.map(Self))
    }
}
