//! `portcullis key show`.

use std::fmt;

use clap::Args;
use portcullis::jose::{Algorithm, SkippedKey};
use serde::Serialize;

use super::{algorithm, facts::Facts, loaded::Loaded};
use crate::{
    escaped::Line,
    failure::{Failure, Verdict},
    input::Input,
    output::Output,
};

/// Says what a key is, and whether it is strong enough; never shows what is secret
///
/// Takes PEM (PKCS#8, PKCS#1, SEC 1, SubjectPublicKeyInfo, certificates), a JWK or a JWK
/// Set. Of a set, keys that cannot be used are listed with the reason. The exit code is 1 if
/// none can be used.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// The key; standard input if it is left out or `-`
    #[arg(value_name = "FILE")]
    input: Option<Input>,
    /// The algorithm of a key that does not say it: RSA in PEM is taken for RS256
    #[arg(long, value_parser = algorithm)]
    algorithm: Option<Algorithm>,
}

impl Show {
    pub(super) fn run(self, output: &mut Output) -> Result<Verdict, Failure> {
        let input = Input::or_stdin(self.input, "key")?;
        let shown = Shown::from(&Loaded::read(&input, self.algorithm)?);
        output.show(&shown)?;
        Ok(Verdict::good_if(!shown.keys.is_empty()))
    }
}

#[derive(Serialize)]
struct Shown {
    keys: Vec<Facts>,
    unusable: Vec<Unusable>,
}

/// A key of a set that cannot be used.
#[derive(Serialize)]
struct Unusable {
    /// Its place in the set, from 0.
    index: usize,
    kid: Option<String>,
    reason: String,
}

impl From<&Loaded> for Shown {
    fn from(loaded: &Loaded) -> Self {
        let (keys, skipped) = match loaded {
            Loaded::Signing(key) => (vec![Facts::of_signing(key)], &[][..]),
            Loaded::Verifying(key) => (vec![Facts::of_verifying(key)], &[][..]),
            Loaded::Set(keys, skipped) => {
                (keys.iter().map(Facts::of_verifying).collect(), &skipped[..])
            }
        };
        Self {
            keys,
            unusable: skipped.iter().map(Unusable::from).collect(),
        }
    }
}

impl From<&SkippedKey> for Unusable {
    fn from(key: &SkippedKey) -> Self {
        Self {
            index: key.index,
            kid: key.key_id.clone(),
            reason: key.reason.to_string(),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys.iter().map(|key| key.to_string());
        let unusable = self.unusable.iter().map(|key| key.to_string());
        let lines: Vec<_> = keys.chain(unusable).collect();
        match lines.is_empty() {
            true => f.write_str("the set is empty"),
            false => f.write_str(&lines.join("\n")),
        }
    }
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kid = self.kid.as_deref().unwrap_or("without kid");
        let (kid, reason) = (Line(kid), Line(&self.reason));
        write!(
            f,
            "cannot be used: number {} ({kid}): {reason}",
            self.index + 1
        )
    }
}
