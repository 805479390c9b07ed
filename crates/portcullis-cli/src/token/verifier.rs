//! The verifier by which a token is explained.

use clap::Args;
use portcullis::{time::Timestamp, verify::Verifier};
use portcullis_remote::VerifierLoader;

use super::trusted::Trusted;
use crate::{
    config::{ConfigFile, load},
    failure::Failure,
    input::Input,
    output::Output,
    when,
};

/// What a token has to be: as a configuration says, or as the arguments do.
#[derive(Debug, Args)]
pub(super) struct VerifierArgs {
    #[command(flatten)]
    config: ConfigFile,
    #[command(flatten)]
    trusted: Trusted,
    /// Fetches the keys: from where the configuration or the metadata of the issuer says
    #[arg(long, conflicts_with_all = ["keys", "secret_file", "keys_url"])]
    fetch: bool,
    /// The time by which it is judged, in place of now, such as 2026-11-27T18:00:00Z
    #[arg(long, value_name = "TIME", value_parser = when::parse)]
    at: Option<Timestamp>,
}

impl VerifierArgs {
    /// Whether one of its files is standard input.
    pub(super) fn reads_stdin(&self) -> bool {
        self.config.is_stdin() || self.trusted.files().any(|input| *input == Input::Stdin)
    }

    pub(super) fn verifier(&self, output: &mut Output) -> Result<Verifier, Failure> {
        let clock = when::clock(self.at);
        match self.config.read()? {
            Some(config) => {
                let loader = VerifierLoader::new(&config).clock(clock);
                load(loader, self.fetch).map_err(|unread| self.config.refused(unread))
            }
            None => {
                let builder = self.trusted.builder(self.fetch, output)?;
                builder.clock(clock).build().map_err(Failure::usage)
            }
        }
    }
}
