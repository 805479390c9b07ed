//! What can be said of a key without showing it.

use std::fmt;

use anstyle::Style;
use portcullis::jose::{SigningKey, VerifyingKey, decode_segment};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::escaped::Line;

/// What can be said of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Facts {
    /// `kty`: `RSA`, `EC`, `OKP` (Ed25519) or `oct` (a shared secret).
    #[serde(rename = "type")]
    kind: String,
    algorithm: &'static str,
    kid: Option<String>,
    thumbprint: String,
    /// Whether it signs.
    private: bool,
    /// The length of the modulus, the curve's field, or the secret.
    bits: Option<usize>,
    /// What a cipher as strong has (NIST SP 800-57 part 1, table 2).
    security_bits: Option<usize>,
}

impl Facts {
    pub(super) fn of_signing(key: &SigningKey) -> Self {
        let mut facts = Self::of_verifying(&key.verifying_key());
        facts.private = true;
        if key.algorithm().is_symmetric() {
            facts.bits = key.to_jwk().ok().and_then(|jwk| secret_bits(jwk.expose()));
            facts.security_bits = facts.bits.map(|bits| bits.min(256));
        }
        facts
    }

    pub(super) fn of_verifying(key: &VerifyingKey) -> Self {
        let jwk = key.public_jwk().unwrap_or_default();
        let member = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bits = match member("crv") {
            Some("P-256" | "Ed25519") => Some(256),
            Some("P-384") => Some(384),
            Some("P-521") => Some(521),
            _ => member("n").and_then(modulus_bits),
        };
        let kind = member("kty").unwrap_or("oct");
        Self {
            security_bits: bits.map(|bits| match kind {
                "RSA" => rsa_strength(bits),
                _ => bits / 2 / 64 * 64,
            }),
            kind: kind.to_owned(),
            algorithm: key.algorithm().name(),
            kid: key.key_id().map(str::to_owned),
            thumbprint: key.thumbprint(),
            private: false,
            bits,
        }
    }
}

impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAME: Style = Style::new().bold();
        let what = match (self.kind.as_str(), self.private) {
            ("oct", _) => "a shared secret, which signs and verifies",
            (_, true) => "a private key, which signs",
            (_, false) => "a public key, which verifies",
        };
        let kid = self
            .kid
            .as_deref()
            .map_or("none".to_owned(), |kid| Line(kid).to_string());
        writeln!(
            f,
            "{NAME}{} ({}){NAME:#}: {what}",
            self.algorithm, self.kind
        )?;
        writeln!(f, "  kid         {kid}")?;
        write!(f, "  thumbprint  {}", self.thumbprint)?;
        let Some((bits, security_bits)) = self.bits.zip(self.security_bits) else {
            return Ok(());
        };
        let verdict = match security_bits {
            0..128 => "enough until 2030; make new ones with 3072 bits",
            _ => "strong enough",
        };
        write!(
            f,
            "\n  strength    {bits} bits, worth {security_bits} of a cipher: {verdict}"
        )
    }
}

/// The length of a number in base64url.
fn modulus_bits(number: &str) -> Option<usize> {
    let mut bytes = Vec::new();
    decode_segment(number.as_bytes(), &mut bytes).ok()?;
    let first = bytes.first()?;
    Some(bytes.len() * 8 - first.leading_zeros() as usize)
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
