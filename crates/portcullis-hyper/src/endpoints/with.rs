//! The endpoints in front of another service.

use std::net::IpAddr;

use bytes::Bytes;
use http::{Request, Response};
use hyper::{body::Body, service::Service};
use portcullis::endpoint::{Endpoints, WithEndpointsFuture};

use super::{BoxError, EndpointService};

/// Answers requests for the paths of the token endpoints, and passes all
/// others to the inner service.
///
/// It goes outside of [`Auth`](crate::Auth): who logs in has no token yet.
///
/// ```
/// # use std::net::SocketAddr;
/// # use portcullis::{endpoint::Endpoints, verify::Verifier};
/// use portcullis_hyper::{Auth, WithEndpoints};
///
/// # fn example<S>(app: S, verifier: Verifier, endpoints: Endpoints, peer: SocketAddr) {
/// let service = WithEndpoints::new(Auth::new(app, verifier), endpoints).client(peer.ip());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WithEndpoints<S> {
    inner: S,
    endpoints: EndpointService,
}

impl<S> WithEndpoints<S> {
    /// Puts `endpoints` in front of `inner`.
    pub fn new(inner: S, endpoints: Endpoints) -> Self {
        Self {
            inner,
            endpoints: EndpointService::new(endpoints),
        }
    }

    /// Where the requests come from; see [`EndpointService::client`].
    #[must_use = "returns the changed service"]
    pub fn client(self, address: IpAddr) -> Self {
        Self {
            endpoints: self.endpoints.client(address),
            ..self
        }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for WithEndpoints<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ReqBody: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    ResBody: From<Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = WithEndpointsFuture<S::Future>;

    fn call(&self, request: Request<ReqBody>) -> Self::Future {
        match self.endpoints.find(request.uri().path()) {
            Some(endpoint) => {
                let request = self.endpoints.with_address(request);
                WithEndpointsFuture::endpoint(endpoint.serve(request))
            }
            None => WithEndpointsFuture::inner(self.inner.call(request)),
        }
    }
}
