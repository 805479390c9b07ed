//! The middleware.

use std::{
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    HttpMessage,
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse},
};
use portcullis::guard::{Check, PolicyGuard};

use crate::{Head, ResponseFuture};

/// Calls the inner service for requests that satisfy a policy, and answers the others
/// itself; made by [`Require`](super::Require).
#[derive(Debug)]
pub struct RequireMiddleware<S> {
    // Shared with requests that wait for somebody.
    inner: Rc<S>,
    guard: PolicyGuard,
}

impl<S> RequireMiddleware<S> {
    pub(super) fn new(inner: S, guard: PolicyGuard) -> Self {
        Self {
            inner: Rc::new(inner),
            guard,
        }
    }

    fn check(&self, request: &ServiceRequest) -> Check {
        let extensions = request.extensions();
        self.guard
            .check(extensions.get(), &Head::from(request), HINT)
    }
}

impl<S, B> Service<ServiceRequest> for RequireMiddleware<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        match self.check(&request) {
            Check::Ready(Ok(_)) => ResponseFuture::passed_on(&self.inner, request),
            Check::Ready(Err(rejection)) => ResponseFuture::refused(rejection, request),
            Check::Pending(check) => ResponseFuture::pending(check, self.inner.clone(), request),
        }
    }
}

const HINT: &str = "wrap the app or a scope further out with `.wrap(Auth::new(verifier))`, after \
                    the `.wrap(Require::new(policy))` if both wrap the same";
