//! Secrets of high entropy: API keys and client secrets.

use std::fmt;

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{SHA256, digest},
};
use portcullis::secret::SecretString;

/// The SHA-256 digest of a secret. Enough where the secret cannot be guessed,
/// which a password can.
#[derive(Clone, Copy)]
pub(crate) struct KeyDigest([u8; 32]);

impl KeyDigest {
    pub(crate) fn of(secret: &SecretString) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, secret.expose().as_bytes()).as_ref());
        Self(bytes)
    }

    /// What no secret has, for names that do not exist.
    pub(crate) const fn of_nobody() -> Self {
        Self([0; 32])
    }

    /// Compares in constant time.
    pub(crate) fn matches(&self, secret: &SecretString) -> bool {
        verify_slices_are_equal(&self.0, &Self::of(secret).0).is_ok()
    }
}

impl fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyDigest(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_matches() {
        let secret = |text: &str| SecretString::from(text.to_owned());
        let digest = KeyDigest::of(&secret("demo-key"));
        assert!(digest.matches(&secret("demo-key")));
        assert!(!digest.matches(&secret("demo-kez")));
        assert!(!digest.matches(&secret("")));
        assert!(!KeyDigest::of_nobody().matches(&secret("")));
    }
}
