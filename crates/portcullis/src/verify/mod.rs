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
mod introspecting;
mod introspection;
mod key_source;
mod key_table;
mod known;
mod lease;
mod live_keys;
mod logout_token;
mod profile;
mod shown;
mod signature;
mod token;
mod token_status;
mod trusted_keys;
mod typ;
mod verification;
mod verified;
mod verifier;

pub(crate) use builder::OwnTokens;
pub use builder::{Dangerous, Missing, Ready, VerifierBuilder};
pub use cache::TokenCache;
pub use claims_error::ClaimsError;
pub use confirmation::Confirmation;
pub use error::{VerifyError, VerifyErrorKind};
pub use introspection::{IntrospectTokens, Introspection, IntrospectionUnavailable};
pub use key_source::{KeySource, KeysUnavailable, MissingKey, WaitForKeys};
pub use live_keys::{KeyTerms, LiveKeys};
pub use logout_token::{LogoutToken, LogoutVerifier};
pub use token_status::{Status, TokenStatus};
pub use verification::{PendingVerification, Verification};
pub use verified::{FromToken, Verified};
pub use verifier::Verifier;

#[cfg(test)]
mod tests;
