//! The middleware.

use std::{
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse},
};
use portcullis::guard::{Authenticator, Check};

use super::ResponseFuture;
use crate::Head;

/// Calls the inner service for requests with a good access token, and answers
/// the others itself; made by [`Auth`](super::Auth).
///
/// The inner service finds an [`Authentication`](portcullis::guard::Authentication)
/// in the request's extensions.
#[derive(Debug)]
pub struct AuthMiddleware<S> {
    // Shared with requests whose verification waits for somebody else.
    inner: Rc<S>,
    authenticator: Authenticator,
}

impl<S> AuthMiddleware<S> {
    pub(super) fn new(inner: S, authenticator: Authenticator) -> Self {
        Self {
            inner: Rc::new(inner),
            authenticator,
        }
    }
}

impl<S, B> Service<ServiceRequest> for AuthMiddleware<S>
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
        // The credentials cannot be marked as sensitive: the head of a request that
        // an outer middleware has cloned must not be touched. actix leaves those of
        // `Authorization` and `Cookie` out of the `Debug` output of an `HttpRequest`
        // by itself; what it shows of other sources, `Auth` tells.
        match self.authenticator.check(&Head::from(&request)) {
            Check::Ready(Ok(authentication)) => {
                ResponseFuture::passed(&self.inner, request, authentication)
            }
            Check::Ready(Err(rejection)) => ResponseFuture::refused(rejection, request),
            Check::Pending(check) => ResponseFuture::pending(check, self.inner.clone(), request),
        }
    }
}
