//! The future.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
};

use actix_web::{
    HttpMessage, ResponseError,
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse},
};
use pin_project_lite::pin_project;
use portcullis::{
    challenge::Rejection,
    guard::{Authentication, PendingCheck},
};

use crate::AuthRejection;

pin_project! {
    /// The future of [`AuthMiddleware`](super::AuthMiddleware).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S>
    where
        S: Service<ServiceRequest>,
    {
        #[pin]
        state: State<S, S::Future>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<S, F> {
        Accepted {
            #[pin]
            future: F,
        },
        Refused {
            refused: Option<(Rejection, ServiceRequest)>,
        },
        Pending {
            check: PendingCheck,
            call: Option<Call<S>>,
        },
    }
}

impl<S> ResponseFuture<S>
where
    S: Service<ServiceRequest>,
{
    pub(super) fn accepted(future: S::Future) -> Self {
        Self {
            state: State::Accepted { future },
        }
    }

    pub(super) fn refused(rejection: Rejection, request: ServiceRequest) -> Self {
        Self {
            state: State::refused(rejection, request),
        }
    }

    pub(super) fn pending(check: PendingCheck, service: Rc<S>, request: ServiceRequest) -> Self {
        Self {
            state: State::Pending {
                check,
                call: Some(Call { service, request }),
            },
        }
    }
}

impl<S, B> Future for ResponseFuture<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Accepted { future } => {
                    let response = ready!(future.poll(cx))?;
                    return Poll::Ready(Ok(response.map_into_left_body()));
                }
                StateProj::Refused { refused } => {
                    return match refused.take() {
                        Some((rejection, request)) => {
                            let response = AuthRejection(rejection).error_response();
                            let response = request.into_response(response);
                            Poll::Ready(Ok(response.map_into_right_body()))
                        }
                        // Polled again after the end.
                        None => Poll::Pending,
                    };
                }
                StateProj::Pending { check, call } => {
                    match (ready!(Pin::new(check).poll(cx)), call.take()) {
                        (Ok(authentication), Some(call)) => State::Accepted {
                            future: call.accept(authentication),
                        },
                        (Err(rejection), Some(call)) => State::refused(rejection, call.request),
                        (_, None) => return Poll::Pending,
                    }
                }
            };
            state.set(next);
        }
    }
}

impl<S, F> State<S, F> {
    fn refused(rejection: Rejection, request: ServiceRequest) -> Self {
        Self::Refused {
            refused: Some((rejection, request)),
        }
    }
}

/// A request that waits.
struct Call<S> {
    service: Rc<S>,
    request: ServiceRequest,
}

impl<S> Call<S>
where
    S: Service<ServiceRequest>,
{
    fn accept(self, authentication: Authentication) -> S::Future {
        self.request.extensions_mut().insert(authentication);
        self.service.call(self.request)
    }
}

impl<S> fmt::Debug for ResponseFuture<S>
where
    S: Service<ServiceRequest>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
