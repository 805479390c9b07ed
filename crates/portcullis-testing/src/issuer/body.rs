//! Bodies that come whole, late, in part or without end.

use std::{
    collections::VecDeque,
    error, fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{answer::Delivery, signal::Signal};

/// What an endless body goes on with: white space of JSON.
const BLANKS: Bytes = Bytes::from_static(&[b' '; 16 * 1024]);

/// A body that goes by a script.
pub(super) struct ScriptedBody {
    steps: VecDeque<Step>,
    /// What is waited for before the next step.
    pause: Option<Pause>,
    /// What `Content-Length` says, whether it is true or not.
    declared: Option<u64>,
}

type Pause = Pin<Box<dyn Future<Output = ()> + Send>>;

enum Step {
    Data(Bytes),
    Drip(Bytes, Duration),
    Wait(Pause),
    /// Lets what was written go out first.
    Flush,
    Cut,
    Blanks,
}

impl ScriptedBody {
    pub(super) fn new(body: Bytes, delivery: Delivery, signal: &Signal) -> Self {
        let declared = Some(body.len() as u64);
        let steps = match delivery {
            Delivery::Whole | Delivery::Closed => vec![Step::Data(body)],
            Delivery::Truncated(bytes) => {
                let bytes = bytes.min(body.len().saturating_sub(1));
                vec![Step::Data(body.slice(..bytes)), Step::Flush, Step::Cut]
            }
            Delivery::Held(bytes, barrier) => {
                let mut rest = body;
                let first = rest.split_to(bytes.min(rest.len()));
                let signal = signal.clone();
                let pause = async move { barrier.pass(&signal).await };
                let pause = Step::Wait(Box::pin(pause));
                vec![Step::Data(first), Step::Flush, pause, Step::Data(rest)]
            }
            Delivery::Dripping(pause) => vec![Step::Drip(body, pause)],
            Delivery::Endless => {
                return Self {
                    steps: [Step::Data(body), Step::Blanks].into(),
                    pause: None,
                    declared: None,
                };
            }
        };
        Self {
            steps: steps.into(),
            pause: None,
            declared,
        }
    }
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let data = match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Data(data)) if data.is_empty() => continue,
                Some(Step::Data(data)) => data,
                Some(Step::Drip(mut rest, pause)) => {
                    if !rest.is_empty() {
                        let byte = rest.split_to(1);
                        self.pause = Some(Box::pin(tokio::time::sleep(pause)));
                        self.steps.push_front(Step::Drip(rest, pause));
                        self.steps.push_front(Step::Data(byte));
                    }
                    continue;
                }
                Some(Step::Wait(pause)) => {
                    self.pause = Some(pause);
                    continue;
                }
                Some(Step::Flush) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Some(Step::Cut) => return Poll::Ready(Some(Err(Cut))),
                Some(Step::Blanks) => {
                    self.steps.push_front(Step::Blanks);
                    BLANKS
                }
            };
            return Poll::Ready(Some(Ok(Frame::data(data))));
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.declared
            .map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

/// The connection is to be closed.
#[derive(Debug)]
pub(super) struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the fake issuer was told to close the connection")
    }
}

impl error::Error for Cut {}
