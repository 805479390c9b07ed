//! The key of CSRF tokens.

use std::{fmt, sync::Arc};

use aws_lc_rs::hmac;

use crate::{ConfigError, random::random};

/// The key from which CSRF tokens are made: a secret of its own, the same on all
/// nodes.
///
/// Whoever has it can make a CSRF token, which is no use without the session's
/// cookie.
#[derive(Clone)]
pub struct CsrfKey(Arc<hmac::Key>);

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
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        Ok(Self(Arc::new(key)))
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
    pub(super) fn sign(&self, parts: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(part);
        }
        context.sign()
    }
}

impl fmt::Debug for CsrfKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfKey(..)")
    }
}
