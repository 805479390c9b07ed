//! `portcullis key convert`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use portcullis::jose::{Algorithm, SigningKey, VerifyingKey};
use zeroize::Zeroizing;

use super::{
    algorithm,
    loaded::Loaded,
    new::{check_key_id, with_key_id},
    written::{self, Form},
};
use crate::{
    failure::{Failure, Verdict},
    file::{NewFile, Readers},
    input::Input,
    output::Output,
};

/// Writes a key in another form: PEM, JWK, or a JWK Set of its public half
///
/// Takes PEM (PKCS#8, PKCS#1, SEC 1, SubjectPublicKeyInfo, certificates), a JWK or a JWK
/// Set. A private key stays private unless `--public` is given or the form is `jwks`, which
/// holds public keys only. A key without an id gets its thumbprint (RFC 7638) as one.
#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// The key; standard input if it is left out or `-`
    #[arg(value_name = "FILE")]
    input: Option<Input>,
    /// The form to write
    #[arg(long, value_enum)]
    to: Target,
    /// Writes the public half of a private key
    #[arg(long)]
    public: bool,
    /// The file to write, which is made: of a private key with mode 0600
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Writes a private key to standard output, even if that is a terminal
    #[arg(long, conflicts_with = "out")]
    stdout: bool,
    /// The key id, in place of the one that it has
    #[arg(long)]
    kid: Option<String>,
    /// The algorithm of a key that does not say it: RSA in PEM is taken for RS256
    #[arg(long, value_parser = algorithm)]
    algorithm: Option<Algorithm>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Target {
    /// PKCS#8 or, of a public key, SubjectPublicKeyInfo; without algorithm and key id
    Pem,
    /// A JSON Web Key, with its algorithm and key id
    Jwk,
    /// A JWK Set of public keys, which may be published
    Jwks,
}

/// A key as text.
enum Text {
    Private(Zeroizing<String>),
    Public(String),
}

impl Convert {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        let input = Input::or_stdin(self.input.clone(), "key")?;
        let loaded = Loaded::read(&input, self.algorithm)?;
        let text = self.text(&loaded)?;
        let (text, readers) = match &text {
            Text::Private(text) => (text.as_str(), Readers::Owner),
            Text::Public(text) => (text.as_str(), Readers::Usual),
        };
        match &self.out {
            Some(path) => NewFile::create(path, readers)?.write(text.as_bytes())?,
            None if readers == Readers::Owner && !self.stdout => {
                return Err(
                    Failure::usage("this would write a private key to standard output").advice(
                        "name a file with --out, ask for it with --stdout, or take the public half \
                         with --public",
                    ),
                );
            }
            None => written::print(text, output)?,
        }
        Ok(Verdict::Good)
    }

    fn text(&self, loaded: &Loaded) -> Result<Text, Failure> {
        let form = match self.to {
            Target::Jwks => return self.key_set(loaded),
            Target::Pem => Form::Pem,
            Target::Jwk => Form::Jwk,
        };
        match loaded {
            Loaded::Signing(key) if !self.public => {
                let key = self.named_private(key.clone())?;
                written::private(&key, form).map(Text::Private)
            }
            Loaded::Signing(key) => self.public_text(key.verifying_key(), form),
            Loaded::Verifying(key) => self.public_text(key.clone(), form),
            Loaded::Set(keys, _) => {
                let mut keys = keys.iter();
                match (keys.next(), keys.next()) {
                    (Some(key), None) => self.public_text(key.clone(), form),
                    _ => Err(Failure::usage(
                        "a set of several keys, or of none, can only be written as one",
                    )
                    .advice("say --to jwks, or take one key out of it before")),
                }
            }
        }
    }

    fn public_text(&self, key: VerifyingKey, form: Form) -> Result<Text, Failure> {
        written::public(&self.named_public(key)?, form).map(Text::Public)
    }

    fn key_set(&self, loaded: &Loaded) -> Result<Text, Failure> {
        let keys = loaded.key_set();
        if self.kid.is_some() && keys.len() > 1 {
            return Err(Failure::usage("one key id is given for several keys"));
        }
        let keys = keys.iter().map(|key| self.named_public(key.clone()));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        written::key_set(&keys.into_iter().collect()).map(Text::Public)
    }

    fn named_private(&self, key: SigningKey) -> Result<SigningKey, Failure> {
        match (&self.kid, key.key_id()) {
            (Some(kid), _) => with_key_id(key, kid),
            (None, Some(_)) => Ok(key),
            (None, None) => {
                let thumbprint = key.thumbprint();
                Ok(key.with_key_id(thumbprint))
            }
        }
    }

    fn named_public(&self, key: VerifyingKey) -> Result<VerifyingKey, Failure> {
        match (&self.kid, key.key_id()) {
            (Some(kid), _) => {
                check_key_id(kid)?;
                Ok(key.with_key_id(kid))
            }
            (None, Some(_)) => Ok(key),
            (None, None) => {
                let thumbprint = key.thumbprint();
                Ok(key.with_key_id(thumbprint))
            }
        }
    }
}
