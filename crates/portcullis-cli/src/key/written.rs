//! Keys that are written.

use std::path::Path;

use clap::ValueEnum;
use portcullis::jose::{KeySet, SigningKey, VerifyingKey};
use serde_json::Value;
use zeroize::Zeroizing;

use super::pem;
use crate::{failure::Failure, output::Output};

/// The form of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// PKCS#8 or, of a public key, SubjectPublicKeyInfo; without algorithm and key id
    Pem,
    /// A JSON Web Key, with its algorithm and key id
    Jwk,
}

impl Form {
    /// The form that the name of a file promises: a JWK unless it ends in `.pem`.
    pub(super) fn of(path: Option<&Path>) -> Self {
        let extension = path.and_then(Path::extension);
        match extension.is_some_and(|extension| extension.eq_ignore_ascii_case("pem")) {
            true => Self::Pem,
            false => Self::Jwk,
        }
    }
}

/// The private key or the secret, with a line end.
pub(super) fn private(key: &SigningKey, form: Form) -> Result<Zeroizing<String>, Failure> {
    match form {
        Form::Pem => pem::private(key),
        Form::Jwk => {
            let jwk = key.to_jwk().map_err(|error| {
                Failure::unavailable(format!("the key cannot be written: {error}"))
            })?;
            Ok(Zeroizing::new([jwk.expose(), "\n"].concat()))
        }
    }
}

/// The public key, with a line end.
pub(super) fn public(key: &VerifyingKey, form: Form) -> Result<String, Failure> {
    match form {
        Form::Pem => pem::public(key),
        Form::Jwk => match key.public_jwk() {
            Some(jwk) => Ok(Value::Object(jwk).to_string() + "\n"),
            None => Err(nothing_public()),
        },
    }
}

/// The public keys as a JWK Set, with a line end.
pub(super) fn key_set(keys: &KeySet) -> Result<String, Failure> {
    if keys.iter().all(|key| key.public_jwk().is_none()) {
        return Err(nothing_public());
    }
    Ok(keys.public_jwks() + "\n")
}

/// Writes a key to standard output.
pub(super) fn print(text: &str, output: &mut Output) -> Result<(), Failure> {
    output.line(text.trim_end())
}

fn nothing_public() -> Failure {
    Failure::refused("a shared secret has no public half: whoever verifies with it can sign")
        .advice("for tokens that others verify make a pair of keys, such as ES256")
}
