//! The head of a request that axum has routed.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, OriginalUri};
use http::{Extensions, Request, request::Parts};
use portcullis::head::{RequestHead, Target};

/// The head of a request that axum may have routed.
///
/// `Router::nest` takes a prefix away from the path; this shows the target as the
/// outermost router received it. Only a layer around that one, such as
/// tower-http's `NormalizePath`, changes it. The peer is that of the connection, if the server was started
/// with `into_make_service_with_connect_info`, unless a layer put a [`Peer`](portcullis::head::Peer) into
/// the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct RoutedHead<'r, H> {
    head: &'r H,
    extensions: &'r Extensions,
}

impl<'r, B> From<&'r Request<B>> for RoutedHead<'r, Request<B>> {
    fn from(request: &'r Request<B>) -> Self {
        Self {
            head: request,
            extensions: request.extensions(),
        }
    }
}

impl<'r> From<&'r Parts> for RoutedHead<'r, Parts> {
    fn from(parts: &'r Parts) -> Self {
        Self {
            head: parts,
            extensions: &parts.extensions,
        }
    }
}

impl<H: RequestHead> RequestHead for RoutedHead<'_, H> {
    fn method(&self) -> &str {
        self.head.method()
    }

    fn target(&self) -> Target<'_> {
        match self.extensions.get() {
            Some(OriginalUri(uri)) => Target::new(uri.path(), uri.query()),
            None => self.head.target(),
        }
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.head.values(name)
    }

    fn authorization(&self) -> impl Iterator<Item = &[u8]> {
        self.head.authorization()
    }

    fn fields(&self) -> Option<impl Iterator<Item = (&str, &[u8])>> {
        self.head.fields()
    }

    fn peer(&self) -> Option<SocketAddr> {
        let info = self.extensions.get();
        let of_connection = || info.map(|ConnectInfo(address)| *address);
        self.head.peer().or_else(of_connection)
    }

    fn client_certificate(&self) -> Option<&[u8]> {
        self.head.client_certificate()
    }
}
