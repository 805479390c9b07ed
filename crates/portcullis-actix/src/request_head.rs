//! actix-web's requests, as the core sees them.

use std::net::SocketAddr;

use actix_web::{
    HttpRequest,
    dev::{RequestHead as ActixHead, ServiceRequest},
    guard::GuardContext,
    http::header::{AUTHORIZATION, HeaderValue},
};
use portcullis::head::{ClientCertificate, RequestHead, Target};

/// The head of a request of actix-web's, for the core to look at.
///
/// The target is the one that was received, whatever scopes the route is in;
/// only actix's `NormalizePath`, around the middleware, changes it. The client's
/// certificate is the [`ClientCertificate`] that the server's `on_connect` puts
/// into the connection's data.
#[derive(Clone, Copy, Debug)]
pub struct Head<'r> {
    head: &'r ActixHead,
    /// Guards do not see the connection.
    request: Option<&'r HttpRequest>,
}

impl<'r> From<&'r HttpRequest> for Head<'r> {
    fn from(request: &'r HttpRequest) -> Self {
        Self {
            head: request.head(),
            request: Some(request),
        }
    }
}

impl<'r> From<&'r ServiceRequest> for Head<'r> {
    fn from(request: &'r ServiceRequest) -> Self {
        Self::from(request.request())
    }
}

impl<'r> From<&'r GuardContext<'_>> for Head<'r> {
    fn from(context: &'r GuardContext<'_>) -> Self {
        Self {
            head: context.head(),
            request: None,
        }
    }
}

impl RequestHead for Head<'_> {
    fn method(&self) -> &str {
        self.head.method.as_str()
    }

    fn target(&self) -> Target<'_> {
        Target::new(self.head.uri.path(), self.head.uri.query())
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let values = self.head.headers().get_all(name);
        values.map(HeaderValue::as_bytes)
    }

    fn authorization(&self) -> impl Iterator<Item = &[u8]> {
        let values = self.head.headers().get_all(AUTHORIZATION);
        values.map(HeaderValue::as_bytes)
    }

    fn fields(&self) -> Option<impl Iterator<Item = (&str, &[u8])>> {
        let fields = self.head.headers().iter();
        Some(fields.map(|(name, value)| (name.as_str(), value.as_bytes())))
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.head.peer_addr
    }

    fn client_certificate(&self) -> Option<&[u8]> {
        let certificate = self.request?.conn_data();
        certificate.map(|ClientCertificate(der)| &der[..])
    }
}
