//! Events on their way to the streams.

use std::sync::Arc;

use bytes::Bytes;
use portcullis::{
    session::{SessionId, events::EventStream},
    subject::Subject,
};
use tokio::sync::broadcast;

use super::event::frame;

/// How many events wait to be told on; more are left out.
pub(crate) const QUEUE: usize = 1024;

/// How many events a stream may be behind.
const BEHIND: usize = 256;

/// Takes events from the library to the streams, in the order in which they came.
#[derive(Debug)]
pub(crate) struct Relay {
    events: EventStream,
    tell: broadcast::Sender<Arc<Told>>,
}

/// An event for its owner's streams.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) owner: Subject,
    pub(super) session: Option<SessionId>,
    /// Whether the session is over with it.
    pub(super) is_end: bool,
    pub(super) frame: Bytes,
}

impl Relay {
    pub(crate) fn new(events: EventStream) -> Self {
        Self {
            events,
            tell: broadcast::Sender::new(BEHIND),
        }
    }

    /// Where streams get what the relay tells.
    pub(super) fn sender(&self) -> &broadcast::Sender<Arc<Told>> {
        &self.tell
    }

    /// Tells events for as long as it is polled.
    pub(crate) async fn run(mut self) {
        while let Some(event) = self.events.next().await {
            if self.tell.receiver_count() == 0 {
                continue;
            }
            let frame = frame(&event);
            // What is about everybody is told to nobody.
            let Some(owner) = event.subject else {
                continue;
            };
            let told = Told {
                owner,
                session: event.session,
                is_end: event.kind.is_end(),
                frame,
            };
            // An error: the last stream has just ended.
            let _ = self.tell.send(Arc::new(told));
        }
    }
}
