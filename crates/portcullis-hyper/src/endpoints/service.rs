//! The endpoints on their own.

use std::{convert::Infallible, net::IpAddr};

use http::{Request, Response};
use hyper::{body::Body, service::Service};
use portcullis::endpoint::{
    ClientAddress, EndpointBody, EndpointServiceFuture, Endpoints, MatchedEndpoint,
};

use super::BoxError;

/// Answers every request by [`Endpoints`], with "not found" where there is
/// none.
///
/// ```
/// # use std::net::SocketAddr;
/// use portcullis::endpoint::{EndpointServiceFuture, Endpoints};
/// use portcullis_hyper::EndpointService;
///
/// # fn example(endpoints: Endpoints, peer: SocketAddr) {
/// // One for each connection.
/// let service = EndpointService::new(endpoints).client(peer.ip());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct EndpointService {
    endpoints: Endpoints,
    client: Option<ClientAddress>,
}

impl EndpointService {
    /// Answers by `endpoints`.
    pub fn new(endpoints: Endpoints) -> Self {
        Self {
            endpoints,
            client: None,
        }
    }

    /// Where the requests come from: the peer of the connection. A
    /// [`ClientAddress`] in a request's extensions goes before it.
    #[must_use = "returns the changed service"]
    pub fn client(mut self, address: IpAddr) -> Self {
        self.client = Some(ClientAddress(address));
        self
    }

    pub(super) fn find(&self, path: &str) -> Option<MatchedEndpoint> {
        self.endpoints.find(path)
    }

    /// The request, which says where it comes from.
    pub(super) fn with_address<B>(&self, mut request: Request<B>) -> Request<B> {
        if let Some(address) = self.client {
            request.extensions_mut().get_or_insert(address);
        }
        request
    }
}

impl<B> Service<Request<B>> for EndpointService
where
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<EndpointBody>;
    type Error = Infallible;
    type Future = EndpointServiceFuture;

    fn call(&self, request: Request<B>) -> Self::Future {
        EndpointServiceFuture::new(self.endpoints.serve(self.with_address(request)))
    }
}
