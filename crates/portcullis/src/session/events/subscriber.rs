//! The application's subscriber, if it has one.

use super::{EventSender, SessionEvent};

/// Whom to tell what happens.
#[derive(Clone, Debug, Default)]
pub(in crate::session) struct Subscriber(Option<EventSender>);

impl Subscriber {
    pub(in crate::session) fn new(sender: EventSender) -> Self {
        Self(Some(sender))
    }

    /// Tells an event, which is only made if somebody wants it. Not to be called under a
    /// lock: it wakes whoever waits.
    pub(in crate::session) fn tell(&self, event: impl FnOnce() -> SessionEvent) {
        if let Some(sender) = &self.0 {
            sender.send(event);
        }
    }
}
