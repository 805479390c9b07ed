//! A copy of a request's head, for a decision that has to wait.

use std::{fmt, net::SocketAddr};

use super::{HeadRef, RequestHead, Target};

/// What a request's head showed, for as long as its decision takes.
///
/// Only what has to wait is copied, and only where a policy asks about it.
#[derive(Clone)]
pub struct KeptHead {
    method: String,
    path: String,
    query: Option<String>,
    fields: Vec<(String, Vec<u8>)>,
    peer: Option<SocketAddr>,
    client_certificate: Option<Vec<u8>>,
}

impl KeptHead {
    /// `None` where the fields cannot be listed.
    pub(crate) fn of(head: HeadRef<'_>) -> Option<Self> {
        let fields = head.fields()?;
        let fields = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let target = head.target();
        Some(Self {
            method: head.method().to_owned(),
            path: target.path().to_owned(),
            query: target.query().map(str::to_owned),
            fields: fields.collect(),
            peer: head.peer(),
            client_certificate: head.client_certificate().map(<[u8]>::to_owned),
        })
    }
}

impl RequestHead for KeptHead {
    fn method(&self) -> &str {
        &self.method
    }

    fn target(&self) -> Target<'_> {
        Target::new(&self.path, self.query.as_deref())
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let fields = self.fields.iter();
        let named = fields.filter(move |(own, _)| own.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_slice())
    }

    fn fields(&self) -> Option<impl Iterator<Item = (&str, &[u8])>> {
        let fields = self.fields.iter();
        Some(fields.map(|(name, value)| (name.as_str(), value.as_slice())))
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    fn client_certificate(&self) -> Option<&[u8]> {
        self.client_certificate.as_deref()
    }
}

impl fmt::Debug for KeptHead {
    /// Without query and fields, in which there may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptHead")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::head::{ClientCertificate, Peer};

    #[test]
    fn a_copy_shows_what_the_request_showed() {
        let mut request = Request::put("https://site.test/a%20b?q=1")
            .header("X-Tenant", "one")
            .header("x-tenant", "two")
            .header("accept", &b"\xff"[..])
            .body(())
            .unwrap();
        let address = SocketAddr::from(([192, 0, 2, 1], 4711));
        request.extensions_mut().insert(Peer(address));
        let der = ClientCertificate(bytes::Bytes::from_static(b"der"));
        request.extensions_mut().insert(der);
        let kept = KeptHead::of(HeadRef::new(&request)).unwrap();
        assert_eq!(kept.method(), "PUT");
        assert_eq!(kept.target(), Target::new("/a%20b", Some("q=1")));
        assert!(kept.values("x-tenant").eq([b"one", b"two"]));
        assert!(kept.values("accept").eq([b"\xff"]));
        assert_eq!(kept.values("cookie").count(), 0);
        assert_eq!(RequestHead::peer(&kept), Some(address));
        assert_eq!(kept.client_certificate(), Some(&b"der"[..]));
        let again = KeptHead::of(HeadRef::new(&kept)).unwrap();
        assert_eq!(again.fields, kept.fields);
    }
}
