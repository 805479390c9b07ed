//! When keys are fetched, who waits for them and for how long they are good: a
//! pure function of what happens and when. No clock, no input or output.
//!
//! * A fetch begins at the first use, ahead of expiry, and when somebody has a
//!   token whose key is missing; there is never more than one.
//! * Who waits is content with a set whose fetch began after they came, or a few
//!   seconds ago at most.
//! * After a failure nobody waits for longer than the next attempt, attempts
//!   become rarer, and the keys at hand go on until they are stale.

mod event;
mod machine;
mod rules;
mod timeline;

pub(crate) use event::{Action, Answer, Event, Report, Ticket};
pub(crate) use machine::{Schedule, Status};
pub(crate) use rules::{JITTER, Moment, Rules};
pub(crate) use timeline::Timeline;

#[cfg(test)]
mod tests;
