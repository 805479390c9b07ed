//! Keys in PEM: PKCS#8 (RFC 5958) for private ones, SubjectPublicKeyInfo (RFC 5280
//! section 4.1.2.7) for public ones. They are made from the numbers of the JWK.

use pkcs1::{RsaPrivateKey, RsaPublicKey};
use pkcs8::{
    AlgorithmIdentifierRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument,
    SubjectPublicKeyInfoRef,
    der::{
        Encode as _, EncodePem as _,
        asn1::{AnyRef, BitStringRef, OctetStringRef, UintRef},
    },
};
use portcullis::jose::{KeyError, SigningKey, VerifyingKey, decode_segment};
use sec1::EcPrivateKey;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// rsaEncryption (RFC 8017 appendix A.1).
const RSA: ObjectIdentifier = pkcs1::ALGORITHM_OID;
/// id-ecPublicKey (RFC 5480 section 2.1.1).
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// id-Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The private key as `PRIVATE KEY`.
pub(super) fn private(key: &SigningKey) -> Result<Zeroizing<String>, Failure> {
    let jwk = key.to_jwk().map_err(|error| cannot(&error))?;
    let jwk = Jwk::parse(jwk.expose())?;
    let document = match jwk.kty {
        "RSA" => rsa_private(&jwk)?,
        "EC" => ec_private(&jwk)?,
        "OKP" => ed25519_private(&jwk)?,
        kty => return Err(no_pem(kty)),
    };
    document
        .to_pem("PRIVATE KEY", LineEnding::LF)
        .map_err(failed)
}

/// The public key as `PUBLIC KEY`.
pub(super) fn public(key: &VerifyingKey) -> Result<String, Failure> {
    let jwk = key.public_jwk().ok_or_else(|| no_pem("oct"))?;
    let jwk = serde_json::Value::Object(jwk).to_string();
    let jwk = Jwk::parse(&jwk)?;
    match jwk.kty {
        "RSA" => {
            let (n, e) = (number(jwk.n)?, number(jwk.e)?);
            let key = RsaPublicKey {
                modulus: UintRef::new(&n).map_err(failed)?,
                public_exponent: UintRef::new(&e).map_err(failed)?,
            };
            spki(rsa_identifier(), &key.to_der().map_err(failed)?)
        }
        "EC" => spki(ec_identifier(&curve(jwk.crv)?), &point(&jwk)?),
        "OKP" => spki(ed25519_identifier(jwk.crv)?, &number(jwk.x)?),
        kty => Err(no_pem(kty)),
    }
}

