//! The service.

use std::{
    marker::PhantomData,
    task::{Context, Poll},
};

use http::{Request, Response};
use portcullis::guard::{Authenticator, Check};
use tower_service::Service;

use super::{AnswerBody, ResponseFuture, SameBody};
#[cfg(feature = "axum")]
use crate::RoutedHead;
use crate::ready;

/// Calls the inner service for requests with a good access token, and answers
/// the others itself; made by [`AuthLayer`](super::AuthLayer).
///
/// The inner service finds an [`Authentication`](portcullis::guard::Authentication)
/// in the request's extensions.
#[derive(Clone, Debug)]
pub struct Auth<S, B = SameBody> {
    inner: S,
    authenticator: Authenticator,
    body: PhantomData<B>,
}

impl<S> Auth<S> {
    /// Puts `authenticator`, or a verifier alone, in front of `inner`.
    pub fn new(inner: S, authenticator: impl Into<Authenticator>) -> Self {
        Self::around(inner, authenticator.into())
    }
}

impl<S, B> Auth<S, B> {
    pub(super) fn around(inner: S, authenticator: Authenticator) -> Self {
        Self {
            inner,
            authenticator,
            body: PhantomData,
        }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, without protection.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, ReqBody, ResBody> Service<Request<ReqBody>> for Auth<S, B>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    B: AnswerBody<ResBody>,
{
    type Response = Response<B::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        #[cfg(feature = "axum")]
        let check = self.authenticator.check(&RoutedHead::from(&request));
        #[cfg(not(feature = "axum"))]
        let check = self.authenticator.check(&request);
        self.authenticator.hide_credentials(request.headers_mut());
        match check {
            Check::Ready(Ok(authentication)) => {
                ResponseFuture::passed(&mut self.inner, request, authentication)
            }
            Check::Ready(Err(rejection)) => {
                // A place that was reserved is given back, or refused requests
                // on idle connections would use up a concurrency limit.
                drop(ready::take(&mut self.inner));
                ResponseFuture::refused(rejection)
            }
            Check::Pending(check) => {
                ResponseFuture::pending(check, ready::take(&mut self.inner), request)
            }
        }
    }
}
