//! Extractors: what [`Auth`](crate::Auth) left, a verification of its own, the
//! raw token.
//!
//! Their one field is public on purpose, so that handlers take them apart in
//! their signature: `async fn me(Claims(user): Claims<User>)`.

mod authenticated;
mod claims;
mod current_user;
mod raw;
mod scoped;
mod source;
mod token;

pub use authenticated::{Authenticated, AuthenticatedFuture, OptionalAuthenticated};
pub use claims::{Claims, OptionalClaims};
pub use current_user::{
    AuthenticatedUser, CurrentUser, OptionalAuthenticatedUser, OptionalCurrentUser, UserFuture,
};
pub use raw::{Bearer, OptionalBearer, Refresh};
pub use scoped::{Scoped, ScopedFuture, ScopedIfPresent};
pub use token::{OptionalToken, Token};
