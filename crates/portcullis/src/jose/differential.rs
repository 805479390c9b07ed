//! What one cryptographic library says of a key or a signature the other says, too:
//! [`Both`] asks both, and panics where they differ.

#![cfg(test)]
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{fs, path::PathBuf};

use curve25519_dalek::{
    constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION},
    edwards::EdwardsPoint,
    scalar::Scalar,
};
use proptest::prelude::*;
use sha2::{Digest as _, Sha512};

use super::{
    Algorithm, SigningKey, algorithm::Family, base64url::decode_segment, pem, private::PrivateKey,
    public::PublicKey, secret_key::SecretKey,
};
use crate::crypto::{Backend, Curve, both::Both, sha256};

type Public = PublicKey<Both>;

const MESSAGE: &[u8] = b"message";

/// Published keys and tokens, where they are: not in the packaged crate.
fn data(name: &str) -> String {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/data");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// All keys of a PEM file in DER.
fn keys(file: &str) -> Vec<Vec<u8>> {
    let text = data(&format!("keys/{file}"));
    let blocks = pem::blocks(text.as_bytes()).unwrap();
    let keys = blocks.iter().filter_map(|block| block.der().ok());
    keys.map(|der| der.to_vec()).collect()
}

fn public(algorithm: Algorithm) -> Public {
    let file = match algorithm.family() {
        Family::Rsa => "rsa-public.pem",
        Family::Ec(Curve::P256) => "p256-public.pem",
        Family::Ec(Curve::P384) => "p384-public.pem",
        Family::Ec(Curve::P521) => "p521-public.pem",
        _ => "ed25519-public.pem",
    };
    Public::from_der(algorithm, &keys(file)[0]).unwrap()
}

/// Message and signature.
fn cut(token: &str) -> (&[u8], Vec<u8>) {
    let (message, signature) = token.rsplit_once('.').unwrap();
    let mut bytes = Vec::new();
    decode_segment(signature.as_bytes(), &mut bytes).unwrap();
    (message.as_bytes(), bytes)
}

/// A verifying key of any kind.
fn fits(algorithm: Algorithm) -> impl Fn(&[u8], &[u8]) -> bool {
    let secret: Vec<u8> = (0..64).collect();
    let secret = SecretKey::<Both>::new(algorithm, &secret).ok();
    let public = secret.is_none().then(|| public(algorithm));
    move |message, signature| match (&secret, &public) {
        (Some(secret), _) => secret.fits(message, signature),
        (_, Some(public)) => public.fits(message, signature),
        _ => unreachable!("a key is secret or public"),
    }
}

/// The algorithm and the token of each line.
fn tokens() -> Vec<(Algorithm, String)> {
    let text = data("tokens.txt");
    let lines = text.lines().map(|line| line.split_once(' ').unwrap());
    lines
        .map(|(name, token)| (Algorithm::from_name(name).unwrap(), token.to_owned()))
        .collect()
}

#[test]
fn tokens_of_another_implementation_fit_and_nothing_near_them() {
    for (algorithm, token) in tokens() {
        let fits = fits(algorithm);
        let (message, signature) = cut(&token);
        assert!(fits(message, &signature), "{algorithm}");
        assert!(!fits(&message[1..], &signature), "{algorithm}");
        for (at, bit) in (0..signature.len()).zip((0..8).cycle()) {
            let mut changed = signature.clone();
            changed[at] ^= 1 << bit;
            assert!(!fits(message, &changed), "{algorithm}: {at}");
        }
        for length in 0..signature.len() {
            assert!(!fits(message, &signature[..length]), "{algorithm}");
        }
        for other in [
            [&[0][..], &signature].concat(),
            [&signature[..], &[0]].concat(),
            vec![0; signature.len()],
            vec![0xff; signature.len()],
        ] {
            assert!(!fits(message, &other), "{algorithm}");
        }
    }
}

#[test]
fn odd_signatures_of_rsa_fit_nowhere() {
    let text = data("odd-signatures.txt");
    for line in text.lines() {
        let [name, why, token] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
        let algorithm = Algorithm::from_name(name).unwrap();
        let (message, signature) = cut(token);
        assert!(!fits(algorithm)(message, &signature), "{name}: {why}");
    }
    assert!(text.lines().count() > 20);
}

/// In whatever form, good or not, for every algorithm.
#[test]
fn every_key_is_read_alike() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/data/keys");
    let mut read = 0;
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        for (der, algorithm) in keys(&name).iter().flat_map(|der| {
            Algorithm::ALL
                .iter()
                .map(move |algorithm| (der, *algorithm))
        }) {
            read += usize::from(Public::from_der(algorithm, der).is_ok());
            let Ok(private) = PrivateKey::<Both>::from_der(algorithm, der) else {
                continue;
            };
            read += 1;
            private.members(algorithm).unwrap();
            let public = private.public(algorithm).unwrap();
            let signature = private.sign(MESSAGE).unwrap();
            assert_eq!(signature.len(), private.signature_length());
            assert!(public.fits(MESSAGE, &signature), "{name}");
        }
    }
    assert!(read > 60, "{read}");
}

