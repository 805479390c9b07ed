//! RFC 9964: the keys and tokens of appendix A.1. All keys are made from a seed of
//! zeros.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use portcullis::jose::{
    Algorithm::{self, MlDsa44, MlDsa65, MlDsa87},
    CompactJws, KeyErrorKind, KeySet, SigningKey, VerifyingKey, decode_segment, encode_segment,
};
use serde_json::{Value, json};

const SEED: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// The quotation of RFC 7520, which is no claims set.
const PAYLOAD: &str = "It\u{2019}s a dangerous business, Frodo, going out your door.";

/// Algorithm, thumbprint, public key and token of each example.
fn examples() -> impl Iterator<Item = [&'static str; 4]> {
    let lines = include_str!("../data/rfc9964.txt").lines();
    lines.map(|line| line.split(' ').collect::<Vec<_>>().try_into().unwrap())
}

fn private(alg: &str, public: &str) -> Value {
    json!({"kty": "AKP", "alg": alg, "pub": public, "priv": SEED})
}

fn signing(jwk: &Value) -> Result<SigningKey, KeyErrorKind> {
    SigningKey::from_jwk(jwk.to_string(), None).map_err(|error| error.kind())
}

fn verifying(jwk: &Value) -> Result<VerifyingKey, KeyErrorKind> {
    VerifyingKey::from_jwk(jwk.to_string(), None).map_err(|error| error.kind())
}

#[test]
fn the_examples_fit() {
    let mut lengths = Vec::new();
    for [alg, kid, public, token] in examples() {
        let key = signing(&private(alg, public)).unwrap();
        assert_eq!(key.thumbprint(), kid);
        assert_eq!((key.header_name(), key.algorithm().name()), (alg, alg));

        let jws = CompactJws::parse(token.as_bytes(), 8192).unwrap();
        let mut header = Vec::new();
        let header = jws.decode_header(&mut header).unwrap();
        assert_eq!((&*header.alg, header.kid.as_deref()), (alg, Some(kid)));
        let mut payload = Vec::new();
        jws.decode_payload(&mut payload).unwrap();
        assert_eq!(payload, PAYLOAD.as_bytes());

        let mut signature = Vec::new();
        decode_segment(jws.signature_segment(), &mut signature).unwrap();
        let keys = KeySet::from(key.verifying_key().with_key_id(kid));
        let candidates: Vec<_> = keys.candidates(Some(kid), alg).collect();
        assert_eq!(candidates.len(), 1);
        let fits = |signature: &[u8]| candidates[0].verify(jws.signing_input(), signature).is_ok();
        assert!(fits(&signature));
        for at in (0..signature.len()).step_by(97) {
            let mut changed = signature.clone();
            changed[at] ^= 1;
            assert!(!fits(&changed), "{alg}: {at}");
        }
        assert!(!fits(&signature[1..]) && !fits(&[&signature[..], &[0]].concat()) && !fits(b""));
        lengths.push(signature.len());

        // What signs is randomized (FIPS 204 section 3.4); what verifies does not care.
        let own = key.sign(jws.signing_input()).unwrap();
        assert_ne!(own, signature);
        assert!(fits(&own));
    }
    assert_eq!(lengths, [2420, 3309, 4627]);
}

#[test]
fn a_key_is_written_as_it_was_read() {
    for [alg, _, public, _] in examples() {
        let mut expected = private(alg, public);
        let key = signing(&expected).unwrap();
        expected["use"] = "sig".into();
        let written: Value = serde_json::from_str(key.to_jwk().unwrap().expose()).unwrap();
        assert_eq!(written, expected);
        expected.as_object_mut().unwrap().remove("priv");
        let public = Value::Object(key.verifying_key().public_jwk().unwrap());
        assert_eq!(public, expected);
        assert_eq!(verifying(&public).unwrap(), key.verifying_key());
        let set = json!({"keys": [public]}).to_string();
        let (keys, skipped) = KeySet::from_public_jwks(set.as_bytes(), None).unwrap();
        assert_eq!((keys.len(), skipped.len()), (1, 0));
    }
}

