//! Scopes in a handler's signature.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use pin_project_lite::pin_project;
use portcullis::policy::RequiredScopes;

use super::{OptionalToken, Token, source::Source};
use crate::AuthRejection;

/// What `E` extracts, where the token has every scope of `S`.
///
/// `E` is another extractor of this crate: [`Token`] unless another is chosen,
/// [`Claims<T>`](super::Claims), or [`Authenticated<T>`](super::Authenticated)
/// where there is no middleware.
///
/// Scopes imply that there is a token. Never take actix's `Option<Scoped<S>>`:
/// that calls the handler for whoever lacks a scope, and the refusal is told
/// only afterwards. For what people without a token may do, there is
/// [`ScopedIfPresent`].
///
/// ```
/// use portcullis::policy::RequiredScopes;
/// use portcullis_actix::{Claims, Scoped};
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

impl<S, E> FromRequest for Scoped<S, E>
where
    S: RequiredScopes,
    E: Source,
{
    type Error = AuthRejection;
    type Future = ScopedFuture<E::Extraction, E, Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ScopedFuture {
            inner: E::extract_with(
                request,
                Some(|authentication| authentication.require_scopes::<S>().map(|_| ())),
            ),
            wrap: |inner| Self {
                inner,
                scopes: PhantomData,
            },
        }
    }
}

/// What `E` extracts, where the token, if there is one, has every scope of `S`.
///
/// `E` is an extractor that can do without credentials: [`OptionalToken`] unless
/// another is chosen, [`OptionalClaims<T>`](super::OptionalClaims) or
/// [`OptionalAuthenticated<T>`](super::OptionalAuthenticated).
///
/// Whoever lacks a scope can drop the token and come as nobody. So what a
/// handler does for `None` must be less than what it does for everybody else;
/// otherwise take [`Scoped`].
///
/// ```
/// # use portcullis::policy::RequiredScopes;
/// use portcullis_actix::{OptionalToken, ScopedIfPresent};
/// # struct ReadStations;
/// # impl RequiredScopes for ReadStations {
/// #     const SCOPES: &'static [&'static str] = &["stations:read"];
/// # }
///
/// async fn stations(token: ScopedIfPresent<ReadStations>) -> &'static str {
///     let OptionalToken(token) = token.into_inner();
///     match token {
///         Some(_) => "all stations",
///         None => "the public stations",
///     }
/// }
/// ```
pub struct ScopedIfPresent<S, E = OptionalToken> {
    inner: E,
    scopes: PhantomData<fn() -> S>,
}

impl<S, E> ScopedIfPresent<S, E> {
    /// What was extracted.
    pub fn into_inner(self) -> E {
        self.inner
    }
}

impl<S, E: fmt::Debug> fmt::Debug for ScopedIfPresent<S, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ScopedIfPresent").field(&self.inner).finish()
    }
}

impl<S, E> FromRequest for ScopedIfPresent<S, E>
where
    S: RequiredScopes,
    E: Source,
{
    type Error = AuthRejection;
    type Future = ScopedFuture<E::Extraction, E, Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ScopedFuture {
            inner: E::extract_with(
                request,
                Some(|authentication| match authentication.optional() {
                    Some(_) => authentication.require_scopes::<S>().map(|_| ()),
                    None => Ok(()),
                }),
            ),
            wrap: |inner| Self {
                inner,
                scopes: PhantomData,
            },
        }
    }
}

pin_project! {
    /// The future of [`Scoped`] and [`ScopedIfPresent`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ScopedFuture<F, E, W> {
        #[pin]
        inner: F,
        wrap: fn(E) -> W,
    }
}

impl<F, E, W> Future for ScopedFuture<F, E, W>
where
    F: Future<Output = Result<E, AuthRejection>>,
{
    type Output = Result<W, AuthRejection>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        Poll::Ready(ready!(this.inner.poll(cx)).map(this.wrap))
    }
}

impl<F, E, W> fmt::Debug for ScopedFuture<F, E, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedFuture").finish_non_exhaustive()
    }
}
