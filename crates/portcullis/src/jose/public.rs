//! Public keys: their numbers, the checks, and the form prepared for
//! verification.

use super::{
    Algorithm, KeyError, KeyErrorKind,
    algorithm::Family,
    base64url::encode_segment,
    der::{self, Form, KeyType},
    ed25519,
    jwk::{Jwk, wrong_family},
};
#[cfg(feature = "ml-dsa")]
use crate::crypto::MlDsa;
use crate::crypto::{Backend, Chosen, Curve};

/// A public key that passed the checks of its algorithm.
pub(super) struct PublicKey<B: Backend = Chosen> {
    key: B::PublicKey,
    numbers: Numbers,
}

enum Numbers {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    Ec {
        curve: Curve,
        x: Vec<u8>,
        y: Vec<u8>,
    },
    Ed25519 {
        x: [u8; 32],
    },
    #[cfg(feature = "ml-dsa")]
    MlDsa {
        algorithm: Algorithm,
        bytes: Vec<u8>,
    },
}

impl<B: Backend> PublicKey<B> {
    /// From a JWK whose `kty` and `crv` fit the algorithm.
    pub(super) fn from_jwk(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, KeyError> {
        match algorithm.family() {
            Family::Hmac => Err(wrong_family(algorithm, jwk.family()?)),
            Family::Rsa => Self::rsa(algorithm, &jwk.number("n")?, &jwk.number("e")?),
            Family::Ec(curve) => {
                let mut point = vec![UNCOMPRESSED];
                point.extend_from_slice(&jwk.fixed("x", curve.size())?);
                point.extend_from_slice(&jwk.fixed("y", curve.size())?);
                Self::ec(curve, &point)
            }
            Family::Ed25519 => Self::ed25519(&jwk.fixed("x", 32)?),
            #[cfg(feature = "ml-dsa")]
            Family::MlDsa(set) => Self::ml_dsa(set, &jwk.fixed("pub", set.public_length())?),
        }
    }

    /// From SubjectPublicKeyInfo, a certificate, or RSAPublicKey.
    pub(super) fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let form = der::form(der).ok_or_else(|| {
            KeyError::malformed(
                "the bytes are not a public key in DER: neither SubjectPublicKeyInfo nor, for \
                 RSA, RSAPublicKey",
            )
        })?;
        match form {
            Form::Spki { key_type, key } => match fitting(algorithm, key_type)? {
                Family::Rsa => {
                    let numbers = der::RsaPublic::parse(key)
                        .ok_or_else(|| KeyError::malformed("the RSA public key is not DER"))?;
                    Self::rsa(algorithm, numbers.n, numbers.e)
                }
                Family::Ec(curve) => Self::ec(curve, key),
                Family::Ed25519 => Self::ed25519(key),
                #[cfg(feature = "ml-dsa")]
                Family::MlDsa(set) => Self::ml_dsa(set, key),
                family @ Family::Hmac => Err(wrong_family(algorithm, family)),
            },
            Form::RsaPublic(numbers) => {
                fitting(algorithm, KeyType::Rsa)?;
                Self::rsa(algorithm, numbers.n, numbers.e)
            }
            Form::Pkcs8 { .. } | Form::RsaPrivate | Form::EcPrivate(_) => Err(private_key()),
        }
    }

