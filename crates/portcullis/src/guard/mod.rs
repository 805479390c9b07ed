//! The whole decision about one request, for adapters to call.
//!
//! ```text
//! head -> credentials -> verifier -> policy -> Authentication
//!              |             |          |
//!              +-------------+----------+--> Rejection
//! ```
//!
//! An adapter shows a [`RequestHead`](crate::head::RequestHead) to an
//! [`Authenticator`] and gets an [`Authentication`] to leave in the request's
//! extensions, or a [`Rejection`](crate::challenge::Rejection) to answer with.
//! Both may carry headers for the answer. It knows nothing else of the protocol;
//! `docs/writing-an-adapter.md` has a whole one.
//!
//! In which order, precisely:
//!
//! 1. The `Authorization` field: none or another scheme's, several, or one
//!    without a token in it. Where other
//!    [sources](Authenticator::token_sources) are named, the first that has anything.
//! 2. The token. That its characters are those of a `b64token` (RFC 6750 section
//!    2.1) is looked at only when it is refused, to tell a malformed request
//!    from a bad token: a token that verifies has no others.
//! 3. If a cookie brought it, where the request comes from: see [`csrf`](crate::csrf).
//! 4. The policy, while the request is at hand; whom it [asks](crate::policy::Policy::ask)
//!    comes last. Where the token's status has to
//!    be asked for, what came of the policy is told only if the status is good.

mod answers;
mod authentication;
mod authenticator;
mod check;
mod counted;
mod hiding;
mod loaded_user;
mod login_page;
mod policy_guard;
mod return_path;
pub mod service;
mod setters;
mod shown;
mod told;

pub use authentication::Authentication;
pub use authenticator::Authenticator;
pub use check::{Check, Decision, PendingCheck};
pub use loaded_user::LoadedUser;
pub use login_page::LoginPage;
pub use policy_guard::PolicyGuard;