#[test]
fn a_new_key_of_one_library_is_read_by_the_other() {
    for algorithm in Algorithm::ALL.iter().filter(|one| !one.is_symmetric()) {
        let key = PrivateKey::<Both>::generate(*algorithm).unwrap();
        let public = key.public(*algorithm).unwrap();
        for message in [&b""[..], MESSAGE, &[7; 1000]] {
            assert!(public.fits(message, &key.sign(message).unwrap()));
        }
    }
}

/// The orders of the curves (SP 800-186 section 3.2.1).
fn order(curve: Curve) -> Vec<u8> {
    let text = match curve {
        Curve::P256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        Curve::P384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196a\
             ccc52973"
        }
        Curve::P521 => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc\
             0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
        }
    };
    hex(text)
}

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// `one - other`, or `one + other`, in as many bytes; none if it does not fit.
fn combine(one: &[u8], other: &[u8], sign: i16) -> Option<Vec<u8>> {
    let mut carry = 0;
    let mut bytes = vec![0; one.len()];
    for at in (0..one.len()).rev() {
        let sum = i16::from(one[at]) + sign * i16::from(other[at]) + carry;
        bytes[at] = sum.rem_euclid(256) as u8;
        carry = sum.div_euclid(256);
    }
    (carry == 0).then_some(bytes)
}

/// The other spelling of `s` fits (ECDSA has two signatures for each), and no number
/// outside of the range of either.
#[test]
fn numbers_of_ecdsa_are_in_range() {
    for algorithm in [Algorithm::ES256, Algorithm::ES384, Algorithm::ES512] {
        let Family::Ec(curve) = algorithm.family() else {
            unreachable!("these are on curves");
        };
        let n = order(curve);
        let key = PrivateKey::<Both>::generate(algorithm).unwrap();
        let public = key.public(algorithm).unwrap();
        let signature = key.sign(MESSAGE).unwrap();
        let (r, s) = signature.split_at(curve.size());
        let zero = vec![0; n.len()];
        let negated = combine(&n, s, -1).unwrap();
        assert!(public.fits(MESSAGE, &[r, &negated].concat()));
        for bad in [&zero, &n, &vec![0xff; n.len()]] {
            assert!(!public.fits(MESSAGE, &[r, bad].concat()));
            assert!(!public.fits(MESSAGE, &[bad, s].concat()));
            assert!(!public.fits(MESSAGE, &[&bad[..], bad].concat()));
        }
        for (r, s) in [
            (combine(r, &n, 1), Some(s.to_vec())),
            (Some(r.to_vec()), combine(s, &n, 1)),
            (combine(&n, r, -1), Some(s.to_vec())),
        ] {
            if let (Some(r), Some(s)) = (r, s) {
                assert!(!public.fits(MESSAGE, &[r, s].concat()));
            }
        }
    }
}

/// An Ed25519 signature by numbers that no library would choose.
fn ed25519(a: Scalar, key: &[u8; 32], r: Scalar, point: &[u8; 32]) -> Vec<u8> {
    let hash = Sha512::new().chain_update(point).chain_update(key);
    let hash = hash.chain_update(MESSAGE).finalize().into();
    let k = Scalar::from_bytes_mod_order_wide(&hash);
    [&point[..], (r + k * a).as_bytes()].concat()
}

/// RFC 8032 section 5.1.7, without its cofactor: what `R` must be is computed, and
/// compared byte by byte.
#[test]
fn points_of_small_order_in_ed25519_are_judged_alike() {
    let scalar = |text: &[u8]| Scalar::from_bytes_mod_order_wide(&Sha512::digest(text).into());
    let a = scalar(b"secret");
    let encoded = |point: EdwardsPoint| point.compress().to_bytes();
    let key = encoded(ED25519_BASEPOINT_POINT * a);
    let public = Public::ed25519(&key).unwrap();
    // Only who has the key can make it.
    let identity = encoded(EIGHT_TORSION[0]);
    assert!(public.fits(MESSAGE, &ed25519(a, &key, Scalar::ZERO, &identity)));
    let mut other_spelling = identity;
    other_spelling[31] |= 0x80;
    for point in [other_spelling]
        .into_iter()
        .chain(EIGHT_TORSION[1..].iter().map(|p| encoded(*p)))
    {
        assert!(!public.fits(MESSAGE, &ed25519(a, &key, Scalar::ZERO, &point)));
    }
    // A key that is not of small order but has a part that is.
    let mut fitting = 0;
    for torsion in EIGHT_TORSION {
        let key = encoded(ED25519_BASEPOINT_POINT * a + torsion);
        let public = Public::ed25519(&key).unwrap();
        for round in 0_u8..16 {
            let r = scalar(&[round]);
            let point = encoded(ED25519_BASEPOINT_POINT * r);
            fitting += u8::from(public.fits(MESSAGE, &ed25519(a, &key, r, &point)));
        }
    }
    assert!((16..128).contains(&fitting), "{fitting}");
}

