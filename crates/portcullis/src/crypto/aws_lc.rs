//! [aws-lc-rs](https://docs.rs/aws-lc-rs): AWS-LC, in C and assembly.

use aws_lc_rs::{
    constant_time::verify_slices_are_equal,
    digest::{Context, SHA256},
    encoding::{
        AsBigEndian, AsDer, Curve25519SeedBin, EcPrivateKeyBin, Pkcs8V1Der, PublicKeyX509Der,
    },
    hmac,
    rand::SystemRandom,
    rsa::{KeyPairComponents, KeySize},
    signature::{
        self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, Ed25519KeyPair,
        KeyPair, ParsedPublicKey, RsaKeyPair, RsaParameters, RsaPublicKeyComponents,
        RsaSignatureEncoding,
    },
};
use zeroize::Zeroizing;

#[cfg(feature = "ml-dsa")]
use super::MlDsa;
use super::{
    Backend, Curve, Hash, KeyKind, NoPrivateKey, PrivateForm, PrivatePart, PublicPart, RsaScheme,
};

#[cfg(feature = "ml-dsa")]
mod ml_dsa;

/// AWS-LC.
pub(crate) struct AwsLc;

pub(crate) enum PrivateKey {
    Rsa(Box<RsaKeyPair>, &'static RsaSignatureEncoding),
    Ec(Box<EcdsaKeyPair>, Curve),
    Ed25519(Box<Ed25519KeyPair>),
    #[cfg(feature = "ml-dsa")]
    MlDsa(Box<signature::PqdsaKeyPair>),
}

impl Backend for AwsLc {
    type Sha256 = Context;
    type HmacKey = hmac::Key;
    type Tag = hmac::Tag;
    type PublicKey = ParsedPublicKey;
    type PrivateKey = PrivateKey;

    fn sha256() -> Context {
        Context::new(&SHA256)
    }

    fn update(digest: &mut Context, bytes: &[u8]) {
        digest.update(bytes);
    }

