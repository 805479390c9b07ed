//! The signature algorithms and what each asks of a key.

use std::{fmt, str::FromStr};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Visitor},
};

use super::{KeyError, KeyErrorKind};
#[cfg(feature = "ml-dsa")]
use crate::crypto::MlDsa;
use crate::crypto::{Curve, Hash, KeyKind, RsaScheme};

/// The longest signature, in bytes: that of an RSA key of 8192 bits. Those of ML-DSA
/// are longer, and looked at only where a key makes such.
pub const MAX_SIGNATURE: usize = 1024;

/// A signature algorithm of JSON Web Algorithms (RFC 7518 section 3.1,
/// RFC 8037, RFC 9864, RFC 9964). `none` does not exist here.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256; a secret of at least 32 bytes.
    HS256,
    /// HMAC with SHA-384; a secret of at least 48 bytes.
    HS384,
    /// HMAC with SHA-512; a secret of at least 64 bytes.
    HS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA on P-256 with SHA-256.
    ES256,
    /// ECDSA on P-384 with SHA-384.
    ES384,
    /// ECDSA on P-521 with SHA-512.
    ES512,
    /// EdDSA on Ed25519. In headers and JWKs it has two names: `EdDSA` (RFC 8037),
    /// which keys write unless told otherwise, and `Ed25519` (RFC 9864).
    Ed25519,
    /// ML-DSA-44 (FIPS 204, RFC 9964); with the feature `ml-dsa`, as the other two.
    #[cfg(feature = "ml-dsa")]
    MlDsa44,
    /// ML-DSA-65.
    #[cfg(feature = "ml-dsa")]
    MlDsa65,
    /// ML-DSA-87.
    #[cfg(feature = "ml-dsa")]
    MlDsa87,
}

impl Algorithm {
    /// Every algorithm, in the order of the registry.
    pub const ALL: &'static [Self] = &[
        Self::HS256,
        Self::HS384,
        Self::HS512,
        Self::RS256,
        Self::RS384,
        Self::RS512,
        Self::ES256,
        Self::ES384,
        Self::ES512,
        Self::PS256,
        Self::PS384,
        Self::PS512,
        Self::Ed25519,
        #[cfg(feature = "ml-dsa")]
        Self::MlDsa44,
        #[cfg(feature = "ml-dsa")]
        Self::MlDsa65,
        #[cfg(feature = "ml-dsa")]
        Self::MlDsa87,
    ];

    /// The name in the registry. In the `alg` of tokens and JWKs an Ed25519 key
    /// may go by another: [`SigningKey::header_name`](super::SigningKey::header_name).
    pub const fn name(self) -> &'static str {
        match self {
            Self::HS256 => "HS256",
            Self::HS384 => "HS384",
            Self::HS512 => "HS512",
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
            Self::ES256 => "ES256",
            Self::ES384 => "ES384",
            Self::ES512 => "ES512",
            Self::Ed25519 => "Ed25519",
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa44 => "ML-DSA-44",
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa65 => "ML-DSA-65",
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa87 => "ML-DSA-87",
        }
    }

    /// The algorithm of a name, compared case by case (RFC 7515 section
    /// 4.1.1); `EdDSA` is [`Ed25519`](Self::Ed25519).
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            EDDSA => Some(Self::Ed25519),
            _ => Self::ALL.iter().copied().find(|alg| alg.name() == name),
        }
    }

    /// Whether signer and verifier share one secret (HMAC).
    pub const fn is_symmetric(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }

    pub(super) const fn family(self) -> Family {
        match self {
            Self::HS256 | Self::HS384 | Self::HS512 => Family::Hmac,
            Self::RS256 | Self::RS384 | Self::RS512 | Self::PS256 | Self::PS384 | Self::PS512 => {
                Family::Rsa
            }
            Self::ES256 => Family::Ec(Curve::P256),
            Self::ES384 => Family::Ec(Curve::P384),
            Self::ES512 => Family::Ec(Curve::P521),
            Self::Ed25519 => Family::Ed25519,
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa44 => Family::MlDsa(MlDsa::Set44),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa65 => Family::MlDsa(MlDsa::Set65),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa87 => Family::MlDsa(MlDsa::Set87),
        }
    }

    /// The hash of HMAC, whose length is that of the shortest secret (RFC 7518
    /// section 3.2).
    pub(super) const fn hmac_hash(self) -> Option<Hash> {
        match self {
            Self::HS256 => Some(Hash::Sha256),
            Self::HS384 => Some(Hash::Sha384),
            Self::HS512 => Some(Hash::Sha512),
            _ => None,
        }
    }

    pub(super) const fn rsa_scheme(self) -> Option<RsaScheme> {
        match self {
            Self::RS256 => Some(RsaScheme::Pkcs1(Hash::Sha256)),
            Self::RS384 => Some(RsaScheme::Pkcs1(Hash::Sha384)),
            Self::RS512 => Some(RsaScheme::Pkcs1(Hash::Sha512)),
            Self::PS256 => Some(RsaScheme::Pss(Hash::Sha256)),
            Self::PS384 => Some(RsaScheme::Pss(Hash::Sha384)),
            Self::PS512 => Some(RsaScheme::Pss(Hash::Sha512)),
            _ => None,
        }
    }

    /// The kind of its pairs of keys; none for HMAC.
    pub(super) fn key_kind(self) -> Option<KeyKind> {
        match self.family() {
            Family::Hmac => None,
            Family::Rsa => self.rsa_scheme().map(KeyKind::Rsa),
            Family::Ec(curve) => Some(KeyKind::Ec(curve)),
            Family::Ed25519 => Some(KeyKind::Ed25519),
            #[cfg(feature = "ml-dsa")]
            Family::MlDsa(set) => Some(KeyKind::MlDsa(set)),
        }
    }

    /// The longest signature of its keys, in bytes.
    pub(crate) const fn longest_signature(self) -> usize {
        match self.family() {
            #[cfg(feature = "ml-dsa")]
            Family::MlDsa(set) => set.signature_length(),
            _ => MAX_SIGNATURE,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Algorithm {
    type Err = KeyError;

    fn from_str(name: &str) -> Result<Self, KeyError> {
        Self::from_name(name).ok_or_else(|| {
            KeyError::new(
                KeyErrorKind::Unsupported,
                if cfg!(feature = "ml-dsa") {
                    "unknown signature algorithm: use one of HS256, HS384, HS512, RS256, RS384, \
                     RS512, PS256, PS384, PS512, ES256, ES384, ES512, Ed25519, ML-DSA-44, \
                     ML-DSA-65, ML-DSA-87"
                } else {
                    "unknown signature algorithm: use one of HS256, HS384, HS512, RS256, RS384, \
                     RS512, PS256, PS384, PS512, ES256, ES384, ES512, Ed25519"
                },
            )
        })
    }
}

/// By its name.
impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;

        impl Visitor<'_> for Name {
            type Value = Algorithm;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a signature algorithm")
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Algorithm, E> {
                name.parse().map_err(E::custom)
            }
        }

        deserializer.deserialize_str(Name)
    }
}

