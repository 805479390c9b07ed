//! The endpoints' answers as services have them.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;

use super::EndpointFuture;

/// An endpoint's answer as that of a service of its own, which never fails.
#[must_use = "futures do nothing unless polled"]
pub struct EndpointServiceFuture<B> {
    answer: EndpointFuture,
    body: PhantomData<fn() -> B>,
}

impl<B> EndpointServiceFuture<B> {
    /// Answers with `answer`.
    pub fn new(answer: EndpointFuture) -> Self {
        Self {
            answer,
            body: PhantomData,
        }
    }
}

impl<B: From<Bytes>> Future for EndpointServiceFuture<B> {
    type Output = Result<Response<B>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = Pin::new(&mut self.answer).poll(cx);
        response.map(|response| Ok(response.map(B::from)))
    }
}

impl<B> fmt::Debug for EndpointServiceFuture<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointServiceFuture")
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// An endpoint's answer, or that of the service behind the endpoints.
    #[must_use = "futures do nothing unless polled"]
    pub struct WithEndpointsFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F> {
        Endpoint {
            answer: EndpointFuture,
        },
        Inner {
            #[pin]
            future: F,
        },
    }
}

impl<F> WithEndpointsFuture<F> {
    /// Answers with `answer`.
    pub fn endpoint(answer: EndpointFuture) -> Self {
        Self {
            state: State::Endpoint { answer },
        }
    }

    /// Answers with what the inner service answers.
    pub fn inner(future: F) -> Self {
        Self {
            state: State::Inner { future },
        }
    }
}

impl<F, B, E> Future for WithEndpointsFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<Bytes>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Endpoint { answer } => {
                let response = Pin::new(answer).poll(cx);
                response.map(|response| Ok(response.map(B::from)))
            }
            StateProj::Inner { future } => future.poll(cx),
        }
    }
}

impl<F> fmt::Debug for WithEndpointsFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithEndpointsFuture")
            .finish_non_exhaustive()
    }
}
