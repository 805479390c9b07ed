//! The seam: HTTP as a function from bytes to bytes.

use std::{pin::Pin, sync::Arc};

use bytes::Bytes;
use http::{Request, Response};

use crate::FetchError;

/// A future on the heap, for traits that are used as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who sends requests to issuers: `Client` (feature `client`), or one of your
/// own, for a proxy, a mesh or a test.
///
/// What is asked of it:
///
/// * It stops reading when the body is longer than `max_body` bytes, counted after
///   decompression, and answers with
///   [`TooLarge`](crate::FetchErrorKind::TooLarge). The body in the answer is not
///   compressed any more.
/// * It follows no redirect: an answer of any status is an answer.
/// * It gives up by itself after a while. The caller does so too, by dropping the
///   future.
/// * It keeps no request header in logs: some carry secrets, and those are marked
///   [sensitive](http::HeaderValue::is_sensitive).
///
/// URLs were checked before: https, or http to a loopback host where that is
/// allowed.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use portcullis_remote::{BoxFuture, FetchError, HttpClient};
///
/// /// Says of everybody that there are no keys.
/// struct Nobody;
///
/// impl HttpClient for Nobody {
///     fn send(
///         &self,
///         _request: Request<Bytes>,
///         _max_body: usize,
///     ) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
///         Box::pin(async { Ok(Response::new(Bytes::from_static(br#"{"keys":[]}"#))) })
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not send HTTP requests for portcullis",
    note = "use `portcullis_remote::Client` (feature `client`), or implement `HttpClient`"
)]
pub trait HttpClient: Send + Sync + 'static {
    /// Sends the request and reads the whole answer, whose body has at most
    /// `max_body` bytes.
    ///
    /// # Errors
    ///
    /// No answer, none in time, one that broke off, or one that is too long.
    fn send(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>>;
}

impl<C: HttpClient + ?Sized> HttpClient for Arc<C> {
    fn send(
        &self,
        request: Request<Bytes>,
        max_body: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, FetchError>> {
        (**self).send(request, max_body)
    }
}
