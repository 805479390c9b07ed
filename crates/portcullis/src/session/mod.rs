//! Sessions: refresh tokens that rotate, log-outs that reach every token, and
//! the stores that remember both.

mod attempt;
mod dyn_store;
mod error;
mod id;
mod memory;
mod record;
pub mod refresh;
mod revocations;
pub mod rules;
mod service;
mod store;

pub use attempt::{
    RefusalReason, ReplayPolicy, RotationAttempt, RotationMode, RotationOutcome, RotationRules,
    Successor,
};
pub use dyn_store::DynSessionStore;
pub use error::{StoreError, StoreErrorKind};
pub use id::{AttemptId, LoginTicket, RandomError, SessionId};
pub use memory::MemoryStore;
pub use record::{
    Device, Grant, NewSession, RevocationReason, Revoked, SecretDigest, SessionRecord,
};
pub use revocations::{Checked, Question, Revocations, TokenFacts};
pub use service::{
    IssuedRefreshToken, OpenSession, RefreshRequest, SessionError, SessionErrorKind, Sessions,
    SessionsBuilder, TokenPair,
};
pub use store::{ApplicationToken, Created, Revocation, RevokedAll, SessionStore, TokenAdded};
