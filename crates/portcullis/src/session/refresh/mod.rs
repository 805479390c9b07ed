//! Refresh tokens: what they say and how they are made.

mod claims;
mod codec;
mod error;
mod keys;
mod shape;
mod source;

pub use claims::{RefreshClaims, RefreshFamily, SessionSecret};
pub use codec::RefreshTokens;
pub use error::{RefreshError, RefreshErrorKind};
pub use keys::RefreshKeys;
