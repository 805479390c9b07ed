//! Reading a request's body without trusting its size.

use std::{error::Error, iter::successors, pin::pin};

use bytes::{BufMut, Bytes, BytesMut};
use http_body::Body;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// The largest body that an endpoint reads, in bytes.
pub const BODY_LIMIT: usize = 16 * 1024;

/// An error of a body, of whatever type.
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// Why there is no body to answer to: what an adapter that reads bodies itself
/// says to [`AcceptedRequest::answer`](super::AcceptedRequest::answer).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyError {
    /// It has more than [`BODY_LIMIT`] bytes: 413.
    TooLarge,
    /// It broke off, or could not be decoded: 400.
    Broken,
}

/// Reads `body` until it ends or [`BODY_LIMIT`] is exceeded. What comes after
/// is not read.
pub(super) async fn read<B>(body: B) -> Result<Bytes, BodyError>
where
    B: Body<Error: Into<BoxError>>,
{
    let mut body = pin!(Limited::new(body, BODY_LIMIT));
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| of_error(&*error))?;
        // Trailers say nothing that an endpoint asks for. Data is copied: a
        // chunk of one byte may keep a whole read buffer alive.
        if let Ok(data) = frame.into_data() {
            read.put(data);
        }
    }
    Ok(read.freeze())
}

/// A server may have limits of its own.
fn of_error(error: &(dyn Error + 'static)) -> BodyError {
    let mut causes = successors(Some(error), |&error| error.source());
    if causes.any(|cause| cause.is::<LengthLimitError>()) {
        BodyError::TooLarge
    } else {
        BodyError::Broken
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        pin::Pin,
        sync::Arc,
        task::{Context, Poll},
    };

    use http_body::Frame;

    use super::*;

    #[derive(Default)]
    struct Chunks(VecDeque<Result<Frame<Bytes>, &'static str>>);

    impl Chunks {
        fn and(mut self, chunk: impl Into<Bytes>) -> Self {
            self.0.push_back(Ok(Frame::data(chunk.into())));
            self
        }

        fn and_failure(mut self, error: &'static str) -> Self {
            self.0.push_back(Err(error));
            self
        }
    }

    impl Body for Chunks {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_end_or_to_the_limit() {
        assert_eq!(read(Chunks::default()).await.unwrap(), "");
        let pieces = Chunks::default().and("ab").and("").and("cd");
        assert_eq!(read(pieces).await.unwrap(), "abcd");
        let full = vec![b'x'; BODY_LIMIT];
        let whole = read(Chunks::default().and(full.clone())).await.unwrap();
        assert_eq!(whole, full);
        let one_more = Chunks::default().and(full).and("x");
        assert_eq!(read(one_more).await, Err(BodyError::TooLarge));
        let at_once = Chunks::default().and(vec![b'x'; BODY_LIMIT + 1]);
        assert_eq!(read(at_once).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn what_comes_after_the_limit_is_not_read() {
        let body = Chunks::default().and(vec![0; BODY_LIMIT + 1]);
        let body = body.and_failure("must not be polled");
        assert_eq!(read(body).await, Err(BodyError::TooLarge));
    }

    #[tokio::test]
    async fn trailers_are_skipped_and_failures_told() {
        let mut body = Chunks::default().and("a");
        let trailers = Frame::trailers(http::HeaderMap::new());
        body.0.push_back(Ok(trailers));
        assert_eq!(read(body).await.unwrap(), "a");
        let body = Chunks::default().and("a").and_failure("reset");
        assert_eq!(read(body).await, Err(BodyError::Broken));
    }

    #[tokio::test]
    async fn a_limit_of_the_servers_own_is_one_too() {
        let body = Limited::new(Chunks::default().and("abc"), 2);
        assert_eq!(read(body).await, Err(BodyError::TooLarge));
    }

    /// Ends as soon as a chunk was handed out that is still held.
    struct Jealous(Arc<()>, u8);

    struct Chunk([u8; 1], #[expect(dead_code)] Arc<()>);

    impl AsRef<[u8]> for Chunk {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Body for Jealous {
        type Data = Bytes;
        type Error = &'static str;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
            Poll::Ready(match self.1 {
                _ if Arc::strong_count(&self.0) > 1 => Some(Err("a chunk is kept")),
                0 => None,
                _ => {
                    self.1 -= 1;
                    let chunk = Chunk([b'x'], self.0.clone());
                    Some(Ok(Frame::data(Bytes::from_owner(chunk))))
                }
            })
        }
    }

    #[tokio::test]
    async fn no_chunk_is_kept() {
        assert_eq!(read(Jealous(Arc::default(), 3)).await.unwrap(), "xxx");
    }
}
