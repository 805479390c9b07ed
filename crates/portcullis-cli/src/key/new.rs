//! `portcullis key new`.

use std::{fmt, path::PathBuf};

use clap::Args;
use portcullis::jose::{Algorithm, SigningKey};
use serde::Serialize;

use super::{
    algorithm,
    facts::Facts,
    written::{self, Form},
};
use crate::{
    failure::{Failure, Verdict},
    file::{NewFile, Readers},
    output::Output,
};

/// Makes a key that signs, or a shared secret
///
/// Algorithms: ES256, ES384, ES512, EdDSA (Ed25519), RS256, RS384, RS512, PS256, PS384,
/// PS512, and HS256, HS384, HS512 for shared secrets. RSA keys have 3072 bits. The key id
/// is the thumbprint of the key (RFC 7638), of a secret it is random.
///
/// The file is made with mode 0600 and must not be there before. A pair of keys for
/// services that verify: `portcullis key new ES256 --out key.jwk --public keys.json`.
#[derive(Debug, Args)]
pub(crate) struct New {
    /// What the key is for
    #[arg(value_parser = algorithm)]
    algorithm: Algorithm,
    /// The file of the private key, which is made
    #[arg(long, value_name = "FILE", required_unless_present = "stdout")]
    out: Option<PathBuf>,
    /// The form of the private key; PEM if the name of the file ends in `.pem`, otherwise a JWK
    #[arg(long, value_enum)]
    form: Option<Form>,
    /// A file for the public key, as a JWK Set that may be published
    #[arg(long, value_name = "FILE")]
    public: Option<PathBuf>,
    /// The key id, in place of the thumbprint
    #[arg(long)]
    kid: Option<String>,
    /// Writes the private key to standard output, even if that is a terminal
    #[arg(long, conflicts_with = "out")]
    stdout: bool,
}

impl New {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        let mut key = SigningKey::generate(self.algorithm)
            .map_err(|error| Failure::unavailable(format!("no key can be made: {error}")))?;
        if let Some(kid) = &self.kid {
            key = with_key_id(key, kid)?;
        }
        let form = self.form.unwrap_or_else(|| Form::of(self.out.as_deref()));
        let private = written::private(&key, form)?;
        let public = match &self.public {
            Some(_) => Some(written::key_set(&key.verifying_key().into())?),
            None => None,
        };
        // Both are there before anything is written.
        let private_file = match &self.out {
            Some(path) => Some(NewFile::create(path, Readers::Owner)?),
            None => None,
        };
        let public_file = match &self.public {
            Some(path) => Some(NewFile::create(path, Readers::Usual)?),
            None => None,
        };
        if let Some((file, text)) = public_file.zip(public) {
            file.write(text.as_bytes())?;
        }
        let Some(file) = private_file else {
            written::print(&private, output)?;
            return Ok(Verdict::Good);
        };
        file.write(private.as_bytes())?;
        if form == Form::Pem {
            output.note("PEM holds neither algorithm nor key id: name them where it is used");
        }
        output.show(&Made {
            key: Facts::of_signing(&key),
            private: self.out,
            public: self.public,
        })?;
        Ok(Verdict::Good)
    }
}

/// The key under another id, if tokens can carry it.
pub(super) fn with_key_id(key: SigningKey, kid: &str) -> Result<SigningKey, Failure> {
    check_key_id(kid)?;
    Ok(key.with_key_id(kid))
}

/// Whether tokens can carry a key id.
pub(super) fn check_key_id(kid: &str) -> Result<(), Failure> {
    let longest = portcullis::jose::MAX_KEY_ID;
    if (1..=longest).contains(&kid.len()) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "a key id has 1 to {longest} bytes, not {}",
        kid.len()
    )))
}

#[derive(Serialize)]
struct Made {
    key: Facts,
    private: Option<PathBuf>,
    public: Option<PathBuf>,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key.fmt(f)?;
        if let Some(path) = &self.private {
            write!(
                f,
                "\n  private     {}, for its owner's eyes",
                path.display()
            )?;
        }
        match &self.public {
            Some(path) => write!(f, "\n  public      {}", path.display()),
            None => Ok(()),
        }
    }
}
