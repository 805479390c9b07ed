//! A decision and the call that may follow it, as one future: for adapters of
//! frameworks whose middleware is a service with a future of its own type.
//! Where middleware is an `async fn`, awaiting the [`Check`](super::Check) does.

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
use crate::challenge::{Rejection, ResponseHeaders};

/// A request that waits for its decision, with the service that will answer
/// it: what an adapter keeps while a check is pending.
pub trait Call {
    /// The inner service's future.
    type Future: Future;

    /// What the answer to a refused request is made of.
    type Refusal;

    /// Leaves `authentication` in the request's extensions and calls the
    /// service.
    fn pass(self, authentication: Authentication) -> Self::Future;

    /// Gives the request up.
    fn refuse(self, rejection: Rejection) -> Self::Refusal;
}

/// What came of a request.
///
/// Exhaustive on purpose: it passed or it was refused, and an adapter has an
/// answer to both.
#[derive(Debug)]
pub enum Outcome<T, R> {
    /// It passed, and this is what the inner service said; the headers are to be
    /// added to its answer.
    Passed(T, ResponseHeaders),
    /// It was refused.
    Refused(R),
}

impl<B: From<Bytes>, E> Outcome<Result<Response<B>, E>, Rejection> {
    /// The answer, for `http` 1.x.
    ///
    /// # Errors
    ///
    /// The inner service's own.
    pub fn into_response(self) -> Result<Response<B>, E> {
        match self {
            Self::Passed(result, headers) => {
                let mut response = result?;
                headers.add_to(response.headers_mut());
                Ok(response)
            }
            Self::Refused(rejection) => Ok(rejection.into_response()),
        }
    }
}

pin_project! {
    /// The [`Outcome`] for a request.
    #[must_use = "futures do nothing unless polled"]
    pub struct OutcomeFuture<C>
    where
        C: Call,
    {
        #[pin]
        state: State<C, C::Future, C::Refusal>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<C, F, R> {
        Passed {
            #[pin]
            future: F,
            headers: ResponseHeaders,
        },
        Refused {
            refusal: Option<R>,
        },
        Pending {
            check: PendingCheck,
            // Boxed: it is off the hot path, and would make every future as
            // large as a request.
            call: Option<Box<C>>,
        },
    }
}

impl<C: Call> OutcomeFuture<C> {
    /// The inner service was called; `headers` are the
    /// [authentication's](Authentication::response_headers).
    pub fn passed(future: C::Future, headers: ResponseHeaders) -> Self {
        Self {
            state: State::Passed { future, headers },
        }
    }

    /// The request was refused.
    pub fn refused(refusal: C::Refusal) -> Self {
        Self {
            state: State::refused(refusal),
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

impl<C: Call> Future for OutcomeFuture<C> {
    type Output = Outcome<<C::Future as Future>::Output, C::Refusal>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Passed { future, headers } => {
                    let output = ready!(future.poll(cx));
                    return Poll::Ready(Outcome::Passed(output, std::mem::take(headers)));
                }
                StateProj::Refused { refusal } => {
                    return match refusal.take() {
                        Some(refusal) => Poll::Ready(Outcome::Refused(refusal)),
                        // Polled again after the end.
                        None => Poll::Pending,
                    };
                }
                StateProj::Pending { check, call } => {
                    match (ready!(Pin::new(check).poll(cx)), call.take()) {
                        (Ok(authentication), Some(call)) => State::Passed {
                            headers: authentication.response_headers(),
                            future: call.pass(authentication),
                        },
                        (Err(rejection), Some(call)) => State::refused(call.refuse(rejection)),
                        (_, None) => return Poll::Pending,
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<C, F, R> State<C, F, R> {
    fn refused(refusal: R) -> Self {
        Self::Refused {
            refusal: Some(refusal),
        }
    }
}

impl<C: Call> fmt::Debug for OutcomeFuture<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutcomeFuture").finish_non_exhaustive()
    }
}
