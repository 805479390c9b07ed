//! What happens to sessions, told to their owners as it happens.
//!
//! ```text
//! events of the library -> queue -> Relay -> each owner's stream
//! ```

mod event;
mod relay;
mod stream;

pub use self::stream::EventStream;
pub(crate) use self::{
    relay::{QUEUE, Relay},
    stream::Feed,
};
