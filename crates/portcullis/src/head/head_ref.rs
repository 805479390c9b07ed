//! The head of a request of whatever type.

use std::{fmt, net::SocketAddr};

use super::{RequestHead, Target};

/// A reference to the head of a request, whatever framework it came through:
/// for what is chosen when the service is put together, such as a rule of a
/// [`Policy`](crate::policy::Policy::request).
#[derive(Clone, Copy)]
pub struct HeadRef<'r>(&'r dyn AnyHead);

impl<'r> HeadRef<'r> {
    /// Refers to `head`.
    pub fn new(head: &'r impl RequestHead) -> Self {
        Self(head)
    }

    /// See [`RequestHead::method`].
    pub fn method(self) -> &'r str {
        self.0.method()
    }

    /// See [`RequestHead::target`].
    pub fn target(self) -> Target<'r> {
        self.0.target()
    }

    /// See [`RequestHead::values`].
    pub fn values(self, name: &str) -> Vec<&'r [u8]> {
        self.0.values(name)
    }

    /// See [`RequestHead::peer`].
    pub fn peer(self) -> Option<SocketAddr> {
        self.0.peer()
    }

    /// See [`RequestHead::client_certificate`].
    pub fn client_certificate(self) -> Option<&'r [u8]> {
        self.0.client_certificate()
    }
}

impl<'r> HeadRef<'r> {
    /// All fields, where they can be listed.
    pub(super) fn fields(self) -> Option<Vec<(&'r str, &'r [u8])>> {
        self.0.fields()
    }
}

impl fmt::Debug for HeadRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadRef")
            .field("method", &self.method())
            .field("target", &self.target())
            .finish_non_exhaustive()
    }
}

/// [`RequestHead`] without its iterators' types.
trait AnyHead {
    fn method(&self) -> &str;
    fn target(&self) -> Target<'_>;
    fn values<'h>(&'h self, name: &str) -> Vec<&'h [u8]>;
    fn fields(&self) -> Option<Vec<(&str, &[u8])>>;
    fn peer(&self) -> Option<SocketAddr>;
    fn client_certificate(&self) -> Option<&[u8]>;
}

impl<H: RequestHead> AnyHead for H {
    fn method(&self) -> &str {
        RequestHead::method(self)
    }

    fn target(&self) -> Target<'_> {
        RequestHead::target(self)
    }

    fn values<'h>(&'h self, name: &str) -> Vec<&'h [u8]> {
        RequestHead::values(self, name).collect()
    }

    fn fields(&self) -> Option<Vec<(&str, &[u8])>> {
        RequestHead::fields(self).map(Iterator::collect)
    }

    fn peer(&self) -> Option<SocketAddr> {
        RequestHead::peer(self)
    }

    fn client_certificate(&self) -> Option<&[u8]> {
        RequestHead::client_certificate(self)
    }
}
