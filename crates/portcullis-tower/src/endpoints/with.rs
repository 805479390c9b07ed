//! The endpoints in front of another service.

use std::{
    mem,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use portcullis::endpoint::{Endpoints, WithEndpointsFuture};
use tower_service::Service;

use super::BoxError;

/// Answers requests for the paths of the token endpoints, and passes all
/// others to the inner service; made by [`EndpointLayer`](super::EndpointLayer).
#[derive(Clone, Debug)]
pub struct WithEndpoints<S> {
    inner: S,
    endpoints: Endpoints,
}

impl<S> WithEndpoints<S> {
    /// Puts `endpoints` in front of `inner`.
    pub fn new(inner: S, endpoints: Endpoints) -> Self {
        Self { inner, endpoints }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for WithEndpoints<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ReqBody: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    ResBody: From<Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = WithEndpointsFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let Some(endpoint) = self.endpoints.find(request.uri().path()) else {
            return WithEndpointsFuture::inner(self.inner.call(request));
        };
        // A place that was reserved in the inner service is given back.
        let clone = self.inner.clone();
        drop(mem::replace(&mut self.inner, clone));
        WithEndpointsFuture::endpoint(endpoint.serve(request))
    }
}
