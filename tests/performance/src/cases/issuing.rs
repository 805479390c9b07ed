//! Issuing an access token.

use aws_lc_rs::{
    hmac,
    rand::SystemRandom,
    signature::{EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use portcullis::{
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, CompactJws},
    subject::Subject,
};
use portcullis_testing::keys;

use crate::{
    fixture::{AUDIENCE, Fixture, ISSUER},
    measure::Case,
};

/// Signs what `Fixture::token` says and does nothing else.
pub fn primitive(fixture: &Fixture) -> Case {
    let token = CompactJws::parse(fixture.token.as_bytes(), 8192).expect("it is a token");
    let message = token.signing_input().to_vec();
    let name = "the primitive alone";
    let secret = keys::secret(fixture.algorithm);
    let der = || pem_to_der(secret);
    match fixture.algorithm {
        Algorithm::HS256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
            Case::new(name, move || hmac::sign(&key, &message))
        }
        Algorithm::RS256 => {
            let key = RsaKeyPair::from_pkcs8(&der()).expect("a key");
            let mut signature = vec![0; key.public_modulus_len()];
            Case::new(name, move || {
                key.sign(
                    &RSA_PKCS1_SHA256,
                    &SystemRandom::new(),
                    &message,
                    &mut signature,
                )
                .is_ok()
            })
        }
        Algorithm::ES256 => {
            let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
            let key = EcdsaKeyPair::from_pkcs8(algorithm, &der()).expect("a key");
            Case::new(name, move || {
                key.sign(&SystemRandom::new(), &message).is_ok()
            })
        }
        _ => {
            let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der()).expect("a key");
            Case::new(name, move || key.sign(&message))
        }
    }
}

/// An access token of an issuer.
pub fn access(fixture: &Fixture) -> Case {
    let issuer = issuer(fixture);
    let subject = Subject::new("users", "5ba552d67c8b4e0fa1d6b3a5f4c2e918");
    let scope: portcullis::claims::ScopeSet =
        "stations:read stations:write".parse().expect("scopes");
    Case::new("portcullis, an access token", move || {
        let token = AccessToken::new(&subject)
            .client("s6BhdRkqt3")
            .scope(scope.clone());
        issuer.access(&token).is_ok()
    })
}

pub fn issuer(fixture: &Fixture) -> TokenIssuer {
    TokenIssuer::builder(fixture.signing_key())
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .build()
        .expect("the fixture is complete")
}

fn pem_to_der(pem: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(pem);
    let base64: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    super::primitive::base64_decode(&base64)
}
