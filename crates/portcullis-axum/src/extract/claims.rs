//! The claims that a layer verified.

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::authentication;
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
/// #[derive(serde::Deserialize)]
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
    T: DeserializeOwned,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(authentication(parts)?.claims()?))
    }
}

impl<S, T> OptionalFromRequestParts<S> for Claims<T>
where
    S: Sync,
    T: DeserializeOwned,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        let authentication = authentication(parts)?;
        if authentication.optional().is_none() {
            return Ok(None);
        }
        Ok(Some(Self(authentication.claims()?)))
    }
}
