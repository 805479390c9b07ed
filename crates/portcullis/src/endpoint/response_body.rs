//! The body of an answer.

use std::{
    convert::Infallible,
    fmt, mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The body of an answer of a service that has nothing but endpoints: all of it
/// at once, of known length. It never fails, and fits whatever boxes bodies,
/// such as those of axum and tonic. `Debug` tells its length only: it may carry
/// tokens.
///
/// ```
/// use bytes::Bytes;
/// use http_body::Body;
/// use portcullis::endpoint::EndpointBody;
///
/// let body = EndpointBody::from(Bytes::from("{}"));
/// assert_eq!(body.size_hint().exact(), Some(2));
/// assert!(EndpointBody::default().is_end_stream());
/// ```
#[derive(Clone, Default)]
pub struct EndpointBody(Bytes);

impl From<Bytes> for EndpointBody {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl Body for EndpointBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let rest = mem::take(&mut self.0);
        Poll::Ready((!rest.is_empty()).then(|| Ok(Frame::data(rest))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.len() as u64)
    }
}

impl fmt::Debug for EndpointBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointBody")
            .field("length", &self.0.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::endpoint::request_body::BoxError;

    #[tokio::test]
    async fn it_comes_at_once_and_ends() {
        let mut body = EndpointBody::from(Bytes::from("abc"));
        assert_eq!(body.size_hint().exact(), Some(3));
        assert!(!body.is_end_stream());
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "abc");
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.is_end_stream());
        assert!(body.frame().await.is_none());
        assert!(EndpointBody::default().frame().await.is_none());
    }

    #[test]
    fn it_is_not_shown() {
        let body = EndpointBody::from(Bytes::from("hush"));
        let shown = format!("{body:?}");
        assert!(shown.contains('4') && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn it_fits_where_bodies_are_boxed() {
        fn shared<T: Unpin + Sync>(_: &T) {}
        /// The bounds of `tonic::body::Body::new` and `axum::body::Body::new`.
        fn boxed<B>(body: B)
        where
            B: Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
        {
            drop(body.boxed_unsync());
        }
        let body = EndpointBody::default();
        shared(&body);
        boxed(body);
    }
}