    fn finish(digest: Context) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.finish().as_ref());
        bytes
    }

    fn hmac_key(hash: Hash, secret: &[u8]) -> hmac::Key {
        let algorithm = match hash {
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha384 => hmac::HMAC_SHA384,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::Key::new(algorithm, secret)
    }

    fn hmac(key: &hmac::Key, message: &[&[u8]]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(key);
        for part in message {
            context.update(part);
        }
        context.sign()
    }

    fn hmac_fits(key: &hmac::Key, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(key, message, tag).is_ok()
    }

    fn is_equal(one: &[u8], other: &[u8]) -> bool {
        verify_slices_are_equal(one, other).is_ok()
    }

    fn rsa_public(scheme: RsaScheme, n: &[u8], e: &[u8]) -> Option<ParsedPublicKey> {
        RsaPublicKeyComponents { n, e }
            .to_parsed_public_key(rsa_verification(scheme))
            .ok()
    }

    fn ec_public(curve: Curve, point: &[u8]) -> Option<(ParsedPublicKey, Vec<u8>)> {
        let key = ParsedPublicKey::new(ecdsa_verification(curve), point).ok()?;
        // SubjectPublicKeyInfo, which ends with the uncompressed point.
        let spki: PublicKeyX509Der<'_> = key.as_der().ok()?;
        let spki = spki.as_ref();
        let (rest, coordinates) =
            spki.split_at_checked(spki.len().checked_sub(2 * curve.size())?)?;
        let is_whole = rest.last() == Some(&4);
        is_whole.then(|| (key, coordinates.to_vec()))
    }

    fn ed25519_public(point: &[u8; 32]) -> Option<ParsedPublicKey> {
        ParsedPublicKey::new(&signature::ED25519, point).ok()
    }

    #[cfg(feature = "ml-dsa")]
    fn ml_dsa_public(set: MlDsa, bytes: &[u8]) -> Option<ParsedPublicKey> {
        ParsedPublicKey::new(ml_dsa::verification(set), bytes).ok()
    }

    #[inline]
    fn fits(key: &ParsedPublicKey, message: &[u8], signature: &[u8]) -> bool {
        key.verify_sig(message, signature).is_ok()
    }

    fn generate(kind: KeyKind) -> Result<PrivateKey, NoPrivateKey> {
        let failed = |_| NoPrivateKey::Failed;
        match kind {
            KeyKind::Rsa(scheme) => RsaKeyPair::generate(KeySize::Rsa3072)
                .map(|pair| PrivateKey::rsa(scheme, pair))
                .map_err(failed),
            KeyKind::Ec(curve) => EcdsaKeyPair::generate(ecdsa_signing(curve))
                .map(|pair| PrivateKey::Ec(Box::new(pair), curve))
                .map_err(failed),
            KeyKind::Ed25519 => Ed25519KeyPair::generate()
                .map(|pair| PrivateKey::Ed25519(Box::new(pair)))
                .map_err(failed),
            #[cfg(feature = "ml-dsa")]
            KeyKind::MlDsa(set) => signature::PqdsaKeyPair::generate(ml_dsa::signing(set))
                .map(|pair| PrivateKey::MlDsa(Box::new(pair)))
                .map_err(failed),
        }
    }

    fn private_key(kind: KeyKind, form: PrivateForm<'_>) -> Result<PrivateKey, NoPrivateKey> {
        match kind {
            KeyKind::Rsa(scheme) => rsa_pair(form).map(|pair| PrivateKey::rsa(scheme, pair)),
            KeyKind::Ec(curve) => {
                ec_pair(curve, form).map(|pair| PrivateKey::Ec(Box::new(pair), curve))
            }
            KeyKind::Ed25519 => ed25519_pair(form).map(|pair| PrivateKey::Ed25519(Box::new(pair))),
            #[cfg(feature = "ml-dsa")]
            KeyKind::MlDsa(set) => {
                ml_dsa::pair(set, form).map(|pair| PrivateKey::MlDsa(Box::new(pair)))
            }
        }
        .ok_or(NoPrivateKey::Invalid)
    }

    fn public_part(key: &PrivateKey) -> PublicPart {
        match key {
            PrivateKey::Rsa(pair, _) => {
                let key = pair.public_key();
                PublicPart::Rsa {
                    n: key.modulus().big_endian_without_leading_zero().to_vec(),
                    e: key.exponent().big_endian_without_leading_zero().to_vec(),
                }
            }
            PrivateKey::Ec(pair, _) => PublicPart::Bytes(pair.public_key().as_ref().to_vec()),
            PrivateKey::Ed25519(pair) => PublicPart::Bytes(pair.public_key().as_ref().to_vec()),
            #[cfg(feature = "ml-dsa")]
            PrivateKey::MlDsa(pair) => PublicPart::Bytes(pair.public_key().as_ref().to_vec()),
        }
    }

    fn private_part(key: &PrivateKey) -> Option<PrivatePart> {
        match key {
            PrivateKey::Rsa(pair, _) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
                Some(PrivatePart::Pkcs8(owned(der.as_ref())))
            }
            PrivateKey::Ec(pair, _) => {
                let scalar: EcPrivateKeyBin<'_> = pair.private_key().as_be_bytes().ok()?;
                Some(PrivatePart::Bytes(owned(scalar.as_ref())))
            }
            PrivateKey::Ed25519(pair) => {
                let seed: Curve25519SeedBin<'_> = pair.seed().ok()?.as_be_bytes().ok()?;
                Some(PrivatePart::Bytes(owned(seed.as_ref())))
            }
            #[cfg(feature = "ml-dsa")]
            PrivateKey::MlDsa(pair) => ml_dsa::seed(pair).map(PrivatePart::Bytes),
        }
    }

    fn signature_length(key: &PrivateKey) -> usize {
        match key {
            PrivateKey::Rsa(pair, _) => pair.public_modulus_len(),
            PrivateKey::Ec(_, curve) => 2 * curve.size(),
            PrivateKey::Ed25519(_) => 64,
            #[cfg(feature = "ml-dsa")]
            PrivateKey::MlDsa(pair) => pair.algorithm().signature_len(),
        }
    }

    fn sign(key: &PrivateKey, message: &[u8]) -> Option<Vec<u8>> {
        match key {
            PrivateKey::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature)
                    .ok()?;
                Some(signature)
            }
            PrivateKey::Ec(pair, _) => {
                let signature = pair.sign(&SystemRandom::new(), message).ok()?;
                Some(signature.as_ref().to_vec())
            }
            PrivateKey::Ed25519(pair) => Some(pair.try_sign(message).ok()?.as_ref().to_vec()),
            #[cfg(feature = "ml-dsa")]
            PrivateKey::MlDsa(pair) => {
                let mut signature = vec![0; pair.algorithm().signature_len()];
                pair.sign(message, &mut signature).ok()?;
                Some(signature)
            }
        }
    }
}

