//! The two names of Ed25519: `EdDSA` (RFC 8037) and `Ed25519` (RFC 9864).

use super::{Algorithm, algorithm::EDDSA};

/// What an Ed25519 key does with the name `EdDSA`.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum EddsaName {
    Refuse,
    /// Tokens may have it; what is written has `Ed25519`.
    Accept,
    Write,
}

impl EddsaName {
    pub(super) fn accepts(self, algorithm: Algorithm, name: &str) -> bool {
        name == algorithm.name()
            || (algorithm == Algorithm::Ed25519 && name == EDDSA && self != Self::Refuse)
    }

    pub(super) fn accepting(self, accept: bool) -> Self {
        match (accept, self) {
            (true, Self::Refuse) => Self::Write,
            (true, _) => self,
            (false, _) => Self::Refuse,
        }
    }

    /// The name that is written.
    pub(super) fn written(self, algorithm: Algorithm) -> &'static str {
        match (algorithm, self) {
            (Algorithm::Ed25519, Self::Write) => EDDSA,
            _ => algorithm.name(),
        }
    }
}
