//! The cryptography alone: aws-lc-rs with the key parsed once.

use aws_lc_rs::{hmac, signature::ParsedPublicKey};
use portcullis::jose::{Algorithm, CompactJws, MAX_SIGNATURE};
use portcullis_testing::keys;

use crate::{fixture::Fixture, measure::Case};

/// Verifies the signature of the fixture's token and does nothing else.
pub fn verify(fixture: &Fixture) -> Case {
    let token = CompactJws::parse(fixture.token.as_bytes(), 8192).expect("it is a token");
    let message = token.signing_input().to_vec();
    let mut buffer = [0; MAX_SIGNATURE];
    let signature = token
        .decode_signature(&mut buffer)
        .expect("it is signed")
        .to_vec();
    let name = "the primitive alone";
    if fixture.algorithm.is_symmetric() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, keys::secret(fixture.algorithm));
        return Case::new(name, move || {
            hmac::verify(&key, &message, &signature).is_ok()
        });
    }
    let key = public_key(fixture.algorithm);
    Case::new(name, move || key.verify_sig(&message, &signature).is_ok())
}

fn public_key(algorithm: Algorithm) -> ParsedPublicKey {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
        VerificationAlgorithm,
    };
    let verification: &'static dyn VerificationAlgorithm = match algorithm {
        Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
        Algorithm::PS256 => &RSA_PSS_2048_8192_SHA256,
        Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
        _ => &ED25519,
    };
    let pem = keys::public_pem(algorithm).expect("it has a public key");
    let base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = base64_decode(&base64);
    ParsedPublicKey::new(verification, der).expect("the fixture's key is good")
}

pub(super) fn base64_decode(text: &str) -> Vec<u8> {
    let url: String = text
        .chars()
        .filter(|char| *char != '=')
        .map(|char| match char {
            '+' => '-',
            '/' => '_',
            other => other,
        })
        .collect();
    let mut bytes = Vec::new();
    portcullis::jose::decode_segment(url.as_bytes(), &mut bytes).expect("it is base64");
    bytes
}
