//! What happens to sessions, as an application can have it: for an audit log, a mail
//! to the owner, a counter of its own.
//!
//! ```
//! use std::time::Duration;
//! use portcullis::{
//!     session::{DynSessionStore, MemoryStore, Revocations, events},
//!     time::SharedClock,
//! };
//!
//! let clock = SharedClock::default();
//! let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
//! let (sender, mut events) = events::channel(1024);
//! let revocations = Revocations::new(store, clock, Duration::from_secs(3600))
//!     .with_events(sender);
//! // All sessions that are built on this snapshot tell what happens.
//! # let _ = revocations;
//! // In a task of the application's:
//! # async fn audit(mut events: events::EventStream) -> Result<(), serde_json::Error> {
//! while let Some(event) = events.next().await {
//!     println!("{}", serde_json::to_string(&event)?);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Whoever reads them slowly slows nobody down: they wait in a queue of limited length,
//! and what has no place is [left out](EventStream::dropped). So they are for what may miss
//! one; what must not be missed, such as thefts, is in the
//! [log](https://docs.rs/tracing) before the request is answered, too.
//!
//! Events are this node's own: what happens on other nodes is told there, but for
//! [thefts](SessionEventKind::ReuseHeard), of which each node hears.

mod channel;
mod event;
mod subscriber;

pub use self::{
    channel::{EventSender, EventStream, channel},
    event::{SessionEvent, SessionEventKind},
};
pub(super) use subscriber::Subscriber;
