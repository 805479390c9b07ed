//! `portcullis key thumbprint`.

use std::fmt;

use clap::Args;
use portcullis::jose::Algorithm;
use serde::Serialize;

use super::{algorithm, loaded::Loaded};
use crate::{
    failure::{Failure, Verdict},
    input::Input,
    output::Output,
};

/// Writes the SHA-256 thumbprint of each key (RFC 7638)
///
/// It is the same for a private key and its public half, in whatever form. That of a shared
/// secret is a hash of the secret: do not publish it (RFC 7638 section 7).
#[derive(Debug, Args)]
pub(crate) struct Thumbprint {
    /// The key, or a JWK Set; standard input if it is left out or `-`
    #[arg(value_name = "FILE")]
    input: Option<Input>,
    /// Writes the thumbprint as a URI (RFC 9278)
    #[arg(long)]
    uri: bool,
    /// The algorithm of a key that does not say it
    #[arg(long, value_parser = algorithm)]
    algorithm: Option<Algorithm>,
}

impl Thumbprint {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        let input = Input::or_stdin(self.input, "key")?;
        let keys = Loaded::read(&input, self.algorithm)?.key_set();
        let thumbprints = keys.iter().map(|key| Print {
            kid: key.key_id().map(str::to_owned),
            thumbprint: key.thumbprint(),
            uri: format!(
                "urn:ietf:params:oauth:jwk-thumbprint:sha-256:{}",
                key.thumbprint()
            ),
        });
        let thumbprints: Vec<_> = thumbprints.collect();
        if thumbprints.is_empty() {
            return Err(
                Failure::refused(format!("{input}: no key of the set can be used"))
                    .advice("`portcullis key show` says why"),
            );
        }
        output.show(&Prints {
            thumbprints,
            as_uri: self.uri,
        })?;
        Ok(Verdict::Good)
    }
}

#[derive(Serialize)]
struct Prints {
    thumbprints: Vec<Print>,
    #[serde(skip)]
    as_uri: bool,
}

#[derive(Serialize)]
struct Print {
    kid: Option<String>,
    thumbprint: String,
    uri: String,
}

impl fmt::Display for Prints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.thumbprints.iter().map(|print| match self.as_uri {
            true => print.uri.as_str(),
            false => print.thumbprint.as_str(),
        });
        f.write_str(&shown.collect::<Vec<_>>().join("\n"))
    }
}
