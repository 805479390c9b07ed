//! No bytes make the readers of keys and tokens panic, and what they accept
//! they accept in one spelling.

use portcullis::jose::{Algorithm, KeySet, SigningKey, VerifyingKey, encode_compact};
use proptest::prelude::*;
use vectors::{der, open};

const ED25519: &str = r#"{"kty":"OKP","crv":"Ed25519",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

const KEYS: &[&str] = &[
    include_str!("../data/keys/rsa-pkcs1.pem"),
    include_str!("../data/keys/rsa-pkcs8.pem"),
    include_str!("../data/keys/rsa-public.pem"),
    include_str!("../data/keys/rsa-certificate.pem"),
    include_str!("../data/keys/p256-sec1.pem"),
    include_str!("../data/keys/p521-pkcs8.pem"),
    include_str!("../data/keys/p384-public.pem"),
    include_str!("../data/keys/ed25519-pkcs8.pem"),
    include_str!("../data/keys/ed25519-public.pem"),
    include_str!("../data/keys/ed25519-pair.pem"),
    include_str!("../data/keys/p256-key-and-chain.pem"),
    ED25519,
];

fn algorithm() -> impl Strategy<Value = Algorithm> {
    proptest::sample::select(Algorithm::ALL)
}

proptest! {
    #[test]
    fn any_bytes_as_a_key(algorithm in algorithm(), bytes: Vec<u8>) {
        let _ = VerifyingKey::from_der(algorithm, &bytes);
        let _ = SigningKey::from_der(algorithm, &bytes);
        let _ = VerifyingKey::from_secret(algorithm, &bytes);
        for algorithm in [Some(algorithm), None] {
            let _ = VerifyingKey::from_pem_or_jwk(&bytes, algorithm);
            let _ = SigningKey::from_pem_or_jwk(&bytes, algorithm);
        }
        let _ = KeySet::from_jwks(&bytes, Algorithm::ALL);
    }

    #[test]
    fn a_key_with_a_changed_byte(
        key in proptest::sample::select(KEYS),
        position: proptest::sample::Index,
        byte: u8,
        algorithm in algorithm(),
    ) {
        let mut text = key.as_bytes().to_vec();
        text[position.index(key.len())] = byte;
        let _ = VerifyingKey::from_pem_or_jwk(&text, None);
        if let Ok(key) = SigningKey::from_pem_or_jwk(&text, None) {
            let signature = key.sign(b"message").unwrap();
            prop_assert!(key.verifying_key().verify(b"message", &signature).is_ok());
        }
        if key.starts_with('-') {
            let mut der = der(key).unwrap();
            let position = position.index(der.len());
            der[position] = byte;
            let _ = VerifyingKey::from_der(algorithm, &der);
            let _ = SigningKey::from_der(algorithm, &der);
        }
    }

    #[test]
    fn a_text_of_several_keys(
        keys in proptest::collection::vec(proptest::sample::select(KEYS), 1..5),
        algorithm in algorithm(),
    ) {
        let text = keys.concat();
        for algorithm in [Some(algorithm), None] {
            if let Ok(key) = VerifyingKey::from_pem_or_jwk(text.as_bytes(), algorithm) {
                prop_assert!(algorithm.is_none_or(|algorithm| key.algorithm() == algorithm));
            }
            if let Ok(key) = SigningKey::from_pem_or_jwk(text.as_bytes(), algorithm) {
                let signature = key.sign(b"message").unwrap();
                prop_assert!(key.verifying_key().verify(b"message", &signature).is_ok());
            }
        }
        prop_assert!(VerifyingKey::from_secret(Algorithm::HS256, text.as_bytes()).is_err());
    }

    #[test]
    fn what_is_signed_opens_and_nothing_else(
        subject in "\\PC{0,20}",
        position: proptest::sample::Index,
        byte: u8,
    ) {
        let key = SigningKey::from_jwk(ED25519, None).unwrap();
        let keys = KeySet::from(key.verifying_key());
        let payload = serde_json::json!({ "sub": subject }).to_string();
        let token =
            encode_compact(key.header_json(None).as_bytes(), payload.as_bytes(), &key).unwrap();
        prop_assert_eq!(open(&keys, &token).unwrap(), payload.as_bytes());
        let mut changed = token.clone().into_bytes();
        changed[position.index(token.len())] = byte;
        if let Ok(changed) = String::from_utf8(changed)
            && changed != token
        {
            prop_assert!(open(&keys, &changed).is_err());
        }
    }
}
