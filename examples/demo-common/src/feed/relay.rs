//! Finding out whose session an event is about.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use portcullis::{
    session::{DynSessionStore, SessionId, SessionStore},
    subject::Subject,
    time::{Clock, SharedClock},
};
use tokio::{
    sync::{broadcast, mpsc},
    time,
};

use super::event::SessionEvent;

/// How many events a stream may be behind.
const BEHIND: usize = 256;

/// How many sessions are remembered with their owners.
const REMEMBERED: usize = 1024;

/// How long a store may take to say whose a session is. Events wait for one
/// another.
const PATIENCE: Duration = Duration::from_secs(2);

/// Takes events from the tap to the streams, in the order in which they came.
pub(crate) struct Relay {
    told: mpsc::Receiver<SessionEvent>,
    tell: broadcast::Sender<Arc<Told>>,
    store: DynSessionStore,
    clock: SharedClock,
    owners: HashMap<SessionId, Subject>,
}

/// An event for its owner's streams.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) owner: Subject,
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
            owners: HashMap::new(),
        }
    }

    /// Where streams get what the relay tells.
    pub(super) fn sender(&self) -> &broadcast::Sender<Arc<Told>> {
        &self.tell
    }

    /// Tells events for as long as it is polled.
    pub(crate) async fn run(mut self) {
        while let Some(event) = self.told.recv().await {
            if self.tell.receiver_count() == 0 {
                continue;
            }
            let Some(owner) = self.owner(event.session()).await else {
                continue;
            };
            let told = Told {
                owner,
                session: event.session().clone(),
                is_end: event.is_end(),
                frame: event.frame(self.clock.now().as_millis()),
            };
            // An error: the last stream has just ended.
            let _ = self.tell.send(Arc::new(told));
        }
    }

    /// Whose session it is. Nobody is told of one about which the store does not
    /// answer.
    async fn owner(&mut self, id: &SessionId) -> Option<Subject> {
        if let Some(owner) = self.owners.get(id) {
            return Some(owner.clone());
        }
        let asked = time::timeout(PATIENCE, self.store.session(id)).await;
        let owner = asked.ok()?.ok()??.subject;
        if self.owners.len() >= REMEMBERED {
            self.owners.clear();
        }
        self.owners.insert(id.clone(), owner.clone());
        Some(owner)
    }
}
