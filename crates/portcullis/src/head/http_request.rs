//! The requests of `http` 1.x.

use std::{fmt, net::SocketAddr};

use bytes::Bytes;
use http::{
    Extensions, HeaderMap, HeaderValue, Request, Uri,
    header::{AUTHORIZATION, GetAll},
    request::Parts,
};

use super::{RequestHead, Target};

/// The other end of the connection, in the extensions of a request of `http`
/// 1.x.
///
/// It is the socket's address, as `accept` told it. It is not for what a proxy
/// forwards: that is [`ClientAddress`](crate::endpoint::ClientAddress), which
/// whoever trusts the proxy sets.
///
/// Exhaustive on purpose: servers make it, and it is that address alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// The client's certificate, in the extensions of a request of `http` 1.x: in
/// DER, as the TLS handshake proved it. Exhaustive on purpose, as [`Peer`].
#[derive(Clone, PartialEq, Eq)]
pub struct ClientCertificate(pub Bytes);

impl fmt::Debug for ClientCertificate {
    /// How long it is: it tells who somebody is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientCertificate({} bytes)", self.0.len())
    }
}

impl<B> RequestHead for Request<B> {
    fn method(&self) -> &str {
        self.method().as_str()
    }

    fn target(&self) -> Target<'_> {
        target(self.uri())
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        values(self.headers(), name)
    }

    fn authorization(&self) -> impl Iterator<Item = &[u8]> {
        authorization(self.headers())
    }

    fn fields(&self) -> Option<impl Iterator<Item = (&str, &[u8])>> {
        Some(fields(self.headers()))
    }

    fn peer(&self) -> Option<SocketAddr> {
        peer(self.extensions())
    }

    fn client_certificate(&self) -> Option<&[u8]> {
        client_certificate(self.extensions())
    }
}

impl RequestHead for Parts {
    fn method(&self) -> &str {
        self.method.as_str()
    }

    fn target(&self) -> Target<'_> {
        target(&self.uri)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        values(&self.headers, name)
    }

    fn authorization(&self) -> impl Iterator<Item = &[u8]> {
        authorization(&self.headers)
    }

    fn fields(&self) -> Option<impl Iterator<Item = (&str, &[u8])>> {
        Some(fields(&self.headers))
    }

    fn peer(&self) -> Option<SocketAddr> {
        peer(&self.extensions)
    }

    fn client_certificate(&self) -> Option<&[u8]> {
        client_certificate(&self.extensions)
    }
}

fn target(uri: &Uri) -> Target<'_> {
    Target::new(uri.path(), uri.query())
}

fn values<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h [u8]> + use<'h> {
    bytes(headers.get_all(name))
}

fn authorization(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    bytes(headers.get_all(AUTHORIZATION))
}

fn fields(headers: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    let fields = headers.iter();
    fields.map(|(name, value)| (name.as_str(), value.as_bytes()))
}

fn bytes(values: GetAll<'_, HeaderValue>) -> impl Iterator<Item = &[u8]> {
    values.into_iter().map(HeaderValue::as_bytes)
}

fn peer(extensions: &Extensions) -> Option<SocketAddr> {
    extensions.get().map(|Peer(address)| *address)
}

fn client_certificate(extensions: &Extensions) -> Option<&[u8]> {
    extensions.get().map(|ClientCertificate(der)| &der[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_and_its_parts_show_the_same() {
        let mut request = Request::put("https://site.test/a%20b?q=1")
            .header("authorization", "Bearer a")
            .header("authorization", "Basic b")
            .header("dpop", "proof")
            .body(())
            .unwrap();
        let address = SocketAddr::from(([192, 0, 2, 1], 4711));
        request.extensions_mut().insert(Peer(address));
        let der = ClientCertificate(Bytes::from_static(b"der"));
        request.extensions_mut().insert(der);
        fn look(head: &impl RequestHead, peer: SocketAddr) {
            assert_eq!(head.method(), "PUT");
            assert_eq!(head.target(), Target::new("/a%20b", Some("q=1")));
            let authorization: Vec<_> = head.authorization().collect();
            assert_eq!(authorization, [&b"Bearer a"[..], b"Basic b"]);
            assert!(head.values("authorization").eq(authorization));
            assert!(head.values("dpop").eq([b"proof"]));
            assert_eq!(head.values("cookie").count(), 0);
            assert_eq!(head.peer(), Some(peer));
            assert_eq!(head.client_certificate(), Some(&b"der"[..]));
        }
        look(&request, address);
        look(&request.into_parts().0, address);
    }

    #[test]
    fn what_nobody_knows_is_none() {
        let request = Request::new(());
        assert_eq!(RequestHead::peer(&request), None);
        assert_eq!(request.client_certificate(), None);
    }
}
