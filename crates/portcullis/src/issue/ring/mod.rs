//! Keys that roll over: announced, signing, retired.

mod builder;
mod directory;
mod health;
mod key_ring;
mod loaded;
mod record;
mod rules;
mod state;
#[cfg(test)]
mod tests;

pub use builder::KeyRingBuilder;
pub use health::{RingHealth, RingKey, RingProblem, RingStage};
pub use key_ring::KeyRing;
pub(crate) use key_ring::{Change, Snapshot};
