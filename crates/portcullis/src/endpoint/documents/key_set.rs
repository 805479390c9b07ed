//! The public keys (RFC 7517 section 5).

use super::document::{Document, Lifetime};
use crate::{jose::KeySet, session::Sessions};

/// The public keys of all APIs, each once.
pub(in crate::endpoint) fn key_set(sessions: &[Sessions], lifetime: Lifetime) -> Document {
    let sessions = sessions.to_vec();
    Document::of_keys(
        "application/jwk-set+json",
        lifetime,
        move || keys(&sessions),
        KeySet::public_jwks,
    )
}

/// The keys that verify the tokens of `sessions` now.
pub(super) fn keys(sessions: &[Sessions]) -> Vec<KeySet> {
    let keys = sessions.iter().map(|own| own.issuer().keys());
    keys.collect()
}
