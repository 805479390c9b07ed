//! The key of CSRF tokens.

use std::{fmt, sync::Arc};

use crate::{
    ConfigError,
    crypto::{Hash, HmacKey, Tag, hmac, hmac_key},
    random::random,
};

/// The key from which CSRF tokens are made: a secret of its own, the same on all
/// nodes.
///
/// Whoever has it can make a CSRF token, which is no use without the session's
/// cookie.
#[derive(Clone)]
pub struct CsrfKey(Arc<HmacKey>);

impl CsrfKey {
    /// The least length of a secret, in bytes.
    const LEAST: usize = 32;

    /// A key of these random bytes.
    ///
    /// # Errors
    ///
    /// If there are fewer than 32.
    pub fn new(secret: &[u8]) -> Result<Self, ConfigError> {
        if secret.len() < Self::LEAST {
            return Err(ConfigError::new(
                "a key for CSRF tokens has at least 32 random bytes",
            ));
        }
        Ok(Self(Arc::new(hmac_key(Hash::Sha256, secret))))
    }

    /// A new key, for a service of one process: after a restart pages have to log in
    /// again, since a refresh wants the CSRF token, too.
    ///
    /// # Errors
    ///
    /// If the system has no random numbers.
    pub fn generate() -> Result<Self, ConfigError> {
        let bytes = random::<{ Self::LEAST }>();
        let bytes = bytes.map_err(|error| ConfigError::new(error.to_string()))?;
        Self::new(&bytes)
    }

    /// The MAC of a message in parts.
    pub(super) fn sign(&self, parts: &[&[u8]]) -> Tag {
        hmac(&self.0, parts)
    }
}

impl fmt::Debug for CsrfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfKey(..)")
    }
}
