//! Checking access tokens.
//!
//! A [`Verifier`] holds everything that decides: keys, issuer, audience, what
//! a token must look like, the clock. Keys fix their algorithm; the token
//! never chooses. What is configured is required.

mod builder;
mod cache;
mod claim_rules;
mod claims_error;
mod confirmation;
mod error;
mod known;
mod profile;
mod shown;
mod token;
mod token_status;
mod typ;
mod verified;
mod verifier;

pub(crate) use builder::OwnTokens;
pub use builder::{Dangerous, Missing, Ready, VerifierBuilder};
pub use cache::TokenCache;
pub use claims_error::ClaimsError;
pub use confirmation::Confirmation;
pub use error::{VerifyError, VerifyErrorKind};
pub use token_status::{Status, TokenStatus};
pub use verified::{FromToken, Verified};
pub use verifier::{PendingVerification, Verification, Verifier};

#[cfg(test)]
mod tests;
