//! The future.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use pin_project_lite::pin_project;
use portcullis::{
    challenge::{Rejection, ResponseHeaders},
    guard::{
        Authentication, PendingCheck,
        service::{Call, GuardedCall},
    },
};
use tower_service::Service;

use super::{AnswerBody, SameBody};

pin_project! {
    /// The future of [`Auth`](crate::Auth) and [`Require`](crate::Require).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, ReqBody, B = SameBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        call: GuardedCall<Waiting<S, ReqBody>>,
        body: PhantomData<B>,
    }
}

impl<S, ReqBody, B> ResponseFuture<S, ReqBody, B>
where
    S: Service<Request<ReqBody>>,
{
    /// Calls `service`.
    pub(super) fn passed(
        service: &mut S,
        mut request: Request<ReqBody>,
        authentication: Authentication,
    ) -> Self {
        let headers = authentication.response_headers();
        request.extensions_mut().insert(authentication);
        Self::new(GuardedCall::passed(service.call(request), headers))
    }

    /// Calls `service` with a request that was let through before.
    pub(crate) fn passed_on(service: &mut S, request: Request<ReqBody>) -> Self {
        let headers = ResponseHeaders::default();
        Self::new(GuardedCall::passed(service.call(request), headers))
    }

    pub(crate) fn refused(rejection: Rejection) -> Self {
        Self::new(GuardedCall::refused(rejection))
    }

    /// Calls `service`, which was polled ready, when `check` says so.
    pub(crate) fn pending(check: PendingCheck, service: S, request: Request<ReqBody>) -> Self {
        Self::new(GuardedCall::pending(check, Waiting { service, request }))
    }

    fn new(call: GuardedCall<Waiting<S, ReqBody>>) -> Self {
        Self {
            call,
            body: PhantomData,
        }
    }
}

impl<S, ReqBody, B, ResBody> Future for ResponseFuture<S, ReqBody, B>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    B: AnswerBody<ResBody>,
{
    type Output = Result<Response<B::Body>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let passed = |result: Result<Response<ResBody>, S::Error>, headers: &ResponseHeaders| {
            let mut response = result?.map(B::passed);
            headers.add_to(response.headers_mut());
            Ok(response)
        };
        let refused = |rejection: Rejection| {
            let response: Response<Bytes> = rejection.into_response();
            Ok(response.map(B::refused))
        };
        self.project().call.poll_answer(cx, passed, refused)
    }
}

impl<S, ReqBody, B> fmt::Debug for ResponseFuture<S, ReqBody, B>
where
    S: Service<Request<ReqBody>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// A request that waits, with the service that was polled ready for it.
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
