//! The endpoints on their own.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use portcullis::endpoint::{EndpointBody, EndpointServiceFuture, Endpoints};
use tower_service::Service;

use super::BoxError;

/// Answers every request by [`Endpoints`], with "not found" where there is
/// none: for routers that route by path.
///
/// A [`ClientAddress`](portcullis::endpoint::ClientAddress) in the request's
/// extensions says where it comes from. Without one, an application that
/// throttles by name and source sees all clients as one, and whoever guesses at
/// a name locks its owner out; the first such request is logged as a warning.
///
/// ```
/// # use bytes::Bytes;
/// # use http::Request;
/// # use http_body_util::Full;
/// use portcullis::endpoint::{EndpointServiceFuture, Endpoints};
/// use portcullis_tower::EndpointService;
/// use tower::ServiceExt;
///
/// # async fn example(endpoints: Endpoints, request: Request<Full<Bytes>>) {
/// let service = EndpointService::new(endpoints);
/// let Ok(response) = service.oneshot(request).await;
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct EndpointService {
    endpoints: Endpoints,
}

impl EndpointService {
    /// Answers by `endpoints`.
    pub fn new(endpoints: Endpoints) -> Self {
        Self { endpoints }
    }
}

impl<B> Service<Request<B>> for EndpointService
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<EndpointBody>;
    type Error = Infallible;
    type Future = EndpointServiceFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        EndpointServiceFuture::new(self.endpoints.serve(request))
    }
}
