//! Keys of jsonwebtoken 10, which axum-jwt-auth takes.

use jsonwebtoken_10::{Algorithm as Old, DecodingKey, Validation};
use portcullis::jose::Algorithm;
use portcullis_testing::keys;

use crate::fixture::{AUDIENCE, Fixture, ISSUER};

pub fn key(fixture: &Fixture) -> DecodingKey {
    let pem = keys::public_pem(fixture.algorithm)
        .unwrap_or_default()
        .as_bytes();
    match fixture.algorithm {
        Algorithm::HS256 => Ok(DecodingKey::from_secret(keys::secret(fixture.algorithm))),
        Algorithm::RS256 => DecodingKey::from_rsa_pem(pem),
        Algorithm::ES256 => DecodingKey::from_ec_pem(pem),
        _ => DecodingKey::from_ed_pem(pem),
    }
    .expect("the fixture's key is good")
}

pub fn validation(fixture: &Fixture) -> Validation {
    let mut validation = Validation::new(match fixture.algorithm {
        Algorithm::HS256 => Old::HS256,
        Algorithm::RS256 => Old::RS256,
        Algorithm::ES256 => Old::ES256,
        _ => Old::EdDSA,
    });
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation
}
