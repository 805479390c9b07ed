//! Verifiers of a configuration.

use portcullis::verify::Verifier;
use portcullis_remote::{LoadError, VerifierLoader};

use super::file::Unread;
use crate::{failure::Failure, runtime::runtime};

/// The verifier, with the keys that its issuers have now if these shall be fetched.
pub(crate) fn load(loader: VerifierLoader<'_>, fetch: bool) -> Result<Verifier, Unread> {
    if !fetch {
        return loader.build().map_err(Unread::Problems);
    }
    runtime()?
        .block_on(loader.connect())
        .map_err(|error| match error {
            LoadError::Config(problems) => Unread::Problems(problems),
            error => Failure::unavailable(format!("the keys cannot be fetched: {error}"))
                .advice("an issuer that is down now may be up later; a wrong URL stays wrong")
                .into(),
        })
}
