//! Mistakes that people make, each in a file of its own, mended. With `--cfg mistake` and
//! the name of one it is made, and does not compile; `tests/told.rs` reads what the
//! compiler says.

#![allow(missing_docs)]
// Which are set by the test alone.
#![allow(unexpected_cfgs)]

#[cfg(any(not(mistake), mistake = "bad_scope"))]
pub mod bad_scope;
#[cfg(any(not(mistake), mistake = "borrowed_claims"))]
pub mod borrowed_claims;
#[cfg(any(not(mistake), mistake = "claims_without_clone"))]
pub mod claims_without_clone;
#[cfg(any(not(mistake), mistake = "claims_without_clone_on_actix"))]
pub mod claims_without_clone_on_actix;
#[cfg(any(not(mistake), mistake = "claims_without_deserialize"))]
pub mod claims_without_deserialize;
#[cfg(any(not(mistake), mistake = "no_accounts"))]
pub mod no_accounts;
#[cfg(any(not(mistake), mistake = "no_audience"))]
pub mod no_audience;
#[cfg(any(not(mistake), mistake = "no_authenticator"))]
pub mod no_authenticator;
#[cfg(any(not(mistake), mistake = "no_issuer"))]
pub mod no_issuer;
#[cfg(any(not(mistake), mistake = "no_keys"))]
pub mod no_keys;
#[cfg(any(not(mistake), mistake = "no_scopes"))]
pub mod no_scopes;
#[cfg(any(not(mistake), mistake = "no_store"))]
pub mod no_store;
#[cfg(any(not(mistake), mistake = "scopes_of_nothing"))]
pub mod scopes_of_nothing;
