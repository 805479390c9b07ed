//! What a key that verifies takes and shows.

use super::*;
use crate::jose::SigningKey;

#[test]
fn keys_are_shared_between_threads_and_small() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<VerifyingKey>();
    shared::<SigningKey>();
    assert!(size_of::<VerifyingKey>() <= 48);
}

/// CVE-2022-21449: a signature of zeros fits no message.
#[test]
fn signatures_of_zeros_and_in_der_are_refused() {
    for (algorithm, size) in [
        (Algorithm::ES256, 32),
        (Algorithm::ES384, 48),
        (Algorithm::ES512, 66),
        (Algorithm::Ed25519, 32),
    ] {
        let key = SigningKey::generate(algorithm).unwrap();
        let verifier = key.verifying_key();
        let good = key.sign(b"message").unwrap();
        assert_eq!(good.len(), 2 * size);
        let zeros = vec![0; size];
        for bad in [
            vec![0; 2 * size],
            vec![0xff; 2 * size],
            [&good[..size], &zeros].concat(),
            [&zeros, &good[size..]].concat(),
        ] {
            assert_eq!(verifier.verify(b"message", &bad), Err(SignatureError));
        }
        // Short form: SEQUENCE of two INTEGERs, as X.509 has it.
        let integer = |number: &[u8]| [&[2, number.len() as u8 + 1, 0], number].concat();
        let numbers = [integer(&good[..size]), integer(&good[size..])].concat();
        let der = [&[0x30, numbers.len() as u8], &numbers[..]].concat();
        assert_eq!(verifier.verify(b"message", &der), Err(SignatureError));
    }
}

#[test]
fn the_name_of_ed25519_survives_being_stored() {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    assert_eq!(key.header_name(), "EdDSA");
    for (key, name) in [
        (key.clone(), "EdDSA"),
        (key.clone().use_eddsa_name(false), "Ed25519"),
        (key.use_eddsa_name(false).use_eddsa_name(true), "EdDSA"),
    ] {
        let jwk = key.to_jwk().unwrap();
        let read = SigningKey::from_jwk(jwk.expose(), Some(Algorithm::Ed25519)).unwrap();
        let header: Value = serde_json::from_str(&read.header_json(None)).unwrap();
        assert_eq!((&header["alg"], read.header_name()), (&name.into(), name));
        let public = read.verifying_key();
        assert_eq!(public.public_jwk().unwrap()["alg"], name);
        assert!(public.accepts("Ed25519") && public.accepts("EdDSA"));
    }
}

#[test]
fn a_name_that_is_not_accepted_is_not_published() {
    let key = SigningKey::generate(Algorithm::Ed25519).unwrap();
    let strict = key.verifying_key().accept_eddsa_name(false);
    assert!(!strict.accepts("EdDSA"));
    assert_eq!(strict.public_jwk().unwrap()["alg"], "Ed25519");
    let both = strict.accept_eddsa_name(true);
    assert!(both.accepts("EdDSA"));
    assert_eq!(both.public_jwk().unwrap()["alg"], "EdDSA");
}

#[test]
fn nothing_is_public_about_a_secret() {
    let key = SigningKey::generate(Algorithm::HS256).unwrap();
    assert_eq!(key.verifying_key().public_jwk(), None);
}

#[test]
fn debug_shows_no_key() {
    let key = VerifyingKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    assert_eq!(
        format!("{:?}", key.with_key_id("k")),
        "VerifyingKey { algorithm: HS256, key_id: Some(\"k\"), .. }"
    );
}

#[test]
fn the_issuer_of_a_jwk_is_kept_and_part_of_what_a_key_is() {
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    let jwk = |more: &str| {
        let json = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","kid":"k"{more}}}"#);
        VerifyingKey::from_jwk(json, None)
    };
    let plain = jwk("").unwrap();
    let entra = jwk(r#","issuer":"https://h.example/{tenantid}/v2.0""#).unwrap();
    assert_eq!(plain.issuer(), None);
    assert_eq!(entra.issuer(), Some("https://h.example/{tenantid}/v2.0"));
    let written = serde_json::to_vec(&entra.public_jwk()).unwrap();
    assert_eq!(
        VerifyingKey::from_jwk(&written, None).unwrap().issuer(),
        entra.issuer()
    );
    assert_eq!(plain, jwk("").unwrap());
    for other in [
        entra,
        plain.clone().with_key_id("K"),
        plain.clone().accept_eddsa_name(false),
    ] {
        assert_ne!(plain, other);
    }
    // A limit that cannot be read is no leave to go without.
    assert!(jwk(r#","issuer":["https://h.example"]"#).is_err());
}
