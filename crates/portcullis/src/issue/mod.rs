//! Issuing access tokens.
//!
//! A [`TokenShape`] says which claim carries what, a [`TokenIssuer`] fills it
//! and signs. A verifier made from an issuer checks exactly what that issuer
//! writes.

mod claims;
mod draft;
mod error;
mod issuer;
mod ring;
mod signer;
mod token;

pub use crate::claims::{AudienceForm, TokenShape};
pub use error::{IssueError, IssueErrorKind};
pub use issuer::{TokenIssuer, TokenIssuerBuilder};
pub(crate) use ring::{Change, Snapshot};
pub use ring::{KeyRing, KeyRingBuilder, RingHealth, RingKey, RingProblem, RingStage};
pub use signer::SigningKeys;
pub use token::{AccessToken, IssuedToken};
