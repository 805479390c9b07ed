//! Reading a request's body without trusting its size.

use std::{future::poll_fn, pin::pin};

use bytes::{Buf, Bytes, BytesMut};
use http_body::Body;

/// Reads `body` until it ends or one byte more than `limit` has come, which is
/// enough for [`Endpoints`] to see that it is too large. What comes after is
/// not read.
///
/// [`Endpoints`]: super::Endpoints
///
/// # Errors
///
/// What the body failed with: the connection is broken, and there is nobody to
/// answer.
pub async fn collect<B: Body>(body: B, limit: usize) -> Result<Bytes, B::Error> {
    let most = limit.saturating_add(1);
    let mut body = pin!(body);
    let mut collected = BytesMut::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        // Trailers say nothing that an endpoint asks for.
        let Ok(mut data) = frame?.into_data() else {
            continue;
        };
        while data.has_remaining() && collected.len() < most {
            let chunk = data.chunk();
            let taken = chunk.len().min(most - collected.len());
            collected.extend_from_slice(&chunk[..taken]);
            data.advance(taken);
        }
        if collected.len() >= most {
            break;
        }
    }
    Ok(collected.freeze())
}

#[cfg(test)]
mod tests {
    use std::{
        collections::VecDeque,
        pin::Pin,
        task::{Context, Poll},
    };

    use http_body::Frame;

    use super::*;

    struct Chunks(VecDeque<Result<Frame<Bytes>, &'static str>>);

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

    fn chunks(chunks: &[&'static str]) -> Chunks {
        Chunks(
            chunks
                .iter()
                .map(|chunk| Ok(Frame::data(Bytes::from_static(chunk.as_bytes()))))
                .collect(),
        )
    }

    #[tokio::test]
    async fn a_body_is_read_to_its_end_or_just_past_the_limit() {
        assert_eq!(collect(chunks(&[]), 4).await.unwrap(), "");
        assert_eq!(collect(chunks(&["ab", "", "cd"]), 4).await.unwrap(), "abcd");
        assert_eq!(
            collect(chunks(&["ab", "cdefgh"]), 4).await.unwrap(),
            "abcde"
        );
        assert_eq!(collect(chunks(&["a"]), usize::MAX).await.unwrap(), "a");
    }

    #[tokio::test]
    async fn what_comes_after_the_limit_is_not_read() {
        let mut body = chunks(&["abcdef"]);
        body.0.push_back(Err("must not be polled"));
        assert_eq!(collect(body, 4).await, Ok(Bytes::from_static(b"abcde")));
    }

    #[tokio::test]
    async fn trailers_are_skipped_and_failures_passed_on() {
        let mut body = chunks(&["a"]);
        body.0
            .push_back(Ok(Frame::trailers(http::HeaderMap::new())));
        assert_eq!(collect(body, 4).await, Ok(Bytes::from_static(b"a")));
        let mut body = chunks(&["a"]);
        body.0.push_back(Err("reset"));
        assert_eq!(collect(body, 4).await, Err("reset"));
    }
}
