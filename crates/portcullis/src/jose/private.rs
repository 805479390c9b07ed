//! Private keys: reading, writing, signing.

use aws_lc_rs::{
    encoding::{AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPairComponents, KeySize},
    signature::{
        EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair, RsaPublicKeyComponents,
        RsaSignatureEncoding,
    },
};
use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, KeyErrorKind, SignError, SignErrorKind,
    algorithm::{Curve, Family},
    base64url::append_segment,
    der::{self, Form, KeyType},
    jwk::{Jwk, wrong_family},
    pem,
    public::{PublicKey, UNCOMPRESSED, family, fitting},
};

/// A private key that passed the checks of its algorithm.
pub(super) enum PrivateKey {
    Rsa(Box<RsaKeyPair>, &'static RsaSignatureEncoding),
    Ec(Box<EcdsaKeyPair>, Curve),
    Ed25519(Box<Ed25519KeyPair>),
}

impl PrivateKey {
    /// A new key. RSA keys have 3072 bits, as strong as SHA-256.
    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        match algorithm.family() {
            Family::Hmac => Err(wrong_family(algorithm, Family::Hmac)),
            Family::Rsa => {
                let pair =
                    RsaKeyPair::generate(KeySize::Rsa3072).map_err(|_| KeyError::backend())?;
                Self::rsa(algorithm, pair)
            }
            Family::Ec(curve) => EcdsaKeyPair::generate(curve.signing())
                .map(|pair| Self::Ec(Box::new(pair), curve))
                .map_err(|_| KeyError::backend()),
            Family::Ed25519 => Ed25519KeyPair::generate()
                .map(|pair| Self::Ed25519(Box::new(pair)))
                .map_err(|_| KeyError::backend()),
        }
    }

