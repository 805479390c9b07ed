//! Shared secrets for HMAC (RFC 7518 section 3.2).

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, KeyErrorKind, algorithm::Family, base64url::append_segment, der,
    jwk::wrong_family,
};

/// A secret that is long enough for its algorithm.
pub(super) struct SecretKey {
    pub(super) key: hmac::Key,
    bytes: Zeroizing<Vec<u8>>,
}

impl SecretKey {
    pub(super) fn new(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let (hash, least) = algorithm
            .hmac()
            .ok_or_else(|| wrong_family(algorithm, Family::Hmac))?;
        if is_public_text(secret) {
            return Err(KeyError::wrong_type(
                "the secret is the text of a key or a certificate: what is public cannot be a \
                 secret, so load it as PEM, DER or JWK with its own algorithm",
            ));
        }
        if secret.len() < least {
            return Err(KeyError::new(
                KeyErrorKind::TooWeak,
                format!(
                    "the secret for {algorithm} is {} bytes long, and RFC 7518 section 3.2 asks \
                     for at least {least}: use random bytes, not a pass phrase",
                    secret.len()
                ),
            ));
        }
        Ok(Self {
            key: hmac::Key::new(hash, secret),
            bytes: Zeroizing::new(secret.to_vec()),
        })
    }

    /// `k` of the JWK (RFC 7518 section 6.4.1).
    pub(super) fn encoded(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(self.bytes.len() * 4 / 3 + 4));
        append_segment(&self.bytes, &mut text);
        text
    }
}

/// Whether a would-be secret is a key in one of the forms in which public keys
/// are handed out; taking it for a secret would let anyone sign.
fn is_public_text(secret: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 5] = [
        b"-----BEGIN",
        b"---- BEGIN",
        b"ssh-",
        b"ecdsa-sha2-",
        b"sk-ssh-",
    ];
    let text = secret.trim_ascii_start();
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    BEGINNINGS.iter().any(|start| text.starts_with(start))
        || (text.starts_with(b"{") && text.windows(5).any(|window| window == b"\"kty\""))
        || der::form(secret).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(algorithm: Algorithm, secret: &[u8]) -> Option<KeyErrorKind> {
        SecretKey::new(algorithm, secret)
            .err()
            .map(|error| error.kind())
    }

    #[test]
    fn a_secret_is_as_long_as_the_hash() {
        for (algorithm, least) in [
            (Algorithm::HS256, 32),
            (Algorithm::HS384, 48),
            (Algorithm::HS512, 64),
        ] {
            assert_eq!(kind(algorithm, &vec![7; least]), None);
            let short = kind(algorithm, &vec![7; least - 1]);
            assert_eq!(short, Some(KeyErrorKind::TooWeak));
            assert_eq!(kind(algorithm, b""), Some(KeyErrorKind::TooWeak));
        }
        let other = kind(Algorithm::RS256, &[7; 64]);
        assert_eq!(other, Some(KeyErrorKind::WrongType));
    }

    #[test]
    fn a_public_key_is_no_secret() {
        let jwk = br#"{ "crv":"Ed25519", "kty":"OKP", "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let pem = b"\n-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n";
        let mut der = vec![
            0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
        ];
        der.extend([9; 32]);
        for text in [
            &jwk[..],
            pem,
            &der,
            b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0000000000000000000000",
        ] {
            let kind = kind(Algorithm::HS256, text);
            assert_eq!(kind, Some(KeyErrorKind::WrongType));
        }
    }
}