fn rsa_private(jwk: &Jwk<'_>) -> Result<SecretDocument, Failure> {
    let numbers = [jwk.n, jwk.e, jwk.d, jwk.p, jwk.q, jwk.dp, jwk.dq, jwk.qi];
    let numbers = numbers.into_iter().map(number);
    let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
    let uints = numbers
        .iter()
        .map(|bytes| UintRef::new(bytes).map_err(failed));
    let uints = uints.collect::<Result<Vec<_>, _>>()?;
    let [n, e, d, p, q, dp, dq, qi] =
        <[UintRef<'_>; 8]>::try_from(uints).map_err(|_| incomplete())?;
    let key = RsaPrivateKey {
        modulus: n,
        public_exponent: e,
        private_exponent: d,
        prime1: p,
        prime2: q,
        exponent1: dp,
        exponent2: dq,
        coefficient: qi,
        other_prime_infos: None,
    };
    let der = Zeroizing::new(key.to_der().map_err(failed)?);
    pkcs8(rsa_identifier(), &der)
}

fn ec_private(jwk: &Jwk<'_>) -> Result<SecretDocument, Failure> {
    let (d, point) = (number(jwk.d)?, point(jwk)?);
    let key = EcPrivateKey {
        private_key: &d,
        // PKCS#8 names the curve already.
        parameters: None,
        public_key: Some(&point),
    };
    let der = Zeroizing::new(key.to_der().map_err(failed)?);
    pkcs8(ec_identifier(&curve(jwk.crv)?), &der)
}

/// RFC 8410 section 7: the seed in an octet string of its own.
fn ed25519_private(jwk: &Jwk<'_>) -> Result<SecretDocument, Failure> {
    let seed = number(jwk.d)?;
    let seed = OctetStringRef::new(&seed).map_err(failed)?;
    let der = Zeroizing::new(seed.to_der().map_err(failed)?);
    pkcs8(ed25519_identifier(jwk.crv)?, &der)
}

fn pkcs8(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<SecretDocument, Failure> {
    let key = OctetStringRef::new(key).map_err(failed)?;
    SecretDocument::try_from(PrivateKeyInfoRef::new(algorithm, key)).map_err(failed)
}

fn spki(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> Result<String, Failure> {
    let info = SubjectPublicKeyInfoRef {
        algorithm,
        subject_public_key: BitStringRef::from_bytes(key).map_err(failed)?,
    };
    info.to_pem(LineEnding::LF).map_err(failed)
}

fn rsa_identifier() -> AlgorithmIdentifierRef<'static> {
    AlgorithmIdentifierRef {
        oid: RSA,
        parameters: Some(AnyRef::NULL),
    }
}

fn ec_identifier(curve: &ObjectIdentifier) -> AlgorithmIdentifierRef<'_> {
    AlgorithmIdentifierRef {
        oid: EC,
        parameters: Some(curve.into()),
    }
}

/// Without parameters (RFC 8410 section 3).
fn ed25519_identifier(crv: Option<&str>) -> Result<AlgorithmIdentifierRef<'static>, Failure> {
    match crv {
        Some("Ed25519") => Ok(AlgorithmIdentifierRef {
            oid: ED25519,
            parameters: None,
        }),
        _ => Err(incomplete()),
    }
}

/// RFC 5480 section 2.1.1.1.
fn curve(crv: Option<&str>) -> Result<ObjectIdentifier, Failure> {
    match crv {
        Some("P-256") => Ok(ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7")),
        Some("P-384") => Ok(ObjectIdentifier::new_unwrap("1.3.132.0.34")),
        Some("P-521") => Ok(ObjectIdentifier::new_unwrap("1.3.132.0.35")),
        _ => Err(incomplete()),
    }
}

/// The point without compression (SEC 1 section 2.3.3).
fn point(jwk: &Jwk<'_>) -> Result<Vec<u8>, Failure> {
    let (x, y) = (number(jwk.x)?, number(jwk.y)?);
    Ok([&[4], x.as_slice(), y.as_slice()].concat())
}

fn number(text: Option<&str>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let text = text.ok_or_else(incomplete)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    decode_segment(text.as_bytes(), &mut bytes).map_err(|_| incomplete())?;
    Ok(bytes)
}

/// The members of a JWK that are numbers, which need no escape.
#[derive(Deserialize)]
struct Jwk<'j> {
    kty: &'j str,
    crv: Option<&'j str>,
    n: Option<&'j str>,
    e: Option<&'j str>,
    d: Option<&'j str>,
    p: Option<&'j str>,
    q: Option<&'j str>,
    dp: Option<&'j str>,
    dq: Option<&'j str>,
    qi: Option<&'j str>,
    x: Option<&'j str>,
    y: Option<&'j str>,
}

impl<'j> Jwk<'j> {
    fn parse(json: &'j str) -> Result<Self, Failure> {
        serde_json::from_str(json).map_err(|_| incomplete())
    }
}

fn no_pem(kty: &str) -> Failure {
    if kty == "oct" {
        Failure::refused("a shared secret has no form in PEM").advice("keep it as a JWK: --to jwk")
    } else {
        Failure::refused(format!("keys of the type {kty} cannot be written in PEM"))
            .advice("keep it as a JWK: --to jwk")
    }
}

fn cannot(error: &KeyError) -> Failure {
    Failure::unavailable(format!("the key cannot be written: {error}"))
}

fn incomplete() -> Failure {
    Failure::unavailable("the key cannot be written in PEM: its JWK lacks a number")
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::unavailable(format!("the key cannot be written in PEM: {error}"))
}
