//! Thefts that were found out, but not by a request here that was answered.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::session::SessionId;

/// Sessions of which the store says that they ended by a theft.
///
/// The request that finds one tells it, and says more of it. What it finds may be heard
/// before its own answer arrives, so that the log waits for the next reading.
#[derive(Default)]
pub(super) struct Thefts(Mutex<Untold>);

#[derive(Default)]
struct Untold {
    /// Heard since the last reading, or by it.
    heard: Vec<SessionId>,
    /// Heard before.
    waiting: Vec<SessionId>,
}

impl Thefts {
    /// Takes in a theft that was not known.
    pub(super) fn hear(&self, session: SessionId) {
        self.untold().heard.push(session);
    }

    /// Whether a theft was heard of that has not been told; it is told now.
    pub(super) fn take(&self, session: &SessionId) -> bool {
        let mut untold = self.untold();
        let before = untold.heard.len() + untold.waiting.len();
        untold.heard.retain(|other| other != session);
        untold.waiting.retain(|other| other != session);
        untold.heard.len() + untold.waiting.len() < before
    }

    /// Tells, after a reading, what was heard before it.
    pub(super) fn tell(&self) {
        let mut untold = self.untold();
        let heard = std::mem::take(&mut untold.heard);
        let told = std::mem::replace(&mut untold.waiting, heard);
        drop(untold);
        told.iter().for_each(tell);
    }

    fn untold(&self) -> MutexGuard<'_, Untold> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reports a theft that no answered request here has found.
pub(super) fn tell(session: &SessionId) {
    tracing::warn!(
        event = "refresh_reuse_heard",
        session.id = session.as_str(),
        "a refresh token that had been used up was presented, as the store says: its session is \
         revoked"
    );
}
