//! Checking access tokens.
//!
//! A [`Verifier`] holds everything that decides: keys, issuer, audience, what
//! a token must look like, the clock. Keys fix their algorithm; the token
//! never chooses. What is configured is required.

mod addressed;
mod audience_rule;
mod builder;
mod by_issuer;
mod cache;
mod checking;
mod choices;
mod claim_rules;
mod claims_error;
mod combining;
mod confirmation;
mod dates;
mod ended;
mod error;
mod explain;
mod further_rules;
mod further_settings;
mod header;
mod introspecting;
mod introspection;
mod issuer_rule;
mod issuer_settings;
mod key_issuer;
mod key_source;
mod key_table;
mod known;
mod lease;
mod live_keys;
mod login;
mod logout_token;
mod near_miss;
mod node;
mod observer;
mod oversight;
mod payload;
mod plan;
mod profile;
pub mod providers;
mod shown;
mod signature;
mod tenants;
mod token;
mod token_status;
mod trusted;
mod trusted_keys;
mod typ;
mod verification;
mod verified;
mod verifier;
mod weak_key;

pub(crate) use builder::OwnTokens;
pub use builder::{Dangerous, VerifierBuilder};
pub use by_issuer::{IssuerResolver, MAX_ISSUER, Resolved, WaitForVerifier};
pub use cache::TokenCache;
pub use choices::{HasAudience, HasIssuer, HasKeys, NoAudience, NoIssuer, NoKeys, Ready};
pub use claims_error::ClaimsError;
pub use confirmation::Confirmation;
pub use ended::{Ended, UntilEnded};
pub use error::{VerifyError, VerifyErrorKind};
pub use explain::{CheckReport, Outcome, Report};
pub use introspection::{IntrospectTokens, Introspection, IntrospectionUnavailable};
pub use key_source::{KeySource, KeysUnavailable, MissingKey, WaitForKeys};
pub use live_keys::{KeyTerms, LiveKeys};
pub use logout_token::{LogoutToken, LogoutVerifier};
pub use tenants::Tenants;
pub use token_status::{Status, TokenStatus};
pub use verification::{PendingVerification, Verification};
pub use verified::{FromToken, Verified};
pub use verifier::Verifier;

#[cfg(test)]
mod tests;
