//! Just enough DER (X.690) to tell the forms of a key apart and to reach the
//! numbers inside.

use crate::crypto::Curve;
#[cfg(feature = "ml-dsa")]
use crate::crypto::MlDsa;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const CONTEXT_0: u8 = 0xa0;

const OID_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const OID_EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const OID_P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const OID_P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const OID_P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const OID_ED25519: &[u8] = &[0x2b, 0x65, 0x70];
#[cfg(feature = "ml-dsa")]
const OID_ML_DSA_44: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11];
#[cfg(feature = "ml-dsa")]
const OID_ML_DSA_65: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x12];
#[cfg(feature = "ml-dsa")]
const OID_ML_DSA_87: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13];

/// The type of key an algorithm identifier names.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum KeyType {
    Rsa,
    Ec(Curve),
    Ed25519,
    #[cfg(feature = "ml-dsa")]
    MlDsa(MlDsa),
    Other,
}

/// The form of a key in DER. Only tests can print it: it may be a private one.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) enum Form<'a> {
    /// SubjectPublicKeyInfo (RFC 5280 section 4.1), or the one of a certificate.
    Spki { key_type: KeyType, key: &'a [u8] },
    /// RSAPublicKey (RFC 8017 appendix A.1.1).
    RsaPublic(RsaPublic<'a>),
    /// PrivateKeyInfo (RFC 5958).
    Pkcs8 { key_type: KeyType, key: &'a [u8] },
    /// RSAPrivateKey (RFC 8017 appendix A.1.2).
    RsaPrivate,
    /// ECPrivateKey (RFC 5915), with its curve if it names one.
    EcPrivate(Option<KeyType>),
}

/// The numbers of an RSAPublicKey, without leading zeros.
#[cfg_attr(test, derive(Debug, PartialEq, Eq))]
pub(super) struct RsaPublic<'a> {
    pub(super) n: &'a [u8],
    pub(super) e: &'a [u8],
}

impl<'a> RsaPublic<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Option<Self> {
        let mut sequence = Reader::whole(der)?;
        let n = sequence.unsigned()?;
        let e = sequence.unsigned()?;
        sequence.is_empty().then_some(Self { n, e })
    }
}

/// The numbers of an RSAPrivateKey in their order there: `n`, `e`, `d`, `p`,
/// `q`, `dp`, `dq`, `qi`.
pub(super) fn rsa_private_numbers(der: &[u8]) -> Option<[&[u8]; 8]> {
    let mut sequence = Reader::whole(der)?;
    sequence.expect(INTEGER)?;
    let mut numbers = [&[][..]; 8];
    for number in &mut numbers {
        *number = sequence.unsigned()?;
    }
    sequence.is_empty().then_some(numbers)
}

/// The first of several values, such as the certificates of a chain.
pub(super) fn first(der: &[u8]) -> Option<&[u8]> {
    let mut rest = Reader(der);
    rest.element()?;
    der.get(..der.len() - rest.0.len())
}

/// Which form this is. `None` if none, or if anything follows it.
pub(super) fn form(der: &[u8]) -> Option<Form<'_>> {
    let mut outer = Reader::whole(der)?;
    let (first_tag, first) = outer.element()?;
    let (second_tag, second) = outer.element()?;
    match (first_tag, second_tag) {
        (SEQUENCE, BIT_STRING) if outer.is_empty() => Some(Form::Spki {
            key_type: key_type(first)?,
            key: whole_bytes(second)?,
        }),
        (SEQUENCE, SEQUENCE) => certificate(first),
        (INTEGER, SEQUENCE) => Some(Form::Pkcs8 {
            key_type: key_type(second)?,
            key: outer.expect(OCTET_STRING)?,
        }),
        (INTEGER, INTEGER) if outer.is_empty() => RsaPublic::parse(der).map(Form::RsaPublic),
        (INTEGER, INTEGER) => Some(Form::RsaPrivate),
        (INTEGER, OCTET_STRING) => {
            let curve = match outer.element() {
                Some((CONTEXT_0, parameters)) => Some(curve(parameters)),
                _ => None,
            };
            Some(Form::EcPrivate(curve))
        }
        _ => None,
    }
}

/// The key of a certificate (RFC 5280 section 4.1), from its TBSCertificate.
fn certificate(tbs: &[u8]) -> Option<Form<'_>> {
    let mut tbs = Reader(tbs);
    if tbs.0.first() == Some(&CONTEXT_0) {
        tbs.element()?;
    }
    tbs.expect(INTEGER)?;
    for _signature_issuer_validity_subject in 0..4 {
        tbs.expect(SEQUENCE)?;
    }
    let mut spki = Reader(tbs.expect(SEQUENCE)?);
    let key_type = key_type(spki.expect(SEQUENCE)?)?;
    let key = whole_bytes(spki.expect(BIT_STRING)?)?;
    spki.is_empty().then_some(Form::Spki { key_type, key })
}

