//! Scopes in a handler's signature.

use std::{fmt, marker::PhantomData, ops::Deref};

use axum_core::extract::FromRequestParts;
use http::request::Parts;
use portcullis::{challenge::Rejection, guard::Authentication, policy::RequiredScopes};

use super::{
    Token,
    source::{Credentials, Source},
};
use crate::AuthRejection;

/// What `E` extracts, where the token has every scope of `S`.
///
/// `E` is another extractor of this crate: [`Token`] unless another is chosen,
/// [`Claims<T>`](super::Claims), or [`Authenticated<T>`](super::Authenticated)
/// where there is no layer.
///
/// Scopes imply that there is a token, so there is no `Option` of it; see
/// [`ScopedIfPresent`].
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
        let authentication = E::authenticate(parts, state, Credentials::Required).await?;
        Ok(Self {
            inner: scoped::<State, S, E>(&authentication)?,
            scopes: PhantomData,
        })
    }
}

/// What `E` extracts, if there is a token and it has every scope of `S`: `None`
/// if there are no credentials.
///
/// Whoever lacks a scope can drop the token and come as nobody. So what a
/// handler does for `None` must be less than what it does for everybody else;
/// otherwise take [`Scoped`], which there is no `Option` of.
///
/// ```
/// # use portcullis::policy::RequiredScopes;
/// use portcullis_axum::extract::ScopedIfPresent;
/// # struct ReadStations;
/// # impl RequiredScopes for ReadStations {
/// #     const SCOPES: &'static [&'static str] = &["stations:read"];
/// # }
///
/// async fn stations(token: ScopedIfPresent<ReadStations>) -> &'static str {
///     match token.into_inner() {
///         Some(_) => "all stations",
///         None => "the public stations",
///     }
/// }
/// ```
pub struct ScopedIfPresent<S, E = Token> {
    inner: Option<E>,
    scopes: PhantomData<fn() -> S>,
}

impl<S, E> ScopedIfPresent<S, E> {
    /// What was extracted.
    pub fn into_inner(self) -> Option<E> {
        self.inner
    }
}

impl<S, E: fmt::Debug> fmt::Debug for ScopedIfPresent<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopedIfPresent").field(&self.inner).finish()
    }
}

impl<State, S, E> FromRequestParts<State> for ScopedIfPresent<S, E>
where
    State: Sync,
    S: RequiredScopes,
    E: Source<State> + Send,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, AuthRejection> {
        let authentication = E::authenticate(parts, state, Credentials::Optional).await?;
        let token = authentication.optional();
        let extracted = token.map(|_| scoped::<State, S, E>(&authentication));
        Ok(Self {
            inner: extracted.transpose()?,
            scopes: PhantomData,
        })
    }
}

fn scoped<State, S, E>(authentication: &Authentication) -> Result<E, Rejection>
where
    S: RequiredScopes,
    E: Source<State>,
{
    let extracted = E::extract(authentication)?;
    authentication.require_scopes::<S>()?;
    Ok(extracted)
}
