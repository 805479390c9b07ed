//! Extractors: what a layer left, a verification of its own, the raw token.
//!
//! Their one field is public on purpose, so that handlers take them apart in
//! their signature: `async fn me(Claims(user): Claims<User>)`.

mod authenticated;
mod claims;
mod current_user;
mod demanding;
mod raw;
mod scoped;
mod source;
mod token;
mod with_roles;

pub use authenticated::Authenticated;
pub use claims::Claims;
pub use current_user::{AuthenticatedUser, CurrentUser};
pub use raw::{Bearer, Refresh};
pub use scoped::{Scoped, ScopedIfPresent};
pub use token::Token;
pub use with_roles::{WithRoles, WithRolesIfPresent};
