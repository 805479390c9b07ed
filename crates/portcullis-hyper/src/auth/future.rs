//! The future.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::service::Service;
use pin_project_lite::pin_project;
use portcullis::{
    challenge::{Rejection, ResponseHeaders},
    guard::{
        Authentication, PendingCheck,
        service::{Call, GuardedCall},
    },
};

pin_project! {
    /// The future of [`Auth`](crate::Auth) and [`Require`](crate::Require).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        call: GuardedCall<Waiting<S, ReqBody>>,
    }
}

impl<S, ReqBody> ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    /// Calls `service`.
    pub(super) fn passed(
        service: &S,
        mut request: Request<ReqBody>,
        authentication: Authentication,
    ) -> Self {
        let headers = authentication.response_headers();
        request.extensions_mut().insert(authentication);
        Self {
            call: GuardedCall::passed(service.call(request), headers),
        }
    }

    /// Calls `service` with a request that was let through before.
    pub(crate) fn passed_on(service: &S, request: Request<ReqBody>) -> Self {
        Self {
            call: GuardedCall::passed(service.call(request), ResponseHeaders::default()),
        }
    }

    pub(crate) fn refused(rejection: Rejection) -> Self {
        Self {
            call: GuardedCall::refused(rejection),
        }
    }

    /// Calls `service` when `check` says so.
    pub(crate) fn pending(check: PendingCheck, service: S, request: Request<ReqBody>) -> Self {
        Self {
            call: GuardedCall::pending(check, Waiting { service, request }),
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: From<Bytes>,
{
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let passed = |mut result: Self::Output, headers: &ResponseHeaders| {
            if let Ok(response) = &mut result {
                headers.add_to(response.headers_mut());
            }
            result
        };
        let refused = |rejection: Rejection| Ok(rejection.into_response());
        self.project().call.poll_answer(cx, passed, refused)
    }
}

impl<S, ReqBody> fmt::Debug for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// A request that waits, with the service that will answer it.
struct Waiting<S, ReqBody> {
    service: S,
    request: Request<ReqBody>,
}

impl<S, ReqBody> Call for Waiting<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    type Future = S::Future;
    type Refusal = Rejection;

    fn pass(mut self, authentication: Authentication) -> Self::Future {
        self.request.extensions_mut().insert(authentication);
        self.service.call(self.request)
    }

    fn refuse(self, rejection: Rejection) -> Rejection {
        rejection
    }
}
