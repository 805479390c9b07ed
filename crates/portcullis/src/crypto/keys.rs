//! What a library is told about keys, and what it tells.
#![cfg_attr(
    not(all(test, feature = "aws-lc", feature = "rust-crypto")),
    allow(dead_code, reason = "each library makes use of a part of it")
)]

use zeroize::Zeroizing;

/// A hash function of SHA-2 (FIPS 180-4).
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    /// Bytes of a digest.
    pub(crate) const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// A way to sign with RSA (RFC 8017 section 8). The salt of PSS is as long as the
/// digest.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum RsaScheme {
    Pkcs1(Hash),
    Pss(Hash),
}

/// A curve of NIST (SP 800-186), which ECDSA uses with the hash of its size.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        [Self::P256, Self::P384, Self::P521]
            .into_iter()
            .find(|curve| curve.name() == name)
    }

    /// Bytes of a coordinate, and of the private scalar.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }
}

/// A parameter set of ML-DSA (FIPS 204 section 4).
#[cfg(feature = "ml-dsa")]
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum MlDsa {
    Set44,
    Set65,
    Set87,
}

#[cfg(feature = "ml-dsa")]
impl MlDsa {
    /// Bytes of a public key.
    pub(crate) const fn public_length(self) -> usize {
        match self {
            Self::Set44 => 1312,
            Self::Set65 => 1952,
            Self::Set87 => 2592,
        }
    }

    /// Bytes of a signature.
    pub(crate) const fn signature_length(self) -> usize {
        match self {
            Self::Set44 => 2420,
            Self::Set65 => 3309,
            Self::Set87 => 4627,
        }
    }
}

/// What a pair of keys is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeyKind {
    Rsa(RsaScheme),
    Ec(Curve),
    Ed25519,
    #[cfg(feature = "ml-dsa")]
    MlDsa(MlDsa),
}

/// A private key as it came.
#[derive(Copy, Clone)]
pub(crate) enum PrivateForm<'k> {
    /// PrivateKeyInfo (RFC 5958).
    Pkcs8(&'k [u8]),
    /// RSAPrivateKey (RFC 8017) or ECPrivateKey (RFC 5915).
    Bare(&'k [u8]),
    Rsa(RsaNumbers<'k>),
    /// The scalar of a curve, and the uncompressed point that goes with it.
    Scalar {
        scalar: &'k [u8],
        point: &'k [u8],
    },
    /// What the key is made from, and the public key that comes of it.
    Seed {
        seed: &'k [u8],
        public: &'k [u8],
    },
}

/// The numbers of RFC 8017 section 3.2.
#[derive(Copy, Clone)]
pub(crate) struct RsaNumbers<'k> {
    pub(crate) n: &'k [u8],
    pub(crate) e: &'k [u8],
    pub(crate) d: &'k [u8],
    pub(crate) p: &'k [u8],
    pub(crate) q: &'k [u8],
    pub(crate) dp: &'k [u8],
    pub(crate) dq: &'k [u8],
    pub(crate) qi: &'k [u8],
}

/// The public part of a private key.
#[derive(PartialEq, Eq)]
pub(crate) enum PublicPart {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Bytes(Vec<u8>),
}

/// The private part of a private key.
#[cfg_attr(any(test, portcullis_differential), derive(PartialEq, Eq))]
pub(crate) enum PrivatePart {
    /// PrivateKeyInfo (RFC 5958).
    Pkcs8(Zeroizing<Vec<u8>>),
    /// A scalar or a seed.
    Bytes(Zeroizing<Vec<u8>>),
}

/// Why there is no private key.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoPrivateKey {
    /// Its parts do not fit, or it is cut off.
    Invalid,
    /// The library should not do it: the time it takes tells the key.
    #[cfg_attr(
        not(feature = "rust-crypto"),
        expect(dead_code, reason = "RSA signs there")
    )]
    VerifiesOnly,
    /// The library failed, or there is no randomness.
    Failed,
}
