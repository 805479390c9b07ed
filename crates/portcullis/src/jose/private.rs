//! Private keys: reading, writing, signing.

use zeroize::Zeroizing;

use super::{
    Algorithm, KeyError, KeyErrorKind, SignError, SignErrorKind,
    algorithm::Family,
    base64url::append_segment,
    der::{self, Form, KeyType},
    jwk::{Jwk, wrong_family},
    pem,
    public::{PublicKey, UNCOMPRESSED, family, fitting},
};
use crate::crypto::{
    Backend, Chosen, KeyKind, NoPrivateKey, PrivateForm, PrivatePart, PublicPart, RsaNumbers,
};

/// A private key that passed the checks of its algorithm.
pub(super) struct PrivateKey<B: Backend = Chosen>(B::PrivateKey);

impl<B: Backend> PrivateKey<B> {
    /// A new key.
    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        B::generate(kind(algorithm)?).map(Self).map_err(refused)
    }

    /// From PKCS#8, or RSAPrivateKey, or ECPrivateKey.
    pub(super) fn from_der(algorithm: Algorithm, der: &[u8]) -> Result<Self, KeyError> {
        let (key_type, is_pkcs8) = key_type(der)?;
        // An ECPrivateKey need not name its curve: the algorithm does.
        let found = match key_type {
            Some(key_type) => fitting(algorithm, key_type)?,
            None => algorithm.family(),
        };
        if found == Family::Rsa {
            check_rsa::<B>(algorithm, der)?;
        }
        let form = match is_pkcs8 {
            true => PrivateForm::Pkcs8(der),
            false => PrivateForm::Bare(der),
        };
        Self::new(algorithm, form)
    }

    /// From a JWK whose `kty` and `crv` fit the algorithm.
    pub(super) fn from_jwk(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, KeyError> {
        if !jwk.is_private() {
            let member = secret_member(algorithm.family());
            return Err(KeyError::wrong_type(format!(
                "the JWK has no `{member}`: it is a public key, and signing takes the private one"
            )));
        }
        // What must hold for the public part, before the private one is used.
        let public = PublicKey::<B>::from_jwk(algorithm, jwk)?;
        let private = match algorithm.family() {
            Family::Hmac => return Err(wrong_family(algorithm, jwk.family()?)),
            Family::Rsa => Self::rsa_from_jwk(algorithm, jwk)?,
            Family::Ec(curve) => {
                let mut point = vec![UNCOMPRESSED];
                point.extend_from_slice(&jwk.fixed("x", curve.size())?);
                point.extend_from_slice(&jwk.fixed("y", curve.size())?);
                let scalar = &jwk.fixed("d", curve.size())?;
                let point = &point;
                Self::new(algorithm, PrivateForm::Scalar { scalar, point })?
            }
            Family::Ed25519 => {
                let (seed, public) = (&jwk.fixed("d", 32)?, &jwk.fixed("x", 32)?);
                Self::new(algorithm, PrivateForm::Seed { seed, public })?
            }
            #[cfg(feature = "ml-dsa")]
            Family::MlDsa(set) => {
                let seed = &jwk.fixed("priv", 32)?;
                let public = &jwk.fixed("pub", set.public_length())?;
                Self::new(algorithm, PrivateForm::Seed { seed, public })?
            }
        };
        if !private.public(algorithm)?.is_same_as(&public) {
            return Err(KeyError::invalid(
                "the private and the public part of the JWK do not fit",
            ));
        }
        Ok(private)
    }

    fn rsa_from_jwk(algorithm: Algorithm, jwk: &Jwk<'_>) -> Result<Self, KeyError> {
        if jwk.has_other_primes() {
            return Err(KeyError::unsupported(
                "the RSA key has more than two primes (`oth`)",
            ));
        }
        let numbers = RsaNumbers {
            n: &jwk.number("n")?,
            e: &jwk.number("e")?,
            d: &jwk.number("d")?,
            p: &jwk.number("p")?,
            q: &jwk.number("q")?,
            dp: &jwk.number("dp")?,
            dq: &jwk.number("dq")?,
            qi: &jwk.number("qi")?,
        };
        Self::new(algorithm, PrivateForm::Rsa(numbers))
    }

    fn new(algorithm: Algorithm, form: PrivateForm<'_>) -> Result<Self, KeyError> {
        B::private_key(kind(algorithm)?, form)
            .map(Self)
            .map_err(refused)
    }

    /// The public part, checked as any public key is.
    pub(super) fn public(&self, algorithm: Algorithm) -> Result<PublicKey<B>, KeyError> {
        match (B::public_part(&self.0), algorithm.family()) {
            (PublicPart::Rsa { n, e }, _) => PublicKey::rsa(algorithm, &n, &e),
            (PublicPart::Bytes(point), Family::Ec(curve)) => PublicKey::ec(curve, &point),
            #[cfg(feature = "ml-dsa")]
            (PublicPart::Bytes(bytes), Family::MlDsa(set)) => PublicKey::ml_dsa(set, &bytes),
            (PublicPart::Bytes(bytes), _) => PublicKey::ed25519(&bytes),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        B::sign(&self.0, message).ok_or(SignErrorKind::Backend.into())
    }

    pub(super) fn signature_length(&self) -> usize {
        B::signature_length(&self.0)
    }

    /// The private members of the JWK, as text.
    pub(super) fn members(
        &self,
        algorithm: Algorithm,
    ) -> Result<Vec<(&'static str, Zeroizing<String>)>, KeyError> {
        match B::private_part(&self.0).ok_or_else(KeyError::backend)? {
            PrivatePart::Bytes(bytes) => {
                Ok(vec![(secret_member(algorithm.family()), encoded(&bytes))])
            }
            PrivatePart::Pkcs8(der) => {
                let Some(Form::Pkcs8 { key, .. }) = der::form(&der) else {
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
        }
    }
}

/// The member of a JWK that only private keys have.
fn secret_member(family: Family) -> &'static str {
    match family {
        #[cfg(feature = "ml-dsa")]
        Family::MlDsa(_) => "priv",
        _ => "d",
    }
}

fn kind(algorithm: Algorithm) -> Result<KeyKind, KeyError> {
    algorithm
        .key_kind()
        .ok_or_else(|| wrong_family(algorithm, Family::Hmac))
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
fn check_rsa<B: Backend>(algorithm: Algorithm, der: &[u8]) -> Result<(), KeyError> {
    let inner = match der::form(der) {
        Some(Form::Pkcs8 { key, .. }) => key,
        _ => der,
    };
    let [n, e, ..] = der::rsa_private_numbers(inner).ok_or_else(|| {
        KeyError::malformed("the RSA private key is cut off or has more than two primes")
    })?;
    PublicKey::<B>::rsa(algorithm, n, e).map(drop)
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

fn encoded(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 4 / 3 + 4));
    append_segment(bytes, &mut text);
    text
}

fn refused(reason: NoPrivateKey) -> KeyError {
    match reason {
        NoPrivateKey::Invalid => KeyError::invalid(
            "the private key is not valid: its parts do not fit, or it is cut off",
        ),
        NoPrivateKey::VerifiesOnly => KeyError::unsupported(
            "RSA keys only verify with the feature `rust-crypto`, whose signing takes a time that \
             may tell the key (RUSTSEC-2023-0071): turn on the feature `aws-lc`, or sign with \
             ES256 or Ed25519",
        ),
        NoPrivateKey::Failed => KeyError::backend(),
    }
}
