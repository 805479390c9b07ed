//! Keys handed over from `jsonwebtoken`.

use jsonwebtoken::{AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey, jwk::JwkSet};

use super::{
    Algorithm, KeyError, KeySet, SigningKey, SkippedKey, VerifyingKey, algorithm::Family, der,
    public::PublicKey,
};
use crate::secret::SecretBuffer;

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
            DecodingKeyKind::SecretOrDer(bytes) => from_raw(algorithm, bytes)?,
        };
        Self::from_public_key(algorithm, public)
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
        let mut json = SecretBuffer::with_capacity(4096);
        serde_json::to_writer(&mut json, set)
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
            "{algorithm} takes {}, and the key of `jsonwebtoken` is of another family",
            algorithm.family()
        )))
    }
}

/// From the bare bytes of a key, as an EC point or an Ed25519 key.
fn from_raw(algorithm: Algorithm, bytes: &[u8]) -> Result<PublicKey, KeyError> {
    match algorithm.family() {
        Family::Ec(curve) => PublicKey::ec(curve, bytes),
        Family::Ed25519 => PublicKey::ed25519(bytes),
        _ => PublicKey::from_der(algorithm, bytes),
    }
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::KeyErrorKind;

    const RSA_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1\
        L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_F\
        DW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6We\
        Zu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
    const ED_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const ED_PEM: &[u8] = b"-----BEGIN PUBLIC KEY-----\n\
        MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n";

    #[test]
    fn decoding_keys_are_handed_over() {
        let rsa = DecodingKey::from_rsa_components(RSA_N, "AQAB").unwrap();
        let rsa = VerifyingKey::from_jsonwebtoken(&rsa, Algorithm::PS256).unwrap();
        // RFC 7638 section 3.1.
        assert_eq!(
            rsa.thumbprint(),
            "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
        );
        for key in [
            DecodingKey::from_ed_components(ED_X).unwrap(),
            DecodingKey::from_ed_pem(ED_PEM).unwrap(),
        ] {
            let key = VerifyingKey::from_jsonwebtoken(&key, Algorithm::Ed25519).unwrap();
            // RFC 8037 appendix A.3.
            assert_eq!(
                key.thumbprint(),
                "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
            );
        }
        // RFC 7515 appendix A.3.
        let (x, y) = (
            "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        );
        let ec = DecodingKey::from_ec_components(x, y).unwrap();
        let key = VerifyingKey::from_jsonwebtoken(&ec, Algorithm::ES256).unwrap();
        assert_eq!(key.public_jwk().unwrap()["x"], x);
        assert!(VerifyingKey::from_jsonwebtoken(&ec, Algorithm::ES384).is_err());
        let off = DecodingKey::from_ec_components(x, x).unwrap();
        let error = VerifyingKey::from_jsonwebtoken(&off, Algorithm::ES256).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::Invalid);
    }

    #[test]
    fn families_do_not_mix() {
        let hmac = DecodingKey::from_secret(&[7; 64]);
        assert!(VerifyingKey::from_jsonwebtoken(&hmac, Algorithm::HS512).is_ok());
        let rsa = DecodingKey::from_rsa_components(RSA_N, "AQAB").unwrap();
        for (key, algorithm) in [
            (&hmac, Algorithm::RS256),
            (&hmac, Algorithm::Ed25519),
            (&rsa, Algorithm::HS256),
            (&rsa, Algorithm::ES256),
        ] {
            let error = VerifyingKey::from_jsonwebtoken(key, algorithm).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::WrongType);
        }
        let short = DecodingKey::from_secret(b"secret");
        let error = VerifyingKey::from_jsonwebtoken(&short, Algorithm::HS256).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::TooWeak);
        let signing = EncodingKey::from_secret(&[7; 32]);
        assert!(SigningKey::from_jsonwebtoken(&signing, Algorithm::HS256).is_ok());
        assert!(SigningKey::from_jsonwebtoken(&signing, Algorithm::ES256).is_err());
    }

    #[test]
    fn key_sets_are_handed_over() {
        let json = format!(
            r#"{{"keys":[{{"kty":"RSA","kid":"a","use":"sig","alg":"RS256","n":"{RSA_N}","e":"AQAB"}},
                {{"kty":"RSA","kid":"b","use":"enc","n":"{RSA_N}","e":"AQAB"}},
                {{"kty":"OKP","kid":"c","crv":"Ed25519","alg":"EdDSA","x":"{ED_X}"}}]}}"#
        );
        let set: JwkSet = serde_json::from_str(&json).unwrap();
        let allowed = [Algorithm::RS256, Algorithm::Ed25519];
        let (keys, skipped) = KeySet::from_jsonwebtoken(&set, &allowed).unwrap();
        let ids: Vec<_> = keys.iter().map(VerifyingKey::key_id).collect();
        assert_eq!(ids, [Some("a"), Some("c")]);
        assert_eq!(skipped.len(), 1);
        assert_eq!(skipped[0].key_id.as_deref(), Some("b"));
    }

    #[test]
    fn algorithms_are_handed_over() {
        assert_eq!(
            Algorithm::try_from(jsonwebtoken::Algorithm::EdDSA),
            Ok(Algorithm::Ed25519)
        );
        assert_eq!(
            Algorithm::try_from(jsonwebtoken::Algorithm::PS384),
            Ok(Algorithm::PS384)
        );
    }
}
