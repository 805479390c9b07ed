//! Verification by an extractor, without a layer.

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::{HeaderValue, header::AUTHORIZATION, request::Parts};
use portcullis::guard::{Authentication, Authenticator, Check};
use serde::de::DeserializeOwned;

use crate::AuthRejection;

/// The claims of a token that this extractor verifies by itself, with the
/// [`Authenticator`] of the router's state: protects one route, needs no layer.
///
/// As `Option<Authenticated<T>>`, absent credentials are `None`. Extractors
/// that follow it, such as [`Token`](super::Token), find the same token.
///
/// ```
/// use axum::{Router, routing::get};
/// use portcullis_axum::{Authenticated, Authenticator};
///
/// # #[derive(serde::Deserialize)] struct User { sub: String }
/// async fn hello(Authenticated(user): Authenticated<User>) -> String {
///     format!("hello, {}", user.sub)
/// }
///
/// # fn example(verifier: portcullis::verify::Verifier) {
/// // Or a state of the application's own, with `FromRef`.
/// let app: Router = Router::new()
///     .route("/hello", get(hello))
///     .with_state(Authenticator::new(verifier));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Authenticated<T>(pub T);

impl<S, T> FromRequestParts<S> for Authenticated<T>
where
    S: Sync,
    Authenticator: FromRef<S>,
    T: DeserializeOwned,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let check = Authenticator::from_ref(state).check(authorization(parts));
        Ok(Self(settle(check, parts).await?.claims()?))
    }
}

impl<S, T> OptionalFromRequestParts<S> for Authenticated<T>
where
    S: Sync,
    Authenticator: FromRef<S>,
    T: DeserializeOwned,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        let check = Authenticator::from_ref(state).check_optional(authorization(parts));
        let authentication = settle(check, parts).await?;
        if authentication.optional().is_none() {
            return Ok(None);
        }
        Ok(Some(Self(authentication.claims()?)))
    }
}

fn authorization(parts: &Parts) -> impl Iterator<Item = &[u8]> {
    let values = parts.headers.get_all(AUTHORIZATION);
    values.iter().map(HeaderValue::as_bytes)
}

/// Leaves what a layer would have left.
async fn settle(check: Check, parts: &mut Parts) -> Result<Authentication, AuthRejection> {
    if let Some(value) = parts.headers.get_mut(AUTHORIZATION) {
        value.set_sensitive(true);
    }
    let authentication = match check {
        Check::Ready(result) => result?,
        Check::Pending(check) => check.await?,
    };
    parts.extensions.insert(authentication.clone());
    Ok(authentication)
}
