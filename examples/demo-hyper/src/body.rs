//! The body of an answer: all at once, or bit by bit.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use demo_common::EventStream;
use futures_util::TryStreamExt;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use hyper::body::{Body, Frame, SizeHint};

/// The body of any answer. `Auth` and `WithEndpoints` make theirs from bytes.
pub(crate) struct AnswerBody(UnsyncBoxBody<Bytes, Infallible>);

impl From<Bytes> for AnswerBody {
    fn from(bytes: Bytes) -> Self {
        Self(Full::new(bytes).boxed_unsync())
    }
}

impl Default for AnswerBody {
    fn default() -> Self {
        Self::from(Bytes::new())
    }
}

impl From<EventStream> for AnswerBody {
    fn from(stream: EventStream) -> Self {
        let frames = stream.map_ok(Frame::data);
        Self(StreamBody::new(frames).boxed_unsync())
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.size_hint()
    }
}
