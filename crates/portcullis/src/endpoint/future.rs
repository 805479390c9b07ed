//! The endpoints' answers as services have them.

use std::{
    convert::Infallible,
    fmt,
    future::{self, Future},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Response;
use pin_project_lite::pin_project;

use super::response_body::EndpointBody;

/// The answer of [`Endpoints`](super::Endpoints).
#[must_use = "futures do nothing unless polled"]
pub struct EndpointFuture(Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>);

impl EndpointFuture {
    pub(super) fn new(answer: impl Future<Output = Response<Bytes>> + Send + 'static) -> Self {
        Self(Box::pin(answer))
    }

    /// An answer that is there already.
    pub(super) fn ready(response: Response<Bytes>) -> Self {
        Self::new(future::ready(response))
    }
}

impl Future for EndpointFuture {
    type Output = Response<Bytes>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Bytes>> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for EndpointFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointFuture").finish_non_exhaustive()
    }
}

/// An endpoint's answer as that of a service of its own, which never fails.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct EndpointServiceFuture(EndpointFuture);

impl EndpointServiceFuture {
    /// Answers with `answer`.
    pub fn new(answer: EndpointFuture) -> Self {
        Self(answer)
    }
}

impl Future for EndpointServiceFuture {
    type Output = Result<Response<EndpointBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = Pin::new(&mut self.0).poll(cx);
        response.map(|response| Ok(response.map(EndpointBody::from)))
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