    /// From modulus and exponent, most significant byte first, without leading
    /// zeros.
    pub(super) fn rsa(algorithm: Algorithm, n: &[u8], e: &[u8]) -> Result<Self, KeyError> {
        let scheme = algorithm
            .rsa_scheme()
            .ok_or_else(|| wrong_family(algorithm, Family::Rsa))?;
        match bits(n) {
            0..2048 => {
                return Err(KeyError::new(
                    KeyErrorKind::TooWeak,
                    "the RSA key is shorter than 2048 bits (RFC 7518 section 3.3)",
                ));
            }
            2048..=8192 => {}
            _ => {
                return Err(KeyError::unsupported(
                    "the RSA key is longer than 8192 bits",
                ));
            }
        }
        if !is_odd(n) {
            return Err(KeyError::invalid("the RSA modulus is even"));
        }
        // FIPS 186-5 section A.1.1: odd, and larger than 2^16.
        if !is_odd(e) || bits(e) < 17 {
            return Err(KeyError::invalid(
                "the RSA public exponent is even or smaller than 65537 (FIPS 186-5)",
            ));
        }
        if bits(e) > 33 {
            return Err(KeyError::unsupported(
                "the RSA public exponent is longer than 33 bits",
            ));
        }
        let key = B::rsa_public(scheme, n, e)
            .ok_or_else(|| KeyError::invalid("the RSA public key is not valid"))?;
        Ok(Self {
            key,
            numbers: Numbers::Rsa {
                n: n.to_vec(),
                e: e.to_vec(),
            },
        })
    }

    /// From a point of SEC 1 section 2.3.3, compressed or not.
    pub(super) fn ec(curve: Curve, point: &[u8]) -> Result<Self, KeyError> {
        let not_on_curve =
            || KeyError::invalid(format!("the public key is not a point of {}", curve.name()));
        // The parser takes other forms too; only a bare point is meant here.
        if !matches!(point.first(), Some(2..=4)) {
            return Err(not_on_curve());
        }
        let (key, coordinates) = B::ec_public(curve, point).ok_or_else(not_on_curve)?;
        let (x, y) = coordinates
            .split_at_checked(curve.size())
            .ok_or_else(not_on_curve)?;
        let numbers = Numbers::Ec {
            curve,
            x: x.to_vec(),
            y: y.to_vec(),
        };
        Ok(Self { key, numbers })
    }

    /// From the 32 bytes of RFC 8032 section 5.1.5.
    pub(super) fn ed25519(bytes: &[u8]) -> Result<Self, KeyError> {
        let x: [u8; 32] = bytes
            .try_into()
            .map_err(|_| KeyError::malformed("an Ed25519 public key is 32 bytes long"))?;
        if let Some(fault) = ed25519::fault(&x) {
            return Err(KeyError::invalid(fault));
        }
        let key = B::ed25519_public(&x)
            .ok_or_else(|| KeyError::invalid("the Ed25519 public key is not valid"))?;
        Ok(Self {
            key,
            numbers: Numbers::Ed25519 { x },
        })
    }

    /// From the bytes of FIPS 204 section 5.3.
    #[cfg(feature = "ml-dsa")]
    pub(super) fn ml_dsa(set: MlDsa, bytes: &[u8]) -> Result<Self, KeyError> {
        let algorithm = Family::MlDsa(set).default_algorithm();
        let key = Some(bytes)
            .filter(|bytes| bytes.len() == set.public_length())
            .and_then(|bytes| B::ml_dsa_public(set, bytes))
            .ok_or_else(|| KeyError::invalid(format!("the {algorithm} public key is not valid")))?;
        let numbers = Numbers::MlDsa {
            algorithm,
            bytes: bytes.to_vec(),
        };
        Ok(Self { key, numbers })
    }

    /// Whether this is the key's raw signature of the message.
    #[inline]
    pub(super) fn fits(&self, message: &[u8], signature: &[u8]) -> bool {
        B::fits(&self.key, message, signature)
    }

    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        self.members() == other.members()
    }

    /// The members that RFC 7638 section 3.2 hashes, in its order; RFC 9964 section 6
    /// for ML-DSA.
    pub(super) fn members(&self) -> Vec<(&'static str, String)> {
        match &self.numbers {
            Numbers::Rsa { n, e } => vec![
                ("e", encode_segment(e)),
                ("kty", "RSA".to_owned()),
                ("n", encode_segment(n)),
            ],
            Numbers::Ec { curve, x, y } => vec![
                ("crv", curve.name().to_owned()),
                ("kty", "EC".to_owned()),
                ("x", encode_segment(x)),
                ("y", encode_segment(y)),
            ],
            Numbers::Ed25519 { x } => vec![
                ("crv", "Ed25519".to_owned()),
                ("kty", "OKP".to_owned()),
                ("x", encode_segment(x)),
            ],
            #[cfg(feature = "ml-dsa")]
            Numbers::MlDsa { algorithm, bytes } => vec![
                ("alg", algorithm.name().to_owned()),
                ("kty", "AKP".to_owned()),
                ("pub", encode_segment(bytes)),
            ],
        }
    }
}

