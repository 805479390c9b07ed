//! The service.

use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use portcullis::guard::{Check, PolicyGuard};
use tower_service::Service;

#[cfg(feature = "axum")]
use crate::RoutedHead;
use crate::{ResponseFuture, ready};

/// Calls the inner service for requests that satisfy a policy, and answers the others
/// itself; made by [`RequireLayer`](super::RequireLayer).
#[derive(Clone, Debug)]
pub struct Require<S> {
    inner: S,
    guard: PolicyGuard,
}

impl<S> Require<S> {
    /// Puts `guard` in front of `inner`.
    pub fn new(inner: S, guard: PolicyGuard) -> Self {
        Self { inner, guard }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, without the policy.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Require<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: From<Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let found = request.extensions().get();
        #[cfg(feature = "axum")]
        let check = self.guard.check(found, &RoutedHead::from(&request), HINT);
        #[cfg(not(feature = "axum"))]
        let check = self.guard.check(found, &request, HINT);
        match check {
            Check::Ready(Ok(_)) => ResponseFuture::passed_on(&mut self.inner, request),
            Check::Ready(Err(rejection)) => {
                // As in `Auth`: a place that was reserved is given back.
                drop(ready::take(&mut self.inner));
                ResponseFuture::refused(rejection)
            }
            Check::Pending(check) => {
                ResponseFuture::pending(check, ready::take(&mut self.inner), request)
            }
        }
    }
}

const HINT: &str = "add an `AuthLayer::new(verifier)` around the `RequireLayer`: on axum with \
                    `.layer` after it, or on the router in which its router is nested";
