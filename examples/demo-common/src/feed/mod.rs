//! What happens to sessions, told to their owners as it happens.
//!
//! ```text
//! tracing events of the library -> Tap -> queue -> Relay, which finds out whose
//!                                                  session it is -> each owner's stream
//! ```

mod event;
mod relay;
mod stream;
mod tap;

pub use self::stream::EventStream;
pub(crate) use self::{
    event::SessionEvent,
    relay::Relay,
    stream::Feed,
    tap::{Tap, tap},
};