/// The algorithm of a public key in DER, where its type says it: RS256 for
/// RSA, which may be used with others too.
pub(super) fn detect(der: &[u8]) -> Result<Algorithm, KeyError> {
    match der::form(der) {
        Some(Form::Spki { key_type, .. }) => Ok(family(key_type)?.default_algorithm()),
        Some(Form::RsaPublic(_)) => Ok(Family::Rsa.default_algorithm()),
        Some(_) => Err(private_key()),
        None => Err(KeyError::malformed("the bytes are not a public key in DER")),
    }
}

/// The first byte of a point with both coordinates.
pub(super) const UNCOMPRESSED: u8 = 4;

/// The family of the algorithm, if the key is of that type.
pub(super) fn fitting(algorithm: Algorithm, key_type: KeyType) -> Result<Family, KeyError> {
    let found = family(key_type)?;
    if algorithm.family() != found {
        return Err(wrong_family(algorithm, found));
    }
    Ok(found)
}

pub(super) fn family(key_type: KeyType) -> Result<Family, KeyError> {
    match key_type {
        KeyType::Rsa => Ok(Family::Rsa),
        KeyType::Ec(curve) => Ok(Family::Ec(curve)),
        KeyType::Ed25519 => Ok(Family::Ed25519),
        #[cfg(feature = "ml-dsa")]
        KeyType::MlDsa(set) => Ok(Family::MlDsa(set)),
        KeyType::Other => Err(KeyError::unsupported(
            "the key is neither a plain RSA key nor one on P-256, P-384, P-521 or Ed25519",
        )),
    }
}

/// Refuses what a PEM label says cannot be read, before its bytes are looked at.
pub(super) fn check_label(label: &str) -> Result<(), KeyError> {
    match label {
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => Ok(()),
        label if label.ends_with("PRIVATE KEY") => Err(private_key()),
        _ => Err(KeyError::unsupported(
            "the PEM text is not a public key: its label is none of `PUBLIC KEY`, `RSA PUBLIC KEY` \
             and `CERTIFICATE`",
        )),
    }
}

fn private_key() -> KeyError {
    KeyError::wrong_type(
        "this is a private key, and verifying takes the public one: load it as a signing key and \
         take its verifying key, or export the public part with `openssl pkey -pubout`",
    )
}

fn bits(number: &[u8]) -> usize {
    match number.first() {
        Some(first) => number.len() * 8 - first.leading_zeros() as usize,
        None => 0,
    }
}

