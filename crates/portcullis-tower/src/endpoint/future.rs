//! The futures.

use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use pin_project_lite::pin_project;
use portcullis::endpoint;

/// The future of [`EndpointService`](super::EndpointService).
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct EndpointFuture(endpoint::EndpointFuture);

impl EndpointFuture {
    pub(super) fn new(future: endpoint::EndpointFuture) -> Self {
        Self(future)
    }
}

impl Future for EndpointFuture {
    type Output = Result<Response<Full<Bytes>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = Pin::new(&mut self.0).poll(cx);
        response.map(|response| Ok(response.map(Full::new)))
    }
}

pin_project! {
    /// The future of [`WithEndpoints`](super::WithEndpoints).
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
            future: endpoint::EndpointFuture,
        },
        Inner {
            #[pin]
            future: F,
        },
    }
}

impl<F> WithEndpointsFuture<F> {
    pub(super) fn endpoint(future: endpoint::EndpointFuture) -> Self {
        Self {
            state: State::Endpoint { future },
        }
    }

    pub(super) fn inner(future: F) -> Self {
        Self {
            state: State::Inner { future },
        }
    }
}

impl<F, ResBody, E> Future for WithEndpointsFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    ResBody: From<Bytes>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Endpoint { future } => {
                let response = Pin::new(future).poll(cx);
                response.map(|response| Ok(response.map(ResBody::from)))
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
