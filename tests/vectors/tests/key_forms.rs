//! Keys in every form that OpenSSL writes, and tokens and thumbprints made by
//! another implementation (the Python package `cryptography`).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{collections::HashMap, fs, path::PathBuf};

use portcullis::jose::{
    Algorithm::{self, *},
    KeyErrorKind, KeySet, SigningKey, VerifyingKey,
};
use vectors::open;

const PRIVATE: &[(&str, &[Algorithm])] = &[
    ("rsa-pkcs8", &[RS256, RS384, RS512, PS256, PS384, PS512]),
    ("rsa-pkcs1", &[RS256, RS384, RS512, PS256, PS384, PS512]),
    ("p256-pkcs8", &[ES256]),
    ("p256-sec1", &[ES256]),
    ("p384-pkcs8", &[ES384]),
    ("p384-sec1", &[ES384]),
    ("p521-pkcs8", &[ES512]),
    ("p521-sec1", &[ES512]),
    ("ed25519-pkcs8", &[Ed25519]),
];

const PUBLIC: &[(&str, &[Algorithm])] = &[
    ("rsa-public", &[RS256, RS384, RS512, PS256, PS384, PS512]),
    (
        "rsa-public-pkcs1",
        &[RS256, RS384, RS512, PS256, PS384, PS512],
    ),
    (
        "rsa-certificate",
        &[RS256, RS384, RS512, PS256, PS384, PS512],
    ),
    ("p256-public", &[ES256]),
    ("p256-public-compressed", &[ES256]),
    ("p256-certificate", &[ES256]),
    ("p384-public", &[ES384]),
    ("p521-public", &[ES512]),
    ("ed25519-public", &[Ed25519]),
];

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("data/keys")
        .join(format!("{name}.pem"))
}

fn pem(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap()
}

fn der(name: &str) -> Vec<u8> {
    vectors::der(&String::from_utf8(pem(name)).unwrap()).unwrap()
}

fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().map(|line| line.split_once(' ').unwrap())
}

fn tokens() -> HashMap<&'static str, &'static str> {
    lines(include_str!("../data/tokens.txt")).collect()
}

fn thumbprint(name: &str) -> &'static str {
    let family = name.split('-').next().unwrap();
    let mut lines = lines(include_str!("../data/thumbprints.txt"));
    lines.find(|(name, _)| *name == family).unwrap().1
}

#[test]
fn every_public_form_opens_the_other_implementations_tokens() {
    for (name, algorithms) in PUBLIC {
        for algorithm in *algorithms {
            let key = VerifyingKey::from_pem(*algorithm, &pem(name)).unwrap();
            assert_eq!(key.thumbprint(), thumbprint(name), "{name}");
            let der = VerifyingKey::from_der(*algorithm, &der(name)).unwrap();
            assert_eq!(der.thumbprint(), key.thumbprint());
            let payload = open(&KeySet::from(key), tokens()[algorithm.name()]).unwrap();
            assert_eq!(payload, br#"{"sub":"alice"}"#);
        }
    }
}

#[test]
fn every_private_form_signs_what_its_public_key_verifies() {
    for (name, algorithms) in PRIVATE {
        for algorithm in *algorithms {
            let key = SigningKey::from_pem(*algorithm, &pem(name)).unwrap();
            assert_eq!(key.thumbprint(), thumbprint(name), "{name}");
            let der = SigningKey::from_der(*algorithm, &der(name)).unwrap();
            let jwk = SigningKey::from_jwk(der.to_jwk().unwrap().expose(), None).unwrap();
            for signer in [&key, &der, &jwk] {
                let signature = signer.sign(b"message").unwrap();
                let verifier = key.verifying_key();
                assert!(verifier.verify(b"message", &signature).is_ok(), "{name}");
                assert!(verifier.verify(b"massage", &signature).is_err());
                let longer = [&signature[..], &[0]].concat();
                assert!(verifier.verify(b"message", &longer).is_err());
                let shorter = &signature[..signature.len() - 1];
                assert!(verifier.verify(b"message", shorter).is_err());
                assert!(verifier.verify(b"message", b"").is_err());
            }
            open(
                &KeySet::from(key.verifying_key()),
                tokens()[algorithm.name()],
            )
            .unwrap();
        }
    }
}

#[test]
fn secrets_open_the_other_implementations_tokens() {
    let secret: Vec<u8> = (0..64).collect();
    for algorithm in [HS256, HS384, HS512] {
        let key = VerifyingKey::from_secret(algorithm, &secret).unwrap();
        assert_eq!(key.thumbprint(), thumbprint("oct"));
        open(&KeySet::from(key), tokens()[algorithm.name()]).unwrap();
    }
}

#[test]
fn a_token_opens_with_its_own_algorithm_only() {
    for (name, algorithms) in PUBLIC {
        for algorithm in *algorithms {
            let keys = KeySet::from(VerifyingKey::from_pem(*algorithm, &pem(name)).unwrap());
            for (of, token) in tokens() {
                let fits = Algorithm::from_name(of) == Some(*algorithm);
                assert_eq!(open(&keys, token).is_ok(), fits, "{name} {algorithm} {of}");
            }
        }
    }
}

#[test]
fn the_algorithm_is_detected_from_the_file() {
    for (name, algorithms) in PRIVATE {
        let key = SigningKey::from_file(path(name), None).unwrap();
        assert_eq!(Some(&key.algorithm()), algorithms.first(), "{name}");
    }
    for (name, algorithms) in PUBLIC {
        let key = VerifyingKey::from_file(path(name), None).unwrap();
        assert_eq!(Some(&key.algorithm()), algorithms.first(), "{name}");
    }
}

#[test]
fn every_other_algorithm_is_refused() {
    for algorithm in Algorithm::ALL {
        for (name, fitting) in PUBLIC
            .iter()
            .filter(|(_, fitting)| !fitting.contains(algorithm))
        {
            let kind = VerifyingKey::from_pem(*algorithm, &pem(name))
                .unwrap_err()
                .kind();
            assert_eq!(
                kind,
                KeyErrorKind::WrongType,
                "{name} {algorithm} {fitting:?}"
            );
        }
        for (name, fitting) in PRIVATE
            .iter()
            .filter(|(_, fitting)| !fitting.contains(algorithm))
        {
            let kind = SigningKey::from_pem(*algorithm, &pem(name))
                .unwrap_err()
                .kind();
            assert_eq!(
                kind,
                KeyErrorKind::WrongType,
                "{name} {algorithm} {fitting:?}"
            );
        }
    }
}

/// A public key that is taken for an HMAC secret lets anyone sign
/// (RFC 8725 section 2.1).
#[test]
fn a_key_is_no_secret_in_any_form() {
    for (name, _) in PUBLIC.iter().chain(PRIVATE) {
        for secret in [pem(name), der(name)] {
            for algorithm in [HS256, HS384, HS512] {
                let error = VerifyingKey::from_secret(algorithm, &secret).unwrap_err();
                assert_eq!(error.kind(), KeyErrorKind::WrongType, "{name}");
                let error = SigningKey::from_secret(algorithm, &secret).unwrap_err();
                assert_eq!(error.kind(), KeyErrorKind::WrongType, "{name}");
            }
        }
    }
}

#[test]
fn private_and_public_keys_are_not_taken_for_each_other() {
    for (name, algorithms) in PRIVATE {
        let error = VerifyingKey::from_pem(algorithms[0], &pem(name)).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::WrongType, "{name}");
        assert!(error.to_string().contains("private key"));
        let error = VerifyingKey::from_der(algorithms[0], &der(name)).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::WrongType, "{name}");
    }
    for (name, algorithms) in PUBLIC {
        let error = SigningKey::from_pem(algorithms[0], &pem(name)).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::WrongType, "{name}");
        let error = SigningKey::from_der(algorithms[0], &der(name)).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::WrongType, "{name}");
    }
}