#[test]
fn keys_that_are_not_what_they_say_are_refused() {
    use KeyErrorKind::{Invalid, Malformed, Unsupported, WrongAlgorithm, WrongType};
    let [first, second, _] = examples().collect::<Vec<_>>().try_into().unwrap();
    let good = private(first[0], first[2]);
    let with = |name: &str, value: Value| {
        let mut jwk = good.clone();
        jwk[name] = value;
        signing(&jwk).unwrap_err()
    };
    let without = |name: &str| {
        let mut jwk = good.clone();
        jwk.as_object_mut().unwrap().remove(name);
        signing(&jwk).unwrap_err()
    };
    assert!(signing(&good).is_ok());
    assert_eq!(with("alg", "ML-DSA-65".into()), Malformed);
    assert_eq!(with("alg", "ES256".into()), Unsupported);
    assert_eq!(with("alg", "SLH-DSA-SHA2-128s".into()), Unsupported);
    assert_eq!(with("pub", second[2].into()), Malformed);
    assert_eq!(with("pub", encode_segment(&[7; 1312]).into()), Invalid);
    assert_eq!(with("priv", encode_segment(&[1; 32]).into()), Invalid);
    assert_eq!(with("priv", encode_segment(&[0; 31]).into()), Malformed);
    // The expanded form, which RFC 9964 has no place for.
    assert_eq!(with("priv", encode_segment(&[0; 2560]).into()), Malformed);
    assert_eq!(with("kty", "OKP".into()), Malformed);
    assert_eq!((without("alg"), without("pub")), (Malformed, Malformed));
    assert_eq!(without("priv"), WrongType);
    let other = SigningKey::from_jwk(good.to_string(), Some(MlDsa65)).unwrap_err();
    assert_eq!(other.kind(), WrongAlgorithm);
    // Whoever publishes it gives the key away.
    let set = json!({"keys": [good]}).to_string();
    let (keys, skipped) = KeySet::from_public_jwks(set.as_bytes(), None).unwrap();
    assert_eq!((keys.len(), skipped[0].reason.kind()), (0, WrongType));
    let mixed = json!({"keys": [good, {"kty": "oct", "k": encode_segment(&[7; 32])}]});
    let mixed = KeySet::from_jwks(mixed.to_string().as_bytes(), Algorithm::ALL);
    assert_eq!(mixed.unwrap_err().kind(), KeyErrorKind::MixedSet);
}

/// RFC 9881, as the Python package `cryptography` writes it: with the seed.
#[test]
fn keys_in_pem_are_read() {
    for (algorithm, [_, kid, public, _]) in [MlDsa44, MlDsa65, MlDsa87].into_iter().zip(examples())
    {
        let arc = match algorithm {
            MlDsa44 => 0x11,
            MlDsa65 => 0x12,
            _ => 0x13,
        };
        let oid = [
            0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 3, arc,
        ];
        let seed = [&[0x04, 0x22, 0x80, 0x20][..], &[0; 32]].concat();
        let der = [&[0x30, 0x34, 0x02, 0x01, 0x00][..], &oid, &seed].concat();
        let key = SigningKey::from_der(algorithm, &der).unwrap();
        assert_eq!(key.thumbprint(), kid);

        let mut bytes = Vec::new();
        decode_segment(public.as_bytes(), &mut bytes).unwrap();
        let long = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82][..], &length, content].concat()
        };
        let bits = long(0x03, &[&[0][..], &bytes].concat());
        let spki = long(0x30, &[&oid[..], &bits].concat());
        let public = VerifyingKey::from_der(algorithm, &spki).unwrap();
        assert_eq!(public.thumbprint(), kid);
        let wrong = VerifyingKey::from_der(Algorithm::ES256, &spki).unwrap_err();
        assert_eq!(wrong.kind(), KeyErrorKind::WrongType);
        assert!(VerifyingKey::from_secret(Algorithm::HS256, &spki).is_err());
    }
}
