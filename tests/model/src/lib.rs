//! The rotation rules, explored: [`decide`] is asked about everything that can happen
//! to a session within bounds, by a model checker (`stateright`).
//!
//! It is the function itself that is explored, not a copy: a state of the model has a
//! [row](row::Row) that becomes a `SessionRecord` and back. Around it stand an owner
//! with one tab or two, a thief, nodes that ask the store again, a network, and a store
//! that may lose writes or whose clock jumps ([`world`]). A [fault](setting::Fault) says
//! what may go wrong, a [setting](setting::Setting) which rules there are, and a
//! [promise](promise::Promise) is what must hold, or is known not to ([`expected`]).
//!
//! [`domain`] lists what the rules can be asked within bounds, for the stores that state
//! them in their own language.
//!
//! [`decide`]: portcullis::session::rules::decide

pub mod domain;
pub mod expected;
pub mod explore;
pub mod mutants;
pub mod page;
pub mod promise;
pub mod row;
pub mod setting;
pub mod world;
