//! What can be said of a key without showing it.

use std::fmt;

use anstyle::Style;
use portcullis::jose::{SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};

use crate::escaped::Line;

/// What can be said of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Facts {
    /// `RSA`, `EC`, `OKP` (Ed25519) or `oct` (a shared secret).
    #[serde(rename = "type")]
    kind: &'static str,
    /// The `alg` that it writes or expects.
    algorithm: &'static str,
    kid: Option<String>,
    thumbprint: String,
    /// Whether it signs.
    private: bool,
    /// The length of the modulus, the curve's field, or the secret.
    bits: usize,
    /// The strength in bits of a symmetric cipher (NIST SP 800-57 part 1 table 2).
    security_bits: usize,
}

impl Facts {
    pub(super) fn of_signing(key: &SigningKey) -> Self {
        let secret = key.to_jwk().ok().and_then(|jwk| secret_bits(jwk.expose()));
        Self {
            private: true,
            ..Self::new(&key.verifying_key(), secret.unwrap_or_default())
        }
    }

    pub(super) fn of_verifying(key: &VerifyingKey) -> Self {
        Self::new(key, 0)
    }

    fn new(key: &VerifyingKey, secret_bits: usize) -> Self {
        let algorithm = key.algorithm().name();
        let (kind, bits, security_bits) = match algorithm {
            "ES256" => ("EC", 256, 128),
            "ES384" => ("EC", 384, 192),
            "ES512" => ("EC", 521, 256),
            "Ed25519" => ("OKP", 256, 128),
            _ if key.algorithm().is_symmetric() => ("oct", secret_bits, secret_bits.min(256)),
            _ => {
                let bits = modulus_bits(key);
                ("RSA", bits, rsa_strength(bits))
            }
        };
        Self {
            kind,
            algorithm,
            kid: key.key_id().map(str::to_owned),
            thumbprint: key.thumbprint(),
            private: false,
            bits,
            security_bits,
        }
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAME: Style = Style::new().bold();
        let what = match (self.kind, self.private) {
            ("oct", _) => "a shared secret, which signs and verifies",
            (_, true) => "a private key, which signs",
            (_, false) => "a public key, which verifies",
        };
        let kid = self
            .kid
            .as_deref()
            .map_or("none".to_owned(), |kid| Line(kid).to_string());
        let strength = match self.security_bits {
            0..128 => "enough until 2030; make new ones with 3072 bits",
            _ => "strong enough",
        };
        writeln!(
            f,
            "{NAME}{} ({}){NAME:#}: {what}",
            self.algorithm, self.kind
        )?;
        writeln!(f, "  kid         {kid}")?;
        writeln!(f, "  thumbprint  {}", self.thumbprint)?;
        write!(
            f,
            "  strength    {} bits, worth {} of a cipher: {strength}",
            self.bits, self.security_bits
        )
    }
}

fn modulus_bits(key: &VerifyingKey) -> usize {
    let jwk = key.public_jwk().unwrap_or_default();
    let n = jwk.get("n").and_then(serde_json::Value::as_str);
    let mut bytes = Vec::new();
    let decoded = n.map(|n| portcullis::jose::decode_segment(n.as_bytes(), &mut bytes));
    match (decoded, bytes.first()) {
        (Some(Ok(())), Some(first)) => bytes.len() * 8 - first.leading_zeros() as usize,
        _ => 0,
    }
}

fn rsa_strength(bits: usize) -> usize {
    match bits {
        0..3072 => 112,
        3072..7680 => 128,
        7680..15360 => 192,
        _ => 256,
    }
}

fn secret_bits(jwk: &str) -> Option<usize> {
    #[derive(Deserialize)]
    struct Secret<'j> {
        k: &'j str,
    }
    let secret: Secret<'_> = serde_json::from_str(jwk).ok()?;
    Some(secret.k.len() * 6 / 8 * 8)
}
