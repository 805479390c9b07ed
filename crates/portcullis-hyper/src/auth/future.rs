//! The future.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use hyper::service::Service;
use pin_project_lite::pin_project;
use portcullis::{
    challenge::Rejection,
    guard::{Authentication, PendingCheck},
};

pin_project! {
    /// The future of [`Auth`](super::Auth).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S, ReqBody>
    where
        S: Service<Request<ReqBody>>,
    {
        #[pin]
        state: State<S, ReqBody, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, ReqBody, F> {
        Accepted {
            #[pin]
            future: F,
        },
        Refused {
            rejection: Option<Rejection>,
        },
        Pending {
            check: PendingCheck,
            // Boxed: it is off the hot path, and would make every future as
            // large as a request.
            call: Option<Box<Call<S, ReqBody>>>,
        },
    }
}

impl<S, ReqBody> ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    pub(super) fn accepted(future: S::Future) -> Self {
        Self {
            state: State::Accepted { future },
        }
    }

    pub(super) fn refused(rejection: Rejection) -> Self {
        Self {
            state: State::refused(rejection),
        }
    }

    pub(super) fn pending(check: PendingCheck, service: S, request: Request<ReqBody>) -> Self {
        Self {
            state: State::Pending {
                check,
                call: Some(Box::new(Call { service, request })),
            },
        }
    }
}

impl<S, ReqBody, ResBody> Future for ResponseFuture<S, ReqBody>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: From<Bytes>,
{
    type Output = Result<Response<ResBody>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Accepted { future } => return future.poll(cx),
                StateProj::Refused { rejection } => {
                    return match rejection.take() {
                        Some(rejection) => Poll::Ready(Ok(rejection.into_response())),
                        // Polled again after the end.
                        None => Poll::Pending,
                    };
                }
                StateProj::Pending { check, call } => {
                    match (ready!(Pin::new(check).poll(cx)), call.take()) {
                        (Ok(authentication), Some(call)) => State::Accepted {
                            future: call.accept(authentication),
                        },
                        (Ok(_), None) => return Poll::Pending,
                        (Err(rejection), _) => State::refused(rejection),
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<S, ReqBody, F> State<S, ReqBody, F> {
    fn refused(rejection: Rejection) -> Self {
        Self::Refused {
            rejection: Some(rejection),
        }
    }
}

/// A request that waits.
struct Call<S, ReqBody> {
    service: S,
    request: Request<ReqBody>,
}

impl<S, ReqBody> Call<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    fn accept(mut self, authentication: Authentication) -> S::Future {
        self.request.extensions_mut().insert(authentication);
        self.service.call(self.request)
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
