//! Keys that are too weak, and are being retired.

use super::{Algorithm, KeyError, VerifyingKey, retiring::Retiring};
use crate::time::Timestamp;

impl VerifyingKey {
    /// Keys that are not as safe as they have to be, for a service that has to
    /// retire them gradually.
    pub fn dangerous() -> DangerousKeys {
        DangerousKeys(())
    }
}

/// Makes keys that should not be. See [`VerifyingKey::dangerous`].
#[derive(Clone, Copy, Debug)]
#[must_use = "does nothing by itself"]
pub struct DangerousKeys(());

impl DangerousKeys {
    /// A shared secret that is shorter than its algorithm asks for (RFC 7518 section
    /// 3.2), trusted until a date: by a verifier's clock, so that nobody has to
    /// remember to remove it. Whoever sees one token can try secrets at home until
    /// one fits, and then sign what they like: a word takes seconds.
    ///
    /// Each minute in which it lets somebody in is a `WARN` in the log (`event =
    /// "weak_key_used"`), with how many tokens it was: at none, the key can go. There
    /// is no signing key of this kind. The way out: sign with a good key from now on,
    /// and trust this one for as long as a token may live.
    ///
    /// ```
    /// use portcullis::{
    ///     issue::{TokenIssuer, TokenShape},
    ///     jose::{Algorithm, SigningKey, VerifyingKey},
    ///     time::Timestamp,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// // 2027-01-01.
    /// let until = Timestamp::from_secs(1_798_761_600);
    /// let old = VerifyingKey::dangerous().weak_secret(Algorithm::HS256, b"super-secret", until)?;
    /// let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
    ///     .shape(TokenShape::plain())
    ///     .older_keys(old)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The secret is empty, or long enough, so that
    /// [`from_secret`](VerifyingKey::from_secret) takes it; the algorithm is not HMAC;
    /// or it is a key that may be public.
    pub fn weak_secret(
        self,
        algorithm: Algorithm,
        secret: &[u8],
        until: Timestamp,
    ) -> Result<VerifyingKey, KeyError> {
        VerifyingKey::from_weak_secret(algorithm, secret, Retiring::new(until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::KeyErrorKind;

    fn weak(algorithm: Algorithm, secret: &[u8]) -> Result<VerifyingKey, KeyErrorKind> {
        let key = VerifyingKey::dangerous().weak_secret(algorithm, secret, Timestamp::from_secs(9));
        key.map_err(|error| error.kind())
    }

    #[test]
    fn only_weak_secrets_are_weak() {
        assert!(weak(Algorithm::HS256, b"super-secret").is_ok());
        assert!(weak(Algorithm::HS512, &[7; 63]).is_ok());
        assert_eq!(weak(Algorithm::HS256, b""), Err(KeyErrorKind::TooWeak));
        assert!(weak(Algorithm::HS256, &[7; 32]).is_err());
        assert_eq!(
            weak(Algorithm::ES256, b"super-secret"),
            Err(KeyErrorKind::WrongType)
        );
        assert_eq!(
            weak(Algorithm::HS256, b"-----BEGIN PUBLIC KEY-"),
            Err(KeyErrorKind::WrongType)
        );
    }
}
