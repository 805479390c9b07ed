//! Sessions: refresh tokens that rotate, log-outs that reach every token, and
//! the stores that remember both.
//!
//! A login opens a session, one row in a [`SessionStore`] whatever happens to
//! its tokens. The use of its refresh token gives the next one; the row counts
//! the generations. A token that is presented again within a short window gives
//! the same successor, byte for byte, and while it does, that successor rests:
//! it is given again instead of being exchanged. So two tabs, a burst of
//! requests without a lock, a retried one or a lost answer log nobody out, as
//! long as all that belongs together comes within the window. A token that is
//! presented later than that, though it was exchanged, is taken for stolen and
//! ends the session.
//!
//! | what | where |
//! |---|---|
//! | what an application or an endpoint calls | [`Sessions`] |
//! | the rules, as a function that needs no store | [`rules::decide`] |
//! | where sessions are kept | [`SessionStore`], [`MemoryStore`]; SQLite in `portcullis-sqlx` |
//! | which access tokens are revoked, without asking a store | [`Revocations`] |
//! | forgetting what is over, on one node at a time | [`Maintenance`] |
//! | the refresh tokens themselves | [`refresh`] |
//! | what happens to sessions, for an audit log | [`events`] |
//!
//! Whatever goes wrong between a node and its store is a fault, answered 503,
//! and costs nobody a session: everything that can fail comes before the
//! exchange of a token, an attempt whose outcome is unknown is asked for again
//! under its own name ([`AttemptId`]), and one that was held up on its way for
//! longer than the window changes nothing
//! ([`deadline`](RotationAttempt::deadline)).

mod answers;
mod attempt;
mod data;
mod dyn_store;
mod error;
pub mod events;
mod id;
mod key_ring;
mod maintenance;
mod memory;
mod one_use;
mod page;
mod record;
pub mod refresh;
mod remote_clock;
mod revocations;
pub mod rules;
mod service;
mod store;

pub use crate::random::RandomError;
pub use answers::{ApplicationToken, Created, Revocation, RevokedAll, StoredRing, TokenAdded};
pub use attempt::{
    RefusalReason, ReplayPolicy, RotationAttempt, RotationMode, RotationOutcome, RotationRules,
    Successor,
};
pub use data::{SessionData, SessionDataError};
pub use dyn_store::DynSessionStore;
pub use error::{StoreError, StoreErrorKind};
use id::random_names;
pub use id::{AttemptId, LoginTicket, ParseSessionIdError, SessionId};
pub use maintenance::Maintenance;
pub use memory::MemoryStore;
pub use one_use::OneUse;
pub use page::{
    PurgeRules, RevocationCursor, RevocationPage, RevocationQuery, SessionCursor, SessionPage,
};
pub use record::{
    Device, Grant, NewSession, RevocationReason, Revoked, SecretDigest, SessionRecord,
};
pub use remote_clock::RemoteClock;
pub use revocations::Revocations;
pub use service::{
    IssuedRefreshToken, OpenSession, RefreshRequest, SessionError, SessionErrorKind, SessionFilter,
    Sessions, SessionsBuilder, SingleUse, TokenPair,
};
pub use store::SessionStore;