impl PrivateKey {
    fn rsa(scheme: RsaScheme, pair: RsaKeyPair) -> Self {
        Self::Rsa(Box::new(pair), rsa_signing(scheme))
    }
}

fn rsa_pair(form: PrivateForm<'_>) -> Option<RsaKeyPair> {
    match form {
        PrivateForm::Pkcs8(der) => RsaKeyPair::from_pkcs8(der).ok(),
        PrivateForm::Bare(der) => RsaKeyPair::from_der(der).ok(),
        PrivateForm::Rsa(numbers) => RsaKeyPair::from_components(&KeyPairComponents {
            public_key: RsaPublicKeyComponents {
                n: numbers.n,
                e: numbers.e,
            },
            d: numbers.d,
            p: numbers.p,
            q: numbers.q,
            dP: numbers.dp,
            dQ: numbers.dq,
            qInv: numbers.qi,
        })
        .ok(),
        PrivateForm::Scalar { .. } | PrivateForm::Seed { .. } => None,
    }
}

fn ec_pair(curve: Curve, form: PrivateForm<'_>) -> Option<EcdsaKeyPair> {
    let algorithm = ecdsa_signing(curve);
    match form {
        PrivateForm::Pkcs8(der) | PrivateForm::Bare(der) => {
            EcdsaKeyPair::from_private_key_der(algorithm, der).ok()
        }
        PrivateForm::Scalar { scalar, point } => {
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, scalar, point).ok()
        }
        PrivateForm::Rsa(_) | PrivateForm::Seed { .. } => None,
    }
}

fn ed25519_pair(form: PrivateForm<'_>) -> Option<Ed25519KeyPair> {
    match form {
        PrivateForm::Pkcs8(der) => Ed25519KeyPair::from_pkcs8(der).ok(),
        PrivateForm::Seed { seed, public } => {
            Ed25519KeyPair::from_seed_and_public_key(seed, public).ok()
        }
        PrivateForm::Bare(_) | PrivateForm::Rsa(_) | PrivateForm::Scalar { .. } => None,
    }
}

fn owned(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(bytes.to_vec())
}

fn rsa_verification(scheme: RsaScheme) -> &'static RsaParameters {
    match scheme {
        RsaScheme::Pkcs1(Hash::Sha256) => &signature::RSA_PKCS1_2048_8192_SHA256,
        RsaScheme::Pkcs1(Hash::Sha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        RsaScheme::Pkcs1(Hash::Sha512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        RsaScheme::Pss(Hash::Sha256) => &signature::RSA_PSS_2048_8192_SHA256,
        RsaScheme::Pss(Hash::Sha384) => &signature::RSA_PSS_2048_8192_SHA384,
        RsaScheme::Pss(Hash::Sha512) => &signature::RSA_PSS_2048_8192_SHA512,
    }
}

fn rsa_signing(scheme: RsaScheme) -> &'static RsaSignatureEncoding {
    match scheme {
        RsaScheme::Pkcs1(Hash::Sha256) => &signature::RSA_PKCS1_SHA256,
        RsaScheme::Pkcs1(Hash::Sha384) => &signature::RSA_PKCS1_SHA384,
        RsaScheme::Pkcs1(Hash::Sha512) => &signature::RSA_PKCS1_SHA512,
        RsaScheme::Pss(Hash::Sha256) => &signature::RSA_PSS_SHA256,
        RsaScheme::Pss(Hash::Sha384) => &signature::RSA_PSS_SHA384,
        RsaScheme::Pss(Hash::Sha512) => &signature::RSA_PSS_SHA512,
    }
}

fn ecdsa_verification(curve: Curve) -> &'static EcdsaVerificationAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED,
    }
}

fn ecdsa_signing(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}
