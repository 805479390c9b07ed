//! The issuer, as the application holds it.

use std::{fmt, sync::Arc};

use portcullis::verify::{
    KeySource, LiveKeys, Missing, MissingKey, Ready, Verifier, VerifierBuilder,
};

use super::{IssuerHealth, feed::Feed};
use crate::{FetchError, Metadata, schedule::Event};

/// An issuer whose keys are fetched, and kept up to date for as long as anybody
/// holds this or a verifier made from it. Cheap to clone, and all clones are one.
///
/// ```no_run
/// use portcullis_remote::Issuer;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let issuer = Issuer::discover("https://login.example.com/realms/main").await?;
/// let verifier = issuer.verifier().audience("https://api.example").build()?;
/// # Ok(())
/// # }
/// ```
///
/// A request whose key is known never waits. Keys are fetched ahead of expiry, and
/// when a token names one that is not there: its request waits for up to two
/// seconds, together with all others. While the issuer is down the keys at hand go
/// on until the [stale limit](super::IssuerBuilder::stale_limit); then, and for
/// keys about which nobody can say, requests get 503 with `Retry-After`.
#[derive(Clone)]
pub struct Issuer(Arc<Feed>);

impl Issuer {
    pub(super) fn of(feed: Arc<Feed>) -> Self {
        Self(feed)
    }

    /// Begins a verifier of this issuer's tokens: keys and `iss` are chosen, the
    /// audience is not.
    pub fn verifier(&self) -> VerifierBuilder<Ready, Ready, Missing> {
        Verifier::builder()
            .keys_from(self.clone())
            .issuer(self.0.issuer().clone())
            .clock(self.0.clock().clone())
    }

    /// Its name: the `iss` of its tokens.
    pub fn name(&self) -> &str {
        self.0.issuer()
    }

    /// What it says of itself, once its metadata was fetched; nothing where its
    /// keys come from elsewhere.
    pub fn metadata(&self) -> Option<Arc<Metadata>> {
        self.0.metadata()
    }

    /// How its keys are, for readiness probes. Asks nobody.
    pub fn health(&self) -> IssuerHealth {
        self.0.health()
    }

    /// Waits until there are keys that verify. If there are none yet, they are
    /// fetched.
    ///
    /// # Errors
    ///
    /// The attempt failed. Further ones are made in the background, and this can
    /// be called again.
    pub async fn ready(&self) -> Result<(), FetchError> {
        self.0.ready().await
    }

    /// Fetches the keys now, without waiting for them: for whoever hears that they
    /// have changed, or wants them before the first request. While the issuer is
    /// down nothing is hastened.
    pub fn refresh(&self) {
        self.0.nudge(Event::Changed);
    }
}

impl KeySource for Issuer {
    fn keys(&self) -> &LiveKeys {
        self.0.keys()
    }

    fn missing(&self) -> MissingKey {
        self.0.missing()
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("name", &self.name())
            .field("health", &self.health())
            .finish_non_exhaustive()
    }
}
