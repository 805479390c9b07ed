//! Scopes in a handler's signature.

use std::{fmt, marker::PhantomData, ops::Deref};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portcullis::{challenge::Rejection, guard::Authentication, policy::RequiredScopes};

use super::{
    Token,
    source::{self, Source},
};
use crate::AuthRejection;

/// What `E` extracts, where the token has every scope of `S`.
///
/// `E` is another extractor of this crate: [`Token`] unless another is chosen,
/// [`Claims<T>`](super::Claims), or [`Authenticated<T>`](super::Authenticated)
/// where there is no layer.
///
/// ```
/// use portcullis::policy::RequiredScopes;
/// use portcullis_axum::{Claims, Scoped};
///
/// struct ReadStations;
///
/// impl RequiredScopes for ReadStations {
///     const SCOPES: &'static [&'static str] = &["stations:read"];
/// }
///
/// # #[derive(Clone, serde::Deserialize)] struct User { sub: String }
/// async fn by_token(token: Scoped<ReadStations>) -> String {
///     format!("{:?} may read", token.subject_name())
/// }
///
/// async fn by_claims(user: Scoped<ReadStations, Claims<User>>) -> String {
///     let Claims(user) = user.into_inner();
///     format!("{} may read", user.sub)
/// }
/// ```
pub struct Scoped<S, E = Token> {
    inner: E,
    scopes: PhantomData<fn() -> S>,
}

impl<S, E> Scoped<S, E> {
    /// What was extracted.
    pub fn into_inner(self) -> E {
        self.inner
    }

    fn new(inner: E) -> Self {
        Self {
            inner,
            scopes: PhantomData,
        }
    }
}

impl<S, E> Deref for Scoped<S, E> {
    type Target = E;

    fn deref(&self) -> &E {
        &self.inner
    }
}

impl<S, E: fmt::Debug> fmt::Debug for Scoped<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scoped").field(&self.inner).finish()
    }
}

impl<State, S, E> FromRequestParts<State> for Scoped<S, E>
where
    State: Sync,
    S: RequiredScopes,
    E: Source<State> + Send,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, AuthRejection> {
        let inner = source::required(parts, state, scopes::<S>).await?;
        Ok(Self::new(inner))
    }
}

impl<State, S, E> OptionalFromRequestParts<State> for Scoped<S, E>
where
    State: Sync,
    S: RequiredScopes,
    E: Source<State> + Send,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &State,
    ) -> Result<Option<Self>, AuthRejection> {
        let inner = source::optional(parts, state, scopes::<S>).await?;
        Ok(inner.map(Self::new))
    }
}

fn scopes<S: RequiredScopes>(authentication: &Authentication) -> Result<(), Rejection> {
    authentication.require_scopes::<S>().map(|_| ())
}
