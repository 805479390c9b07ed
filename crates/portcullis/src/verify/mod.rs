//! Checking access tokens.
//!
//! A [`Verifier`] holds everything that decides: keys, issuer, audience, what
//! a token must look like, the clock. Keys fix their algorithm; the token
//! never chooses. What is configured is required.

mod builder;
mod cache;
mod error;
mod known;
mod profile;
mod status;
mod typ;
mod verified;
mod verifier;

pub use builder::{Dangerous, Missing, Ready, VerifierBuilder};
pub use cache::TokenCache;
pub use error::{VerifyError, VerifyErrorKind};
pub use status::{Status, TokenStatus};
pub use verified::{ClaimsError, FromToken, Verified};
pub use verifier::{PendingVerification, Verification, Verifier};

#[cfg(test)]
mod tests;
