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

use super::{Token, source::Source};
use crate::AuthRejection;

/// What `E` extracts, where the token has every scope of `S`.
///
/// `E` is another extractor of this crate: [`Token`] unless another is chosen,
/// [`Claims<T>`](super::Claims), or [`Authenticated<T>`](super::Authenticated)
/// where there is no middleware.
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
    type Future = ScopedFuture<S, E::Extraction>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ScopedFuture {
            inner: E::extract_with(request, |authentication| {
                authentication.require_scopes::<S>().map(|_| ())
            }),
            scopes: PhantomData,
        }
    }
}

pin_project! {
    /// The future of [`Scoped`].
    #[must_use = "futures do nothing unless polled"]
    pub struct ScopedFuture<S, F> {
        #[pin]
        inner: F,
        scopes: PhantomData<fn() -> S>,
    }
}

impl<S, E, F> Future for ScopedFuture<S, F>
where
    F: Future<Output = Result<E, AuthRejection>>,
{
    type Output = Result<Scoped<S, E>, AuthRejection>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let inner = ready!(self.project().inner.poll(cx))?;
        Poll::Ready(Ok(Scoped {
            inner,
            scopes: PhantomData,
        }))
    }
}

impl<S, F> fmt::Debug for ScopedFuture<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedFuture").finish_non_exhaustive()
    }
}
