//! Other issuers, as a file says, which is read again while the demo runs.

use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
};

use portcullis::{config::VerifierConfig, time::SharedClock, verify::Verifier};
use portcullis_remote::{LoadError, VerifierLoader, Worker};
use serde::Deserialize;

use crate::{hangups::Hangups, start::StartError};

/// What a file says is trusted.
#[derive(Debug)]
pub(crate) struct TrustFile {
    path: PathBuf,
    verifier: Verifier,
    clock: SharedClock,
    worker: Worker,
    hangups: Hangups,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Contents {
    verifier: VerifierConfig,
}

impl TrustFile {
    /// Reads the file. Nothing is fetched before the first token of an issuer comes, so
    /// that the demo starts whether it is up or not. From now on SIGHUP does not end the
    /// process.
    ///
    /// # Errors
    ///
    /// If something is wrong with the file.
    pub(crate) fn open(path: &Path, clock: &SharedClock) -> Result<Self, StartError> {
        let hangups = Hangups::catch().map_err(StartError::new)?;
        let worker = Worker::start().map_err(StartError::new)?;
        let config = read(path)?;
        let loader = VerifierLoader::new(&config).worker(&worker);
        let verifier = loader.clock(clock.clone()).build();
        Ok(Self {
            verifier: verifier.map_err(|problems| in_file(path, problems.within("verifier")))?,
            path: path.to_owned(),
            clock: clock.clone(),
            worker,
            hangups,
        })
    }

    /// Who trusts what the file says now, whatever it says later.
    pub(crate) fn verifier(&self) -> Verifier {
        self.verifier.clone()
    }

    /// Reads the file again at each SIGHUP.
    pub(crate) async fn follow(mut self) {
        while let Some(()) = self.hangups.next().await {
            match self.read_again().await {
                Ok(issuers) => tracing::info!(
                    file = %self.path.display(),
                    issuers,
                    "trusts what the file says now"
                ),
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "goes on to trust what it did before"
                ),
            }
        }
    }

    /// Trusts what the file says now; how many issuers that are. There must be keys of
    /// all of them: whose token comes next shall not wait for them, and those of the old
    /// verifier are lost.
    async fn read_again(&self) -> Result<usize, StartError> {
        let config = read(&self.path)?;
        let loader = VerifierLoader::new(&config).worker(&self.worker);
        let verifier = loader.clock(self.clock.clone()).connect().await;
        let verifier = verifier.map_err(|error| match error {
            LoadError::Config(problems) => in_file(&self.path, problems.within("verifier")),
            error => in_file(&self.path, error),
        })?;
        let replaced = self.verifier.replace(verifier);
        replaced.map_err(|error| in_file(&self.path, error))?;
        Ok(config.issuers().len())
    }
}

fn read(path: &Path) -> Result<VerifierConfig, StartError> {
    let text = fs::read_to_string(path).map_err(|error| in_file(path, error))?;
    // Not with the line that the error would show: a secret may stand there.
    let deserializer = toml::Deserializer::parse(&text);
    let deserializer = deserializer.map_err(|error| in_file(path, error.message()))?;
    let contents: Result<Contents, _> = serde_path_to_error::deserialize(deserializer);
    let contents = contents.map_err(|error| {
        let (place, reason) = (error.path(), error.inner().message());
        in_file(path, format_args!("{place}: {reason}"))
    })?;
    Ok(contents.verifier)
}

/// One line, however many things are wrong.
fn in_file(path: &Path, reason: impl Display) -> StartError {
    let reason = reason.to_string().replace('\n', "; ");
    StartError::new(format_args!("{}: {reason}", path.display()))
}
