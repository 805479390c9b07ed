//! Keys handed over from `jsonwebtoken`.

use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey, jwk::JwkSet};
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, KeySet, SigningKey, SkippedKey, VerifyingKey, algorithm::Family, der,
    public::PublicKey,
};

impl TryFrom<jsonwebtoken::Algorithm> for Algorithm {
    type Error = KeyError;

    fn try_from(algorithm: jsonwebtoken::Algorithm) -> Result<Self, KeyError> {
        use jsonwebtoken::Algorithm as Theirs;
        match algorithm {
            Theirs::HS256 => Ok(Self::HS256),
            Theirs::HS384 => Ok(Self::HS384),
            Theirs::HS512 => Ok(Self::HS512),
            Theirs::RS256 => Ok(Self::RS256),
            Theirs::RS384 => Ok(Self::RS384),
            Theirs::RS512 => Ok(Self::RS512),
            Theirs::PS256 => Ok(Self::PS256),
            Theirs::PS384 => Ok(Self::PS384),
            Theirs::PS512 => Ok(Self::PS512),
            Theirs::ES256 => Ok(Self::ES256),
            Theirs::ES384 => Ok(Self::ES384),
            Theirs::EdDSA => Ok(Self::Ed25519),
            _ => Err(KeyError::unsupported(
                "the signature algorithm is not supported",
            )),
        }
    }
}

impl VerifyingKey {
    /// A key of `jsonwebtoken`, for exactly one algorithm and with every check
    /// of the other constructors.
    ///
    /// # Errors
    ///
    /// The key is of another family than the algorithm, or fails a check.
    pub fn from_jsonwebtoken(key: &DecodingKey, algorithm: Algorithm) -> Result<Self, KeyError> {
        check_family(key.family(), algorithm)?;
        let public = match key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                PublicKey::rsa(algorithm, without_zeros(n), without_zeros(e))?
            }
            DecodingKeyKind::SecretOrDer(secret) if algorithm.is_symmetric() => {
                return Self::from_secret(algorithm, secret);
            }
            DecodingKeyKind::SecretOrDer(bytes) if der::form(bytes).is_some() => {
                PublicKey::from_der(algorithm, bytes)?
            }
            DecodingKeyKind::SecretOrDer(bytes) => PublicKey::from_raw(algorithm, bytes)?,
        };
        Ok(Self::from_public_key(algorithm, public))
    }
}

impl SigningKey {
    /// A key of `jsonwebtoken`, for exactly one algorithm and with every check
    /// of the other constructors.
    ///
    /// # Errors
    ///
    /// The key is of another family than the algorithm, or fails a check.
    pub fn from_jsonwebtoken(key: &EncodingKey, algorithm: Algorithm) -> Result<Self, KeyError> {
        check_family(key.family(), algorithm)?;
        if algorithm.is_symmetric() {
            Self::from_secret(algorithm, key.as_bytes())
        } else {
            Self::from_der(algorithm, key.as_bytes())
        }
    }
}

impl KeySet {
    /// A key set of `jsonwebtoken`; as [`from_jwks`](Self::from_jwks).
    ///
    /// # Errors
    ///
    /// As [`from_jwks`](Self::from_jwks).
    pub fn from_jsonwebtoken(
        set: &JwkSet,
        allowed: &[Algorithm],
    ) -> Result<(Self, Vec<SkippedKey>), KeyError> {
        let json = serde_json::to_vec(set)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::malformed("the JWK Set cannot be written as JSON"))?;
        Self::from_jwks(&json, allowed)
    }
}

fn check_family(found: AlgorithmFamily, algorithm: Algorithm) -> Result<(), KeyError> {
    let fits = matches!(
        (found, algorithm.family()),
        (AlgorithmFamily::Hmac, Family::Hmac)
            | (AlgorithmFamily::Rsa, Family::Rsa)
            | (AlgorithmFamily::Ec, Family::Ec(_))
            | (AlgorithmFamily::Ed, Family::Ed25519)
    );
    if fits {
        Ok(())
    } else {
        Err(KeyError::wrong_type(format!(
            "{algorithm} takes a {}, and the key of `jsonwebtoken` is of another family",
            algorithm.family()
        )))
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
