//! A response that may have to wait for its decision.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;

use super::{Authentication, PendingCheck};
use crate::challenge::Rejection;

/// A request that waits for its decision, with the service that will answer
/// it: what an adapter keeps while a check is pending.
pub trait Call {
    /// The inner service's future.
    type Future: Future;

    /// Leaves `authentication` in the request's extensions and calls the
    /// service.
    fn call(self, authentication: Authentication) -> Self::Future;
}

pin_project! {
    /// The answer to a guarded request: the inner service's, or a refusal. For
    /// adapters of frameworks that are on `http` 1.x.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<C>
    where
        C: Call,
    {
        #[pin]
        state: State<C, C::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<C, F> {
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
            call: Option<Box<C>>,
        },
    }
}

impl<C: Call> ResponseFuture<C> {
    /// The inner service was called.
    pub fn accepted(future: C::Future) -> Self {
        Self {
            state: State::Accepted { future },
        }
    }

    /// The request was refused.
    pub fn refused(rejection: Rejection) -> Self {
        Self {
            state: State::refused(rejection),
        }
    }

    /// `call` goes on when `check` says so.
    pub fn pending(check: PendingCheck, call: C) -> Self {
        Self {
            state: State::Pending {
                check,
                call: Some(Box::new(call)),
            },
        }
    }
}

impl<C, B, E> Future for ResponseFuture<C>
where
    C: Call,
    C::Future: Future<Output = Result<Response<B>, E>>,
    B: From<Bytes>,
{
    type Output = Result<Response<B>, E>;

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
                            future: call.call(authentication),
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

impl<C, F> State<C, F> {
    fn refused(rejection: Rejection) -> Self {
        Self::Refused {
            rejection: Some(rejection),
        }
    }
}

impl<C: Call> fmt::Debug for ResponseFuture<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
