//! RFC 8037 appendices A.1 to A.4, and the names of RFC 9864.

use portcullis::jose::{Algorithm, CompactJws, KeySet, SigningKey, VerifyingKey, encode_segment};
use vectors::open;

const A1_PRIVATE: &str = r#"{
    "kty": "OKP",
    "crv": "Ed25519",
    "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
}"#;

const A2_PUBLIC: &str = r#"{
    "kty": "OKP",
    "crv": "Ed25519",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
}"#;

const A3_THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

const A4_TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09P\
    GcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

#[test]
fn a1_is_the_private_key_of_a2() {
    let private = SigningKey::from_jwk(A1_PRIVATE, None).unwrap();
    let public = VerifyingKey::from_jwk(A2_PUBLIC, None).unwrap();
    assert_eq!(private.algorithm(), Algorithm::Ed25519);
    assert_eq!(private.verifying_key().public_jwk(), public.public_jwk());
    assert!(SigningKey::from_jwk(A2_PUBLIC, None).is_err());
}

#[test]
fn a3_thumbprint() {
    let key = VerifyingKey::from_jwk(A2_PUBLIC, None).unwrap();
    assert_eq!(key.thumbprint(), A3_THUMBPRINT);
}

#[test]
fn a4_verifies() {
    let key = VerifyingKey::from_jwk(A2_PUBLIC, None).unwrap();
    let payload = open(&KeySet::from(key), A4_TOKEN).unwrap();
    assert_eq!(payload, b"Example of Ed25519 signing");
}

#[test]
fn a4_is_what_is_signed() {
    let key = SigningKey::from_jwk(A1_PRIVATE, None).unwrap();
    let token = CompactJws::parse(A4_TOKEN.as_bytes(), 8192).unwrap();
    let signature = encode_segment(&key.sign(token.signing_input()).unwrap());
    assert_eq!(signature.as_bytes(), token.signature_segment());
}

/// RFC 9864: `EdDSA` is the older name, which is written unless somebody chooses
/// the newer one, and can be switched off for verifying.
#[test]
fn the_name_is_a_choice() {
    let key = VerifyingKey::from_jwk(A2_PUBLIC, None).unwrap();
    assert!(key.accepts("Ed25519") && key.accepts("EdDSA"));
    let strict = key.accept_eddsa_name(false);
    assert!(strict.accepts("Ed25519") && !strict.accepts("EdDSA"));
    assert!(open(&KeySet::from(strict), A4_TOKEN).is_err());

    let key = SigningKey::from_jwk(A1_PRIVATE, None).unwrap();
    // The header of A.4 is what an own token has.
    let token = CompactJws::parse(A4_TOKEN.as_bytes(), 8192).unwrap();
    assert_eq!(
        encode_segment(key.header_json(None).as_bytes()).as_bytes(),
        token.header_segment()
    );
    assert_eq!(key.verifying_key().public_jwk().unwrap()["alg"], "EdDSA");
    let newer = key.use_eddsa_name(false);
    assert_eq!(newer.header_name(), "Ed25519");
    assert_eq!(
        newer.verifying_key().public_jwk().unwrap()["alg"],
        "Ed25519"
    );
}
