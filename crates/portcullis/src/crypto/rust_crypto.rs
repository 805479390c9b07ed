//! [RustCrypto](https://github.com/RustCrypto) and dalek: pure Rust, for targets
//! without a C compiler.
//!
//! RSA verifies only. What its private key does takes a time that has told the key
//! before (RUSTSEC-2023-0071); what its public key does has nothing to tell.

use ed25519_dalek::{
    Signature, Signer, Verifier, ed25519::signature::SignatureEncoding,
    pkcs8::DecodePrivateKey as _,
};
use hmac::{EagerHash, Hmac, KeyInit, Mac, digest::Key};
use rsa::{BoxedUint, Pkcs1v15Sign, Pss};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{
    Backend, Curve, Hash, KeyKind, NoPrivateKey, PrivateForm, PrivatePart, PublicPart, RsaScheme,
};
use crate::random::fill;

/// RustCrypto.
pub(crate) struct RustCrypto;

#[derive(Clone)]
pub(crate) enum HmacKey {
    Sha256(Hmac<Sha256>),
    Sha384(Hmac<Sha384>),
    Sha512(Hmac<Sha512>),
}

/// As many bytes as the hash has.
pub(crate) struct Tag {
    bytes: [u8; 64],
    length: usize,
}

pub(crate) enum PublicKey {
    Rsa(rsa::PublicKey, RsaScheme),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

/// Each overwrites itself when it is dropped.
pub(crate) enum PrivateKey {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
    Ed25519(ed25519_dalek::SigningKey),
}

/// The same for each curve: `$nist` becomes its crate, `$wrap` its variant of `$keys`.
macro_rules! for_curve {
    ($curve:expr, $keys:ident, |$nist:ident, $wrap:ident| $body:expr) => {
        match $curve {
            Curve::P256 => {
                use p256 as $nist;
                use $keys::P256 as $wrap;
                $body
            }
            Curve::P384 => {
                use p384 as $nist;
                use $keys::P384 as $wrap;
                $body
            }
            Curve::P521 => {
                use p521 as $nist;
                use $keys::P521 as $wrap;
                $body
            }
        }
    };
}

impl Backend for RustCrypto {
    type Sha256 = Sha256;
    type HmacKey = HmacKey;
    type Tag = Tag;
    // Some are ten times as large as others.
    type PublicKey = Box<PublicKey>;
    type PrivateKey = PrivateKey;

    fn sha256() -> Sha256 {
        Sha256::new()
    }

    fn update(digest: &mut Sha256, bytes: &[u8]) {
        digest.update(bytes);
    }

    fn finish(digest: Sha256) -> [u8; 32] {
        digest.finalize().into()
    }

    fn hmac_key(hash: Hash, secret: &[u8]) -> HmacKey {
        match hash {
            Hash::Sha256 => HmacKey::Sha256(keyed(secret)),
            Hash::Sha384 => HmacKey::Sha384(keyed(secret)),
            Hash::Sha512 => HmacKey::Sha512(keyed(secret)),
        }
    }

    fn hmac(key: &HmacKey, message: &[&[u8]]) -> Tag {
        match key {
            HmacKey::Sha256(mac) => Tag::of(&over(mac, message).finalize().into_bytes()),
            HmacKey::Sha384(mac) => Tag::of(&over(mac, message).finalize().into_bytes()),
            HmacKey::Sha512(mac) => Tag::of(&over(mac, message).finalize().into_bytes()),
        }
    }

    fn hmac_fits(key: &HmacKey, message: &[u8], tag: &[u8]) -> bool {
        match key {
            HmacKey::Sha256(mac) => over(mac, &[message]).verify_slice(tag),
            HmacKey::Sha384(mac) => over(mac, &[message]).verify_slice(tag),
            HmacKey::Sha512(mac) => over(mac, &[message]).verify_slice(tag),
        }
        .is_ok()
    }

    fn is_equal(one: &[u8], other: &[u8]) -> bool {
        one.ct_eq(other).into()
    }

    fn rsa_public(scheme: RsaScheme, n: &[u8], e: &[u8]) -> Option<Box<PublicKey>> {
        let number = BoxedUint::from_be_slice_vartime;
        rsa::PublicKey::new_with_size_limits(number(n), number(e), 2048..=8192)
            .ok()
            .map(|key| Box::new(PublicKey::Rsa(key, scheme)))
    }

    fn ec_public(curve: Curve, point: &[u8]) -> Option<(Box<PublicKey>, Vec<u8>)> {
        for_curve!(curve, PublicKey, |nist, Wrap| {
            let key = nist::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
            let point = key.to_sec1_point(false);
            let (_uncompressed, coordinates) = point.as_bytes().split_first()?;
            Some((Box::new(Wrap(key)), coordinates.to_vec()))
        })
    }