    /// From PKCS#8, or RSAPrivateKey, or ECPrivateKey.
    pub(super) fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let (key_type, is_pkcs8) = key_type(der)?;
        // An ECPrivateKey need not name its curve: the algorithm does.
        let found = match key_type {
            Some(key_type) => fitting(algorithm, key_type)?,
            None => algorithm.family(),
        };
        match found {
            Family::Rsa => {
                check_rsa(algorithm, der)?;
                let pair = if is_pkcs8 {
                    RsaKeyPair::from_pkcs8(der)
                } else {
                    RsaKeyPair::from_der(der)
                };
                Self::rsa(algorithm, pair.map_err(invalid)?)
            }
            Family::Ec(curve) => EcdsaKeyPair::from_private_key_der(curve.signing(), der)
                .map(|pair| Self::Ec(Box::new(pair), curve))
                .map_err(invalid),
            Family::Ed25519 => Ed25519KeyPair::from_pkcs8(der)
                .map(|pair| Self::Ed25519(Box::new(pair)))
                .map_err(invalid),
            Family::Hmac => Err(wrong_family(algorithm, Family::Hmac)),
        }
    }

    /// From a JWK whose `kty` and `crv` fit the algorithm.
    pub(super) fn from_jwk(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, KeyError> {
        if !jwk.is_private() {
            return Err(KeyError::wrong_type(
                "the JWK has no `d`: it is a public key, and signing takes the private one",
            ));
        }
        // What must hold for the public part, before the private one is used.
        let public = PublicKey::from_jwk(algorithm, jwk)?;
        let private = match algorithm.family() {
            Family::Hmac => return Err(wrong_family(algorithm, jwk.family()?)),
            Family::Rsa => Self::rsa(algorithm, rsa_from_jwk(jwk)?)?,
            Family::Ec(curve) => {
                let mut point = vec![UNCOMPRESSED];
                point.extend_from_slice(&jwk.fixed("x", curve.size())?);
                point.extend_from_slice(&jwk.fixed("y", curve.size())?);
                let d = jwk.fixed("d", curve.size())?;
                EcdsaKeyPair::from_private_key_and_public_key(curve.signing(), &d, &point)
                    .map(|pair| Self::Ec(Box::new(pair), curve))
                    .map_err(invalid)?
            }
            Family::Ed25519 => {
                let (d, x) = (jwk.fixed("d", 32)?, jwk.fixed("x", 32)?);
                Ed25519KeyPair::from_seed_and_public_key(&d, &x)
                    .map(|pair| Self::Ed25519(Box::new(pair)))
                    .map_err(invalid)?
            }
        };
        if !private.public(algorithm)?.is_same_as(&public) {
            return Err(KeyError::invalid(
                "the private and the public part of the JWK do not fit",
            ));
        }
        Ok(private)
    }

    fn rsa(algorithm: Algorithm, pair: RsaKeyPair) -> Result<Self, KeyError> {
        match algorithm.rsa_signing() {
            Some(encoding) => Ok(Self::Rsa(Box::new(pair), encoding)),
            None => Err(wrong_family(algorithm, Family::Rsa)),
        }
    }

    /// The public part, checked as any public key is.
    pub(super) fn public(&self, algorithm: Algorithm) -> Result<PublicKey, KeyError> {
        match self {
            Self::Rsa(pair, _) => {
                let key = pair.public_key();
                PublicKey::rsa(
                    algorithm,
                    key.modulus().big_endian_without_leading_zero(),
                    key.exponent().big_endian_without_leading_zero(),
                )
            }
            Self::Ec(pair, curve) => PublicKey::ec(*curve, pair.public_key().as_ref()),
            Self::Ed25519(pair) => PublicKey::ed25519(pair.public_key().as_ref()),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let failed = |_| SignErrorKind::Backend;
        match self {
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature)
                    .map_err(failed)?;
                Ok(signature)
            }
            Self::Ec(pair, _) => {
                let signature = pair.sign(&SystemRandom::new(), message).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
            Self::Ed25519(pair) => {
                let signature = pair.try_sign(message).map_err(failed)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    pub(super) fn signature_length(&self) -> usize {
        match self {
            Self::Rsa(pair, _) => pair.public_modulus_len(),
            Self::Ec(_, curve) => 2 * curve.size(),
            Self::Ed25519(_) => 64,
        }
    }

    /// The private members of the JWK, as text.
    pub(super) fn members(&self) -> Result<Vec<(&'static str, Zeroizing<String>)>, KeyError> {
        let failed = |_| KeyError::backend();
        match self {
            Self::Rsa(pair, _) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                let Some(Form::Pkcs8 { key, .. }) = der::form(der.as_ref()) else {
                    return Err(KeyError::backend());
                };
                let [_n, _e, numbers @ ..] =
                    der::rsa_private_numbers(key).ok_or_else(KeyError::backend)?;
                let names = ["d", "p", "q", "dp", "dq", "qi"];
                Ok(names
                    .into_iter()
                    .zip(numbers)
                    .map(|(name, number)| (name, encoded(number)))
                    .collect())
            }
            Self::Ec(pair, _) => {
                let d: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().map_err(failed)?;
                Ok(vec![("d", encoded(d.as_ref()))])
            }
            Self::Ed25519(pair) => {
                let seed = pair.seed().map_err(failed)?;
                let d: Curve25519SeedBin<'_> = seed.as_be_bytes().map_err(failed)?;
                Ok(vec![("d", encoded(d.as_ref()))])
            }
        }
    }
}

/// The algorithm of a private key in DER, where its type says it: RS256 for
/// RSA, which may be used with others too.
pub(super) fn detect(der: &[u8]) -> Result<Algorithm, KeyError> {
    let (Some(key_type), _) = key_type(der)? else {
        return Err(KeyError::new(
            KeyErrorKind::NoAlgorithm,
            "the EC key does not name its curve: say which algorithm it is for",
        ));
    };
    Ok(family(key_type)?.default_algorithm())
}

/// The type of a private key in DER, and whether it is in PKCS#8.
fn key_type(der: &[u8]) -> Result<(Option<KeyType>, bool), KeyError> {
    match der::form(der) {
        Some(Form::Pkcs8 { key_type, .. }) => Ok((Some(key_type), true)),
        Some(Form::RsaPrivate) => Ok((Some(KeyType::Rsa), false)),
        Some(Form::EcPrivate(key_type)) => Ok((key_type, false)),
        Some(Form::Spki { .. } | Form::RsaPublic(_)) => Err(KeyError::wrong_type(
            "this is a public key or a certificate, and signing takes the private key",
        )),
        None => Err(KeyError::malformed(
            "the bytes are not a private key in DER: neither PKCS#8 nor RSAPrivateKey nor \
             ECPrivateKey",
        )),
    }
}

/// What must hold for the public part, before the private one is used.
fn check_rsa(algorithm: Algorithm, der: &[u8]) -> Result<(), KeyError> {
    let inner = match der::form(der) {
        Some(Form::Pkcs8 { key, .. }) => key,
        _ => der,
    };
    let [n, e, ..] = der::rsa_private_numbers(inner).ok_or_else(|| {
        KeyError::malformed("the RSA private key is cut off or has more than two primes")
    })?;
    PublicKey::rsa(algorithm, n, e).map(drop)
}

/// Refuses what a PEM label says cannot be read, before its bytes are looked at.
pub(super) fn check_label(label: &str) -> Result<(), KeyError> {
    match label {
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => Ok(()),
        "ENCRYPTED PRIVATE KEY" => Err(pem::encrypted()),
        "OPENSSH PRIVATE KEY" => Err(KeyError::unsupported(
            "the key is in the form of OpenSSH: make a PKCS#8 key instead, for example with \
             `openssl genpkey -algorithm ed25519`",
        )),
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "CERTIFICATE" => Err(KeyError::wrong_type(
            "this is a public key or a certificate, and signing takes the private key",
        )),
        _ => Err(KeyError::unsupported(
            "the PEM text is not a private key: its label is none of `PRIVATE KEY`, `RSA PRIVATE \
             KEY` and `EC PRIVATE KEY`",
        )),
    }
}

fn rsa_from_jwk(jwk: &Jwk<'_>) -> Result<RsaKeyPair, KeyError> {
    if jwk.has_other_primes() {
        return Err(KeyError::unsupported(
            "the RSA key has more than two primes (`oth`)",
        ));
    }
    RsaKeyPair::from_components(&KeyPairComponents {
        public_key: RsaPublicKeyComponents {
            n: jwk.number("n")?,
            e: jwk.number("e")?,
        },
        d: jwk.number("d")?,
        p: jwk.number("p")?,
        q: jwk.number("q")?,
        dP: jwk.number("dp")?,
        dQ: jwk.number("dq")?,
        qInv: jwk.number("qi")?,
    })
    .map_err(invalid)
}

fn encoded(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 4 / 3 + 4));
    append_segment(bytes, &mut text);
    text
}

fn invalid(_: aws_lc_rs::error::KeyRejected) -> KeyError {
    KeyError::invalid("the private key is not valid: its parts do not fit, or it is cut off")
}