fn is_odd(number: &[u8]) -> bool {
    number.last().is_some_and(|byte| byte & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::VerifyingKey;

    type PublicKey = super::PublicKey;

    fn kind<T>(result: Result<T, KeyError>) -> Option<KeyErrorKind> {
        result.err().map(|error| error.kind())
    }

    fn modulus(bits: usize) -> Vec<u8> {
        let mut n = vec![0xa5; bits.div_ceil(8)];
        n[0] = 0x80 >> (bits.div_ceil(8) * 8 - bits);
        n
    }

    /// RFC 7518 section 3.3 and FIPS 186-5 section A.1.1.
    #[test]
    fn rsa_sizes_and_exponents_are_bounded() {
        use KeyErrorKind::{Invalid, TooWeak, Unsupported};
        const F4: &[u8] = &[1, 0, 1];
        for (bits, expected) in [
            (0, Some(TooWeak)),
            (1024, Some(TooWeak)),
            (2047, Some(TooWeak)),
            (2048, None),
            (4096, None),
            (8192, None),
            (8193, Some(Unsupported)),
            (16384, Some(Unsupported)),
        ] {
            let n = if bits == 0 { Vec::new() } else { modulus(bits) };
            assert_eq!(
                kind(PublicKey::rsa(Algorithm::PS256, &n, F4)),
                expected,
                "{bits}"
            );
        }
        let mut even = modulus(2048);
        even[255] = 0xa4;
        assert_eq!(
            kind(PublicKey::rsa(Algorithm::RS256, &even, F4)),
            Some(Invalid)
        );
        for (e, expected) in [
            (&[][..], Some(Invalid)),
            (&[1], Some(Invalid)),
            (&[3], Some(Invalid)),
            (&[0xff, 0xff], Some(Invalid)),
            (&[1, 0, 0], Some(Invalid)),
            (&[1, 0, 2], Some(Invalid)),
            (&[1, 0, 1], None),
            (&[1, 0, 0, 0, 1], None),
            (&[2, 0, 0, 0, 1], Some(Unsupported)),
        ] {
            let key = PublicKey::rsa(Algorithm::RS256, &modulus(2048), e);
            assert_eq!(kind(key), expected, "{e:?}");
        }
    }

    /// RFC 8725 section 3.4.
    #[test]
    fn a_point_lies_on_its_curve() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let size = curve.size();
            let invalid = Some(KeyErrorKind::Invalid);
            let point = |first: u8, byte: u8, length: usize| {
                let mut point = vec![byte; length];
                point[0] = first;
                point
            };
            for point in [
                point(0, 0, 1),
                point(4, 0, 1),
                point(4, 0, 1 + 2 * size),
                point(4, 1, 1 + 2 * size),
                point(4, 0xff, 1 + 2 * size),
                point(4, 0, 2 * size),
                point(6, 1, 1 + 2 * size),
                point(2, 0xff, 1 + size),
                point(2, 1, size),
            ] {
                assert_eq!(kind(PublicKey::ec(curve, &point)), invalid, "{point:?}");
            }
            assert_eq!(kind(PublicKey::ec(curve, b"")), invalid);
        }
    }

    #[test]
    fn coordinates_of_a_jwk_are_whole_and_canonical() {
        // RFC 7515 appendix A.3.
        let jwk = |x: &str, y: &str| {
            VerifyingKey::from_jwk(
                format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#),
                None,
            )
        };
        const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
        const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
        assert_eq!(kind(jwk(X, Y)), None);
        assert_eq!(kind(jwk(Y, X)), Some(KeyErrorKind::Invalid));
        let malformed = Some(KeyErrorKind::Malformed);
        // Other trailing bits, padding, a leading zero byte, a byte less.
        assert_eq!(kind(jwk(&X.replace("VEU", "VEV"), Y)), malformed);
        assert_eq!(kind(jwk(&format!("{X}="), Y)), malformed);
        assert_eq!(kind(jwk(&format!("AA{X}"), Y)), malformed);
        assert_eq!(kind(jwk(&X[..42], Y)), malformed);
        assert_eq!(kind(jwk("", Y)), malformed);
    }

    #[test]
    fn an_ed25519_key_of_small_order_is_refused_as_a_jwk_too() {
        for x in ["AQ", "7P"] {
            let tail = if x == "AQ" {
                "A".repeat(41)
            } else {
                format!("{}38", "_".repeat(39))
            };
            let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}{tail}"}}"#);
            let error = kind(VerifyingKey::from_jwk(jwk, None));
            assert_eq!(error, Some(KeyErrorKind::Invalid));
        }
    }
}