/// The older name of `Ed25519` in headers and JWKs (RFC 8037, deprecated by RFC
/// 9864): the one that every verifier of Ed25519 knows.
pub(super) const EDDSA: &str = "EdDSA";

/// What type of key an algorithm takes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Hmac,
    Rsa,
    Ec(Curve),
    Ed25519,
    #[cfg(feature = "ml-dsa")]
    MlDsa(MlDsa),
}

impl Family {
    /// The algorithm to use such a key with when nothing else is known.
    pub(super) const fn default_algorithm(self) -> Algorithm {
        match self {
            Self::Hmac => Algorithm::HS256,
            Self::Rsa => Algorithm::RS256,
            Self::Ec(curve) => of_curve(curve),
            Self::Ed25519 => Algorithm::Ed25519,
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(MlDsa::Set44) => Algorithm::MlDsa44,
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(MlDsa::Set65) => Algorithm::MlDsa65,
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(MlDsa::Set87) => Algorithm::MlDsa87,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hmac => f.write_str("a shared secret"),
            Self::Rsa => f.write_str("an RSA key"),
            Self::Ec(curve) => write!(f, "a {} key", curve.name()),
            Self::Ed25519 => f.write_str("an Ed25519 key"),
            #[cfg(feature = "ml-dsa")]
            Self::MlDsa(_) => write!(f, "an {} key", self.default_algorithm()),
        }
    }
}

/// The one algorithm of a curve (RFC 7518 section 3.4).
const fn of_curve(curve: Curve) -> Algorithm {
    match curve {
        Curve::P256 => Algorithm::ES256,
        Curve::P384 => Algorithm::ES384,
        Curve::P521 => Algorithm::ES512,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip_and_are_case_sensitive() {
        for alg in Algorithm::ALL {
            assert_eq!(Algorithm::from_name(alg.name()), Some(*alg));
        }
        assert_eq!(Algorithm::from_name("EdDSA"), Some(Algorithm::Ed25519));
        for name in [
            "none", "None", "nOnE", "NONE", "", "rs256", "ES256K", "eddsa", "Ed448", "HS256 ",
        ] {
            assert_eq!(Algorithm::from_name(name), None, "{name}");
        }
    }
}
