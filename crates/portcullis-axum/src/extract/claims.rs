//! The claims that a layer verified.

use std::borrow::Cow;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portcullis::{challenge::Rejection, guard::Authentication, verify::FromToken};

use super::source::{Credentials, Source, of_layer};
use crate::AuthRejection;

/// The claims of the token that a layer verified, as the application's own
/// type.
///
/// Claims that do not have the form of `T` are refused like a bad token. As
/// `Option<Claims<T>>`, absent credentials are `None`, where the layer is
/// [`optional`](crate::AuthLayer::optional).
///
/// ```
/// use portcullis_axum::Claims;
///
/// #[derive(Clone, serde::Deserialize)]
/// struct User {
///     sub: String,
/// }
///
/// async fn greet(user: Option<Claims<User>>) -> String {
///     match user {
///         Some(Claims(user)) => format!("hello, {}", user.sub),
///         None => "hello, whoever you are".to_owned(),
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Claims<T>(pub T);

impl<S, T> FromRequestParts<S> for Claims<T>
where
    S: Sync,
    T: FromToken + Send,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(of_layer(parts)?.claims()?))
    }
}

impl<S, T> OptionalFromRequestParts<S> for Claims<T>
where
    S: Sync,
    T: FromToken + Send,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(of_layer(parts)?.optional_claims()?.map(Self))
    }
}

impl<S: Sync, T: FromToken> Source<S> for Claims<T> {
    async fn authenticate<'p>(
        parts: &'p mut Parts,
        _: &S,
        _: Credentials,
    ) -> Result<Cow<'p, Authentication>, AuthRejection> {
        of_layer(parts).map(Cow::Borrowed)
    }

    fn extract(authentication: &Authentication) -> Result<Self, Rejection> {
        authentication.claims().map(Self)
    }
}