    fn ed25519_public(point: &[u8; 32]) -> Option<Box<PublicKey>> {
        let key = ed25519_dalek::VerifyingKey::from_bytes(point).ok()?;
        Some(Box::new(PublicKey::Ed25519(key)))
    }

    /// Never asked: the feature turns aws-lc-rs on.
    #[cfg(feature = "ml-dsa")]
    fn ml_dsa_public(_set: super::MlDsa, _bytes: &[u8]) -> Option<Box<PublicKey>> {
        None
    }

    fn fits(key: &Box<PublicKey>, message: &[u8], signature: &[u8]) -> bool {
        match &**key {
            PublicKey::Rsa(key, scheme) => rsa_fits(key, *scheme, message, signature),
            PublicKey::P256(key) => is_of::<p256::ecdsa::Signature>(key, message, signature),
            PublicKey::P384(key) => is_of::<p384::ecdsa::Signature>(key, message, signature),
            PublicKey::P521(key) => is_of::<p521::ecdsa::Signature>(key, message, signature),
            // Not `verify_strict`: keys of small order do not come here, and whoever
            // made an `R` of small order has the key.
            PublicKey::Ed25519(key) => is_of::<Signature>(key, message, signature),
        }
    }

    fn generate(kind: KeyKind) -> Result<PrivateKey, NoPrivateKey> {
        let mut bytes = Zeroizing::new([0; 66]);
        match kind {
            KeyKind::Rsa(_) => Err(NoPrivateKey::VerifiesOnly),
            #[cfg(feature = "ml-dsa")]
            KeyKind::MlDsa(_) => Err(NoPrivateKey::VerifiesOnly),
            KeyKind::Ec(curve) => loop {
                let scalar = &mut bytes[..curve.size()];
                fill(scalar).map_err(|_| NoPrivateKey::Failed)?;
                if curve == Curve::P521 {
                    // 521 bits.
                    scalar[0] &= 1;
                }
                // Hardly ever not below the order of the curve.
                if let Some(key) = random_ec_key(curve, scalar) {
                    break Ok(key);
                }
            },
            KeyKind::Ed25519 => {
                let mut seed = Zeroizing::new([0; 32]);
                fill(&mut seed[..]).map_err(|_| NoPrivateKey::Failed)?;
                Ok(PrivateKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(
                    &seed,
                )))
            }
        }
    }

    fn private_key(kind: KeyKind, form: PrivateForm<'_>) -> Result<PrivateKey, NoPrivateKey> {
        match kind {
            KeyKind::Rsa(_) => return Err(NoPrivateKey::VerifiesOnly),
            #[cfg(feature = "ml-dsa")]
            KeyKind::MlDsa(_) => return Err(NoPrivateKey::VerifiesOnly),
            KeyKind::Ec(curve) => ec_key(curve, form),
            KeyKind::Ed25519 => ed25519_key(form),
        }
        .ok_or(NoPrivateKey::Invalid)
    }

