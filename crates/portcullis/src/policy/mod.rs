//! What a verified token must be allowed to do.
//!
//! A [`Policy`] is a small expression over a token's scopes and roles, the login
//! behind it, and the request and whoever is asked where an application adds rules of
//! its own. What is empty denies: `any` of nothing and `all` of nothing are never
//! satisfied.
//!
//! The request is at hand where it is decided about: in a layer, or in an
//! extractor that verifies by itself; where a token has to wait, a copy of its
//! head is. A rule about it that is asked later,
//! without the request, does not hold.
//!
//! Somebody is [asked](Policy::ask) only where everything else has been looked at and
//! the answer still matters.

mod asker;
mod asking;
mod claim_path;
mod demands;
mod error;
mod evaluate;
mod expression;
mod request_rule;
mod required_roles;
mod required_scopes;
mod scope_hierarchy;

pub use asker::Unavailable;
pub use asking::Asking;
pub use claim_path::ClaimPath;
pub use demands::StepUp;
pub use error::{PolicyError, PolicyErrorKind};
pub(crate) use evaluate::{Lack, Seen};
pub use expression::Policy;
pub use required_roles::RequiredRoles;
pub(crate) use required_roles::has_roles;
pub use required_scopes::RequiredScopes;
pub(crate) use required_scopes::has_scopes;
pub use scope_hierarchy::ScopeHierarchy;

#[cfg(test)]
mod tests;
