//! Keys in every form that OpenSSL writes, and tokens and thumbprints made by
//! another implementation (the Python package `cryptography`).

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::{collections::HashMap, fs, path::PathBuf};

use portcullis::jose::{
    Algorithm::{self, *},
    KeyError, KeyErrorKind, KeySet, SigningKey, VerifyingKey, decode_array, encode_segment,
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

/// Files with more in them than the one key, and whether it is there to verify
/// and to sign.
const SEVERAL: &[(&str, &[Algorithm], bool, bool)] = &[
    ("rsa-pkcs12", &[RS256, PS512], true, true),
    ("p256-sec1", &[ES256], false, true),
    ("p256-chain", &[ES256], true, false),
    ("p256-key-and-chain", &[ES256], true, true),
    ("ed25519-pair", &[Ed25519], true, true),
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
fn the_key_that_is_asked_for_is_found_among_others() {
    for (name, algorithms, has_public, has_private) in SEVERAL {
        for algorithm in algorithms.iter().copied().map(Some).chain([None]) {
            let public = VerifyingKey::from_pem_or_jwk(&pem(name), algorithm);
            let private = SigningKey::from_pem_or_jwk(&pem(name), algorithm);
            for (key, is_there) in [
                (public.as_ref().map(VerifyingKey::thumbprint), has_public),
                (private.as_ref().map(SigningKey::thumbprint), has_private),
            ] {
                match key {
                    Ok(found) => assert!(*is_there && found == thumbprint(name), "{name}"),
                    Err(error) => {
                        assert!(!is_there, "{name}: {error}");
                        assert_eq!(error.kind(), KeyErrorKind::WrongType, "{name}: {error}");
                    }
                }
            }
        }
    }
}

#[test]
fn two_keys_that_fit_and_differ_are_refused() {
    let both = |one: &str, other: &str| [pem(one), pem(other)].concat();
    let is_ambiguous = |error: KeyError| {
        error.kind() == KeyErrorKind::Malformed && error.to_string().contains("differ")
    };
    // The same key twice is one, whatever its forms.
    let same = both("rsa-public", "rsa-certificate");
    let key = VerifyingKey::from_pem(PS256, &same).unwrap();
    assert_eq!(key.thumbprint(), thumbprint("rsa"));
    let same = both("p384-sec1", "p384-pkcs8");
    let key = SigningKey::from_pem(ES384, &same).unwrap();
    assert_eq!(key.thumbprint(), thumbprint("p384"));
    // Two of different types: the algorithm says which.
    let public = both("rsa-public", "ed25519-public");
    for (algorithm, family) in [(RS256, "rsa"), (Ed25519, "ed25519")] {
        let key = VerifyingKey::from_pem(algorithm, &public).unwrap();
        assert_eq!(key.thumbprint(), thumbprint(family));
    }
    assert!(is_ambiguous(
        VerifyingKey::from_pem_or_jwk(&public, None).unwrap_err()
    ));
    let error = VerifyingKey::from_pem(ES256, &public).unwrap_err();
    assert_eq!(error.kind(), KeyErrorKind::WrongType);
    let private = both("p256-sec1", "rsa-pkcs8");
    let key = SigningKey::from_pem(ES256, &private).unwrap();
    assert_eq!(key.thumbprint(), thumbprint("p256"));
    assert!(is_ambiguous(
        SigningKey::from_pem_or_jwk(&private, None).unwrap_err()
    ));
    // Two of one type.
    let other = SigningKey::generate(ES256).unwrap();
    let other = spki(&other.verifying_key());
    let public = [pem("p256-public"), other].concat();
    assert!(is_ambiguous(
        VerifyingKey::from_pem(ES256, &public).unwrap_err()
    ));
    let public = [
        spki(&SigningKey::generate(ES256).unwrap().verifying_key()),
        pem("p256-chain"),
    ]
    .concat();
    assert!(is_ambiguous(
        VerifyingKey::from_pem(ES256, &public).unwrap_err()
    ));
}

/// The certificates of issuers are not for this.
#[test]
fn of_a_chain_only_the_first_certificate_counts() {
    let error = VerifyingKey::from_pem(ES384, &pem("p256-chain")).unwrap_err();
    assert_eq!(error.kind(), KeyErrorKind::WrongType);
}

#[test]
fn a_key_that_cannot_be_read_is_not_passed_over() {
    for other in ["rsa-encrypted", "rsa-encrypted-pkcs1"] {
        for text in [
            [pem(other), pem("rsa-certificate")].concat(),
            [pem("rsa-certificate"), pem(other)].concat(),
            [pem("rsa-pkcs8"), pem(other)].concat(),
        ] {
            let error = SigningKey::from_pem(RS256, &text).unwrap_err();
            assert_eq!(error.kind(), KeyErrorKind::Unsupported, "{other}");
            assert!(error.to_string().contains("pass phrase"), "{other}");
        }
        // Nor is it in the way of the other half.
        let text = [pem(other), pem("rsa-certificate")].concat();
        let key = VerifyingKey::from_pem(RS256, &text).unwrap();
        assert_eq!(key.thumbprint(), thumbprint("rsa"));
    }
}

/// A P-256 key in PEM.
fn spki(key: &VerifyingKey) -> Vec<u8> {
    let jwk = key.public_jwk().unwrap();
    let mut der = vec![
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
    ];
    for name in ["x", "y"] {
        der.extend(decode_array::<32>(jwk[name].as_str().unwrap().as_bytes()).unwrap());
    }
    // 91 bytes take two characters of padding.
    let body = encode_segment(&der).replace('-', "+").replace('_', "/");
    format!("-----BEGIN PUBLIC KEY-----\n{body}==\n-----END PUBLIC KEY-----\n").into_bytes()
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
        let text = encode_segment(&der(name));
        let standard = text.replace('-', "+").replace('_', "/");
        let lines: Vec<_> = standard.as_bytes().chunks(64).collect();
        let forms = [
            pem(name),
            der(name),
            [b"Bag Attributes: <No Attributes>\n", &*pem(name)].concat(),
            text.into_bytes(),
            lines.join(&b'\n'),
            lines.join(&b"\r\n"[..]),
            encode_segment(&pem(name)).into_bytes(),
        ];
        for secret in forms {
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
fn a_key_set_is_no_secret() {
    let key = VerifyingKey::from_pem(RS256, &pem("rsa-public")).unwrap();
    let set = KeySet::from(key.clone()).public_jwks();
    let jwk = serde_json::Value::Object(key.public_jwk().unwrap());
    for secret in [set, serde_json::json!([jwk]).to_string()] {
        let error = VerifyingKey::from_secret(HS256, secret.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), KeyErrorKind::WrongType, "{secret}");
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
