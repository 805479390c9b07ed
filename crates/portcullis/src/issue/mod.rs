//! Issuing access tokens.
//!
//! A [`TokenShape`] says which claim carries what, a [`TokenIssuer`] fills it
//! and signs. A verifier made from an issuer checks exactly what that issuer
//! writes.

mod claims;
mod draft;
mod issuer;
mod token;

pub use crate::claims::{AudienceForm, TokenShape};
pub use issuer::{IssueError, IssueErrorKind, TokenIssuer, TokenIssuerBuilder};
pub use token::{AccessToken, IssuedToken};