/// RFC 8032 section 5.1.7: `S` is less than the order.
#[test]
fn s_of_ed25519_has_one_spelling() {
    let key = PrivateKey::<Both>::generate(Algorithm::Ed25519).unwrap();
    let public = key.public(Algorithm::Ed25519).unwrap();
    let signature = key.sign(MESSAGE).unwrap();
    let order = hex("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed");
    let mut s: Vec<_> = signature[32..].iter().rev().copied().collect();
    for _ in 0..7 {
        s = combine(&s, &order, 1).unwrap();
        let bytes: Vec<_> = s.iter().rev().copied().collect();
        assert!(!public.fits(MESSAGE, &[&signature[..32], &bytes].concat()));
    }
}

/// A change of a signature.
fn change() -> impl Strategy<Value = (prop::sample::Index, u8, usize)> {
    (any::<prop::sample::Index>(), 1_u8.., 0_usize..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_changed_signature_fits_nowhere(
        (algorithm, token) in prop::sample::select(tokens()),
        changes in prop::collection::vec(change(), 1..4),
    ) {
        let (message, signature) = cut(&token);
        let mut changed = signature.clone();
        for (at, byte, how) in changes {
            let at = at.index(changed.len());
            match how {
                0 => drop(changed.remove(at)),
                1 => changed.insert(at, byte),
                _ => changed[at] ^= byte,
            }
        }
        prop_assert_eq!(fits(algorithm)(message, &changed), changed == signature);
    }

    #[test]
    fn any_bytes_are_the_same_key_or_none(mut bytes: [u8; 32], long: [u8; 66], first in 2_u8..=4) {
        let _ = Public::ed25519(&bytes);
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let coordinate = &long[66 - curve.size()..];
            let _ = Public::ec(curve, &[&[first], coordinate].concat());
            let _ = Both::ec_public(curve, &long);
        }
        // About half of these are on the curve.
        bytes[31] &= 0x7f;
        let _ = Public::ed25519(&bytes);
    }

    #[test]
    fn any_odd_number_is_a_modulus(seed: [u8; 32], size in 255_usize..=1024, e in 0_u64..1 << 33) {
        let mut n: Vec<u8> = seed.iter().copied().cycle().take(size).collect();
        n[0] |= 1;
        n[size - 1] |= 1;
        let e = (e | 1).to_be_bytes();
        let e = &e[e.iter().position(|byte| *byte != 0).unwrap()..];
        if let Ok(key) = Public::rsa(Algorithm::PS256, &n, e) {
            assert!(!key.fits(MESSAGE, &vec![seed[0]; size]));
            assert!(!key.fits(MESSAGE, &n));
        }
    }

    #[test]
    fn digests_and_macs_are_the_same(secret in prop::collection::vec(any::<u8>(), 64..300), parts: Vec<Vec<u8>>) {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let key = Both::hmac_key(algorithm.hmac_hash().unwrap(), &secret);
            let parts: Vec<_> = parts.iter().map(Vec::as_slice).collect();
            let tag = Both::hmac(&key, &parts);
            assert!(Both::hmac_fits(&key, &parts.concat(), tag.as_ref()));
            assert!(!Both::hmac_fits(&key, &parts.concat(), &tag.as_ref()[1..]));
        }
        let mut digest = Both::sha256();
        for part in &parts {
            Both::update(&mut digest, part);
        }
        assert_eq!(Both::finish(digest), sha256(&parts.concat()));
        assert!(Both::is_equal(&secret, &secret) && !Both::is_equal(&secret, &secret[1..]));
    }

    /// Whatever signs, the other verifies.
    #[test]
    fn signatures_of_any_message_fit(
        algorithm in prop::sample::select(&[Algorithm::ES256, Algorithm::ES512, Algorithm::Ed25519][..]),
        message: Vec<u8>,
    ) {
        let key = SigningKey::generate(algorithm).unwrap();
        let jwk = key.to_jwk().unwrap();
        let jwk = super::jwk::Jwk::parse(jwk.expose().as_bytes()).unwrap();
        let private = PrivateKey::<Both>::from_jwk(algorithm, &jwk).unwrap();
        let public = Public::from_jwk(algorithm, &jwk).unwrap();
        prop_assert!(public.fits(&message, &private.sign(&message).unwrap()));
        prop_assert!(public.fits(&message, &key.sign(&message).unwrap()));
    }
}
