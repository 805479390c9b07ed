//! Bodies of answers.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use portcullis::endpoint::EndpointBody;

/// Which body the answers of [`Auth`](super::Auth) have: [`SameBody`] or [`AnyBody`].
#[diagnostic::on_unimplemented(
    message = "a refusal cannot be written into the body `{B}`",
    note = "it needs `From<Bytes>`; with `AuthLayer::grpc` any body does, tonic's among them"
)]
pub trait AnswerBody<B> {
    /// The type of the body.
    type Body;

    /// That of the inner service's answer.
    fn passed(body: B) -> Self::Body;

    /// That of a refusal.
    fn refused(content: Bytes) -> Self::Body;
}

/// The inner service's own, which bytes can be made into.
#[derive(Clone, Copy, Debug)]
pub struct SameBody;

#[diagnostic::do_not_recommend]
impl<B: From<Bytes>> AnswerBody<B> for SameBody {
    type Body = B;

    fn passed(body: B) -> B {
        body
    }

    fn refused(content: Bytes) -> B {
        B::from(content)
    }
}

/// A [`ResponseBody`], whatever the inner service's is.
#[derive(Clone, Copy, Debug)]
pub struct AnyBody;

impl<B> AnswerBody<B> for AnyBody {
    type Body = ResponseBody<B>;

    fn passed(body: B) -> ResponseBody<B> {
        ResponseBody {
            kind: Kind::Passed { body },
        }
    }

    fn refused(content: Bytes) -> ResponseBody<B> {
        ResponseBody::from(content)
    }
}

pin_project! {
    /// The body of an answer: the inner service's, or a refusal's. So the inner service's
    /// need not be made of bytes, as tonic's cannot be.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    #[derive(Debug)]
    enum Kind<B> {
        Passed {
            #[pin]
            body: B,
        },
        Refused {
            #[pin]
            content: EndpointBody,
        },
    }
}

impl<B> From<Bytes> for ResponseBody<B> {
    /// As that of a refusal: further layers may refuse, too.
    fn from(content: Bytes) -> Self {
        let content = content.into();
        Self {
            kind: Kind::Refused { content },
        }
    }
}

impl<B> Default for ResponseBody<B> {
    /// Empty.
    fn default() -> Self {
        Self::from(Bytes::new())
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body<Data: From<Bytes>>,
{
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        match self.project().kind.project() {
            KindProj::Passed { body } => body.poll_frame(cx),
            KindProj::Refused { content } => content.poll_frame(cx).map(|frame| {
                let Ok(frame) = frame?;
                Some(Ok(frame.map_data(B::Data::from)))
            }),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Passed { body } => body.is_end_stream(),
            Kind::Refused { content } => content.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Passed { body } => body.size_hint(),
            Kind::Refused { content } => content.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Empty, Full};

    use super::*;

    #[tokio::test]
    async fn it_is_either_body() {
        let own = Full::new(Bytes::from("own"));
        let passed = AnyBody::passed(own);
        assert_eq!(passed.size_hint().exact(), Some(3));
        assert!(!passed.is_end_stream());
        assert_eq!(passed.collect().await.unwrap().to_bytes(), "own");
        let refused: ResponseBody<Full<Bytes>> = AnyBody::refused(Bytes::from("no"));
        assert_eq!(refused.size_hint().exact(), Some(2));
        assert!(!refused.is_end_stream());
        assert_eq!(refused.collect().await.unwrap().to_bytes(), "no");
    }

    /// Or a header would not end the stream of HTTP/2, and so be no trailer.
    #[test]
    fn nothing_ends_at_once() {
        let refused: ResponseBody<Full<Bytes>> = AnyBody::refused(Bytes::new());
        assert!(refused.is_end_stream());
        assert!(ResponseBody::<Full<Bytes>>::default().is_end_stream());
        assert!(AnyBody::passed(Empty::<Bytes>::new()).is_end_stream());
    }
}
