//! Events on their way to the streams.

use std::sync::Arc;

use bytes::Bytes;
use portcullis::{
    session::{DynSessionStore, SessionId},
    time::{Clock, SharedClock},
};
use tokio::sync::{broadcast, mpsc};

use super::event::SessionEvent;

/// How many events a stream may be behind.
const BEHIND: usize = 256;

/// Takes events from the tap to the streams, in the order in which they came.
pub(crate) struct Relay {
    told: mpsc::Receiver<SessionEvent>,
    tell: broadcast::Sender<Arc<Told>>,
    store: DynSessionStore,
    clock: SharedClock,
}

/// An event for the streams of whoever has the session.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) session: SessionId,
    /// Whether the session is over with it.
    pub(super) is_end: bool,
    pub(super) frame: Bytes,
}

impl Relay {
    pub(crate) fn new(
        told: mpsc::Receiver<SessionEvent>,
        store: DynSessionStore,
        clock: SharedClock,
    ) -> Self {
        Self {
            told,
            tell: broadcast::Sender::new(BEHIND),
            store,
            clock,
        }
    }

    /// Where streams get what the relay tells.
    pub(super) fn sender(&self) -> &broadcast::Sender<Arc<Told>> {
        &self.tell
    }

    /// Where streams find out whose session it is.
    pub(super) fn store(&self) -> &DynSessionStore {
        &self.store
    }

    /// Tells events for as long as it is polled.
    pub(crate) async fn run(mut self) {
        while let Some(event) = self.told.recv().await {
            if self.tell.receiver_count() == 0 {
                continue;
            }
            let told = Told {
                session: event.session().clone(),
                is_end: event.is_end(),
                frame: event.frame(self.clock.now().as_millis()),
            };
            // An error: the last stream has just ended.
            let _ = self.tell.send(Arc::new(told));
        }
    }
}