    fn public_part(key: &PrivateKey) -> PublicPart {
        PublicPart::Bytes(match key {
            PrivateKey::P256(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            PrivateKey::P384(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            PrivateKey::P521(key) => key.verifying_key().to_sec1_point(false).as_bytes().to_vec(),
            PrivateKey::Ed25519(key) => key.verifying_key().as_bytes().to_vec(),
        })
    }

    fn private_part(key: &PrivateKey) -> Option<PrivatePart> {
        let bytes = match key {
            PrivateKey::P256(key) => Zeroizing::new(key.to_bytes()).to_vec(),
            PrivateKey::P384(key) => Zeroizing::new(key.to_bytes()).to_vec(),
            PrivateKey::P521(key) => Zeroizing::new(key.to_bytes()).to_vec(),
            PrivateKey::Ed25519(key) => key.as_bytes().to_vec(),
        };
        Some(PrivatePart::Bytes(Zeroizing::new(bytes)))
    }

    fn signature_length(key: &PrivateKey) -> usize {
        match key {
            PrivateKey::P256(_) => 2 * Curve::P256.size(),
            PrivateKey::P384(_) => 2 * Curve::P384.size(),
            PrivateKey::P521(_) => 2 * Curve::P521.size(),
            PrivateKey::Ed25519(_) => 64,
        }
    }

    fn sign(key: &PrivateKey, message: &[u8]) -> Option<Vec<u8>> {
        match key {
            PrivateKey::P256(key) => signed::<p256::ecdsa::Signature>(key, message),
            PrivateKey::P384(key) => signed::<p384::ecdsa::Signature>(key, message),
            PrivateKey::P521(key) => signed::<p521::ecdsa::Signature>(key, message),
            PrivateKey::Ed25519(key) => signed::<Signature>(key, message),
        }
    }
}

impl Tag {
    fn of(mac: &[u8]) -> Self {
        let mut bytes = [0; 64];
        bytes[..mac.len()].copy_from_slice(mac);
        Self {
            bytes,
            length: mac.len(),
        }
    }
}

impl AsRef<[u8]> for Tag {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// HMAC takes keys of any length: longer ones are hashed (RFC 2104 section 3).
fn keyed<D: EagerHash>(secret: &[u8]) -> Hmac<D> {
    let mut key = Zeroizing::new(Key::<Hmac<D>>::default());
    if secret.len() > key.len() {
        let digest = Zeroizing::new(D::digest(secret));
        key[..digest.len()].copy_from_slice(&digest);
    } else {
        key[..secret.len()].copy_from_slice(secret);
    }
    Hmac::new(&key)
}

fn over<M: Mac + Clone>(mac: &M, message: &[&[u8]]) -> M {
    message
        .iter()
        .fold(mac.clone(), |mac, part| mac.chain_update(part))
}

fn is_of<'s, S: TryFrom<&'s [u8]>>(
    key: &impl Verifier<S>,
    message: &[u8],
    signature: &'s [u8],
) -> bool {
    S::try_from(signature).is_ok_and(|signature| key.verify(message, &signature).is_ok())
}

fn signed<S: SignatureEncoding>(key: &impl Signer<S>, message: &[u8]) -> Option<Vec<u8>> {
    Some(key.try_sign(message).ok()?.to_vec())
}

fn rsa_fits(key: &rsa::PublicKey, scheme: RsaScheme, message: &[u8], signature: &[u8]) -> bool {
    match scheme {
        RsaScheme::Pkcs1(Hash::Sha256) => {
            let scheme = Pkcs1v15Sign::new::<Sha256>();
            key.verify(scheme, &Sha256::digest(message), signature)
        }
        RsaScheme::Pkcs1(Hash::Sha384) => {
            let scheme = Pkcs1v15Sign::new::<Sha384>();
            key.verify(scheme, &Sha384::digest(message), signature)
        }
        RsaScheme::Pkcs1(Hash::Sha512) => {
            let scheme = Pkcs1v15Sign::new::<Sha512>();
            key.verify(scheme, &Sha512::digest(message), signature)
        }
        RsaScheme::Pss(Hash::Sha256) => {
            key.verify(Pss::<Sha256>::new(), &Sha256::digest(message), signature)
        }
        RsaScheme::Pss(Hash::Sha384) => {
            key.verify(Pss::<Sha384>::new(), &Sha384::digest(message), signature)
        }
        RsaScheme::Pss(Hash::Sha512) => {
            key.verify(Pss::<Sha512>::new(), &Sha512::digest(message), signature)
        }
    }
    .is_ok()
}

fn ec_key(curve: Curve, form: PrivateForm<'_>) -> Option<PrivateKey> {
    for_curve!(curve, PrivateKey, |nist, Wrap| {
        let (secret, point) = match form {
            PrivateForm::Pkcs8(der) => (nist::SecretKey::from_pkcs8_der(der).ok()?, None),
            PrivateForm::Bare(der) => (nist::SecretKey::from_sec1_der(der).ok()?, None),
            PrivateForm::Scalar { scalar, point } => {
                (nist::SecretKey::from_slice(scalar).ok()?, Some(point))
            }
            PrivateForm::Rsa(_) | PrivateForm::Seed { .. } => return None,
        };
        let key = nist::ecdsa::SigningKey::from(secret);
        let own = key.verifying_key().to_sec1_point(false);
        let is_own = point.is_none_or(|point| point == own.as_bytes());
        is_own.then_some(Wrap(key))
    })
}

/// From random bytes, if they are in the range of the curve's scalars.
fn random_ec_key(curve: Curve, scalar: &[u8]) -> Option<PrivateKey> {
    for_curve!(curve, PrivateKey, |nist, Wrap| {
        let key = nist::ecdsa::SigningKey::from_slice(scalar).ok()?;
        Some(Wrap(key))
    })
}

fn ed25519_key(form: PrivateForm<'_>) -> Option<PrivateKey> {
    use ed25519_dalek::SigningKey;
    let (key, public) = match form {
        PrivateForm::Pkcs8(der) => (SigningKey::from_pkcs8_der(der).ok()?, None),
        PrivateForm::Seed { seed, public } => (SigningKey::try_from(seed).ok()?, Some(public)),
        PrivateForm::Bare(_) | PrivateForm::Rsa(_) | PrivateForm::Scalar { .. } => return None,
    };
    let is_own = public.is_none_or(|public| public == key.verifying_key().as_bytes());
    is_own.then_some(PrivateKey::Ed25519(key))
}
