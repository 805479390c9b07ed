//! Issuing access tokens.
//!
//! A [`TokenShape`] says which claim carries what, a [`TokenIssuer`] fills it
//! and signs. A verifier made from an issuer checks exactly what that issuer
//! writes.

mod claims;
mod issuer;
mod object;
mod shape;
mod token;

pub use issuer::{IssueError, IssueErrorKind, TokenIssuer, TokenIssuerBuilder};
pub(crate) use object::ObjectWriter;
pub use shape::{AudienceForm, TokenShape};
pub(crate) use shape::{Typ, check_names};
pub use token::{AccessToken, IssuedToken};
