//! What is seen of a request: its head, through the framework's own types.
//!
//! A [`RequestHead`] is a view that copies nothing. The requests of `http` 1.x
//! are one; an adapter for other types implements it for a small struct that
//! borrows them.
//!
//! `http` 1.x has no place for what only the connection knows. Whoever accepts
//! connections puts a [`Peer`] or a [`ClientCertificate`] into the extensions of
//! their requests; the adapters for axum and actix-web read what those leave.

mod head_ref;
mod http_request;
mod kept;
mod target;
mod token68;

pub use head_ref::HeadRef;
pub use http_request::{ClientCertificate, Peer};
pub use kept::KeptHead;
pub use target::Target;
pub(crate) use token68::is_b64token;

use std::net::SocketAddr;

/// The head of a request, as a decision needs to see it.
///
/// Nothing here is believed because it is here: a field says what the client
/// wrote. [`peer`](Self::peer) and [`client_certificate`](Self::client_certificate)
/// are what the server itself knows of the connection, never what a field such
/// as `X-Forwarded-For` says of it.
///
/// Methods that are added have defaults, so that an adapter goes on compiling.
///
/// ```
/// use portcullis::head::{RequestHead, Target};
///
/// /// A framework's own request.
/// struct Request {
///     verb: String,
///     path: String,
///     fields: Vec<(String, Vec<u8>)>,
/// }
///
/// struct Head<'r>(&'r Request);
///
/// impl RequestHead for Head<'_> {
///     fn method(&self) -> &str {
///         &self.0.verb
///     }
///
///     fn target(&self) -> Target<'_> {
///         Target::new(&self.0.path, None)
///     }
///
///     fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
///         let fields = self.0.fields.iter();
///         let named = fields.filter(move |(own, _)| own.eq_ignore_ascii_case(name));
///         named.map(|(_, value)| value.as_slice())
///     }
///
///     fn fields(&self) -> Option<impl Iterator<Item = (&str, &[u8])>> {
///         let fields = self.0.fields.iter();
///         Some(fields.map(|(name, value)| (name.as_str(), value.as_slice())))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not show the head of a request",
    note = "pass a request of `http` 1.x or its `Parts`, or implement `RequestHead` for a view of your framework's request"
)]
pub trait RequestHead {
    /// The method (RFC 9110 section 9), in its own case.
    fn method(&self) -> &str;

    /// The target as the server received it, before any router took a prefix
    /// away.
    fn target(&self) -> Target<'_>;

    /// The raw values of all fields of this name, in order. `name` is in lower
    /// case.
    fn values(&self, name: &str) -> impl Iterator<Item = &[u8]>;

    /// The raw values of all `Authorization` fields. Asked of every request: an
    /// adapter whose framework looks up well-known names faster overrides it.
    fn authorization(&self) -> impl Iterator<Item = &[u8]> {
        self.values("authorization")
    }

    /// All fields, names in lower case, values raw, in the order of each name.
    ///
    /// What has to wait before it can be decided, for keys of an issuer, say,
    /// takes a copy of the head along if a policy
    /// [asks about the request](crate::policy::Policy::request). `None`: fields
    /// cannot be listed, and such a rule does not hold for a request that had to
    /// wait.
    fn fields(&self) -> Option<impl Iterator<Item = (&str, &[u8])>> {
        None::<std::iter::Empty<_>>
    }

    /// The other end of the connection: the socket's, never a forwarded one.
    /// `None` where nobody knows.
    fn peer(&self) -> Option<SocketAddr> {
        None
    }

    /// The certificate that the client proved to hold in the TLS handshake, in
    /// DER (RFC 5280). `None` where there is none, or nobody knows.
    fn client_certificate(&self) -> Option<&[u8]> {
        None
    }
}
