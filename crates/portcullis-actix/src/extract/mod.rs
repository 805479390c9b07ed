//! Extractors: what [`Auth`](crate::Auth) left, a verification of its own, the
//! raw token.
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

pub use authenticated::{Authenticated, AuthenticatedFuture, OptionalAuthenticated};
pub use claims::{Claims, OptionalClaims};
pub use current_user::{
    AuthenticatedUser, CurrentUser, OptionalAuthenticatedUser, OptionalCurrentUser, UserFuture,
};
pub use demanding::ScopedFuture;
pub use raw::{Bearer, OptionalBearer, Refresh};
pub use scoped::{Scoped, ScopedIfPresent};
pub use token::{OptionalToken, Token};
pub use with_roles::{WithRoles, WithRolesIfPresent};