/// From the content of an AlgorithmIdentifier.
fn key_type(identifier: &[u8]) -> Option<KeyType> {
    let mut identifier = Reader(identifier);
    let oid = identifier.expect(OBJECT_IDENTIFIER)?;
    Some(match (oid, identifier.0) {
        // RFC 3279 section 2.3.1: the parameters are NULL; some leave them out.
        (OID_RSA, [] | [0x05, 0x00]) => KeyType::Rsa,
        (OID_EC, parameters) => curve(parameters),
        // RFC 8410 section 3: no parameters.
        (OID_ED25519, []) => KeyType::Ed25519,
        // RFC 9881 section 2: neither.
        #[cfg(feature = "ml-dsa")]
        (OID_ML_DSA_44, []) => KeyType::MlDsa(MlDsa::Set44),
        #[cfg(feature = "ml-dsa")]
        (OID_ML_DSA_65, []) => KeyType::MlDsa(MlDsa::Set65),
        #[cfg(feature = "ml-dsa")]
        (OID_ML_DSA_87, []) => KeyType::MlDsa(MlDsa::Set87),
        _ => KeyType::Other,
    })
}

/// From named curve parameters (RFC 5480 section 2.1.1).
fn curve(parameters: &[u8]) -> KeyType {
    let mut parameters = Reader(parameters);
    let oid = parameters.expect(OBJECT_IDENTIFIER);
    match oid.filter(|_| parameters.is_empty()) {
        Some(OID_P256) => KeyType::Ec(Curve::P256),
        Some(OID_P384) => KeyType::Ec(Curve::P384),
        Some(OID_P521) => KeyType::Ec(Curve::P521),
        _ => KeyType::Other,
    }
}

/// The bytes of a bit string without unused bits.
fn whole_bytes(bit_string: &[u8]) -> Option<&[u8]> {
    match bit_string.split_first()? {
        (0, bytes) => Some(bytes),
        _ => None,
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The inside of a sequence that is all of `der`.
    fn whole(der: &'a [u8]) -> Option<Self> {
        let mut outer = Self(der);
        let content = outer.expect(SEQUENCE)?;
        outer.is_empty().then_some(Self(content))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn element(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (short, rest) = rest.split_first()?;
        let (length, rest) = match *short {
            0..=0x7f => (usize::from(*short), rest),
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(*short & 0x7f))?;
                let length = bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte));
                // DER has one spelling of a length: the shortest.
                if length < 0x80 || bytes.first() == Some(&0) {
                    return None;
                }
                (length, rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    fn expect(&mut self, expected: u8) -> Option<&'a [u8]> {
        match self.element()? {
            (tag, content) if tag == expected => Some(content),
            _ => None,
        }
    }

    /// An integer that is not negative, without the zero that says so.
    fn unsigned(&mut self) -> Option<&'a [u8]> {
        match self.expect(INTEGER)? {
            [0] => Some(&[]),
            [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => Some(rest),
            all if all.first().is_some_and(|byte| (0x01..0x80).contains(byte)) => Some(all),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms_are_told_apart() {
        let spki = [
            0x30, 0x0a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x01, 0x00,
        ];
        assert_eq!(
            form(&spki),
            Some(Form::Spki {
                key_type: KeyType::Ed25519,
                key: &[]
            })
        );
        let rsa = [0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x03];
        assert_eq!(
            form(&rsa),
            Some(Form::RsaPublic(RsaPublic { n: &[5], e: &[3] }))
        );
    }

    #[test]
    fn anything_after_the_key_is_refused() {
        assert!(form(&[0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x01, 0x03, 0x00]).is_none());
    }

    #[test]
    fn numbers_and_lengths_have_one_spelling() {
        assert!(RsaPublic::parse(&[0x30, 0x07, 2, 2, 0, 5, 2, 1, 3]).is_none());
        assert!(RsaPublic::parse(&[0x30, 0x06, 2, 1, 0x85, 2, 1, 3]).is_none());
        assert!(RsaPublic::parse(&[0x30, 0x81, 0x06, 2, 1, 5, 2, 1, 3]).is_none());
        assert!(RsaPublic::parse(&[0x30, 0x80, 2, 1, 5, 2, 1, 3, 0, 0]).is_none());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = form(&bytes);
            let _ = rsa_private_numbers(&bytes);
        }
    }
}
