//! Thefts that were found out, but not by a request here that was answered.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{
    session::{
        SessionId,
        events::{SessionEvent, SessionEventKind, Subscriber},
    },
    subject::Subject,
    time::Timestamp,
};

/// A session of which the store says that it ended by a theft.
#[derive(Clone)]
pub(super) struct Theft {
    pub(super) session: SessionId,
    pub(super) subject: Subject,
    /// When it was found out, by the store's clock.
    pub(super) at: Timestamp,
}

/// Thefts that the store has told of, and nobody else yet.
///
/// The request that finds one tells it, and says more of it. What it finds may be heard
/// before its own answer arrives, so that the log waits for the next reading.
#[derive(Default)]
pub(super) struct Thefts(Mutex<Untold>);

#[derive(Default)]
struct Untold {
    /// Heard since the last reading, or by it.
    heard: Vec<Theft>,
    /// Heard before.
    waiting: Vec<Theft>,
}

impl Thefts {
    /// Takes in a theft that was not known.
    pub(super) fn hear(&self, theft: Theft) {
        self.untold().heard.push(theft);
    }

    /// What was heard of this session and has not been told, which whoever takes it does.
    pub(super) fn take(&self, session: &SessionId) -> Option<Theft> {
        let mut untold = self.untold();
        let Untold { heard, waiting } = &mut *untold;
        let mut taken = None;
        for list in [heard, waiting] {
            if let Some(place) = list.iter().position(|theft| theft.session == *session) {
                taken = Some(list.swap_remove(place));
            }
        }
        taken
    }

    /// Tells, after a reading, what was heard before it.
    pub(super) fn tell(&self, subscriber: &Subscriber) {
        let mut untold = self.untold();
        let heard = std::mem::take(&mut untold.heard);
        let told = std::mem::replace(&mut untold.waiting, heard);
        drop(untold);
        told.iter().for_each(|theft| theft.tell(subscriber));
    }

    fn untold(&self) -> MutexGuard<'_, Untold> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Theft {
    /// Reports a theft that no answered request here has found.
    pub(super) fn tell(&self, subscriber: &Subscriber) {
        tracing::warn!(
            event = "refresh_reuse_heard",
            session.id = self.session.as_str(),
            "a refresh token that had been used up was presented, as the store says: its session \
             is revoked"
        );
        subscriber.tell(|| {
            SessionEvent::new(SessionEventKind::ReuseHeard, self.at)
                .session(&self.session)
                .subject(&self.subject)
        });
    }
}