#[test]
fn weak_and_foreign_keys_are_refused() {
    use KeyErrorKind::{Invalid, TooWeak, Unsupported};
    for (name, algorithm, expected) in [
        ("rsa-1024-public", RS256, TooWeak),
        ("rsa-exponent-3-public", RS256, Invalid),
        ("rsa-pss-public", PS256, Unsupported),
        ("secp256k1-public", ES256, Unsupported),
        ("ed448-public", Ed25519, Unsupported),
        ("x25519-public", Ed25519, Unsupported),
    ] {
        for given in [Some(algorithm), None] {
            let error = VerifyingKey::from_pem_or_jwk(&pem(name), given).unwrap_err();
            assert_eq!(error.kind(), expected, "{name} {error}");
        }
    }
    for (name, algorithm, expected) in [
        ("rsa-exponent-3", RS256, Invalid),
        ("rsa-pss", PS256, Unsupported),
        ("rsa-encrypted", RS256, Unsupported),
        ("rsa-encrypted-pkcs1", RS256, Unsupported),
        ("secp256k1-pkcs8", ES256, Unsupported),
        ("ed448-pkcs8", Ed25519, Unsupported),
    ] {
        for given in [Some(algorithm), None] {
            let error = SigningKey::from_pem_or_jwk(&pem(name), given).unwrap_err();
            assert_eq!(error.kind(), expected, "{name} {error}");
        }
    }
    let error = SigningKey::from_pem(RS256, &pem("rsa-1024")).unwrap_err();
    assert_eq!(error.kind(), TooWeak, "{error}");
}

#[test]
fn what_is_cut_off_or_followed_by_more_is_refused() {
    for (name, algorithms) in PUBLIC {
        let whole = der(name);
        let longer = [&whole[..], &[0]].concat();
        assert!(
            VerifyingKey::from_der(algorithms[0], &longer).is_err(),
            "{name}"
        );
        for length in 0..whole.len() {
            let cut = &whole[..length];
            assert!(
                VerifyingKey::from_der(algorithms[0], cut).is_err(),
                "{name}"
            );
        }
    }
    for (name, algorithms) in PRIVATE {
        let whole = der(name);
        let longer = [&whole[..], &[0]].concat();
        assert!(
            SigningKey::from_der(algorithms[0], &longer).is_err(),
            "{name}"
        );
        for length in 0..whole.len() {
            let cut = &whole[..length];
            assert!(SigningKey::from_der(algorithms[0], cut).is_err(), "{name}");
        }
    }
}

#[test]
fn errors_and_debug_show_no_key() {
    for (name, algorithms) in PRIVATE {
        let key = SigningKey::from_pem(algorithms[0], &pem(name)).unwrap();
        assert_eq!(
            format!("{key:?}"),
            format!(
                "SigningKey {{ algorithm: {:?}, key_id: None, .. }}",
                algorithms[0]
            )
        );
    }
    let error = SigningKey::from_file("/nonexistent/key.pem", None).unwrap_err();
    assert_eq!(error.kind(), KeyErrorKind::Unreadable);
    assert!(error.to_string().starts_with("/nonexistent/key.pem: "));
}
