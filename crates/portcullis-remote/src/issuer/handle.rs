//! The issuer, as the application holds it.

use std::{fmt, sync::Arc};

use portcullis::verify::{
    KeySource, LiveKeys, MissingKey, NoAudience, Ready, Verifier, VerifierBuilder,
    providers::Provider,
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
pub struct Issuer {
    feed: Arc<Feed>,
    /// How its tokens look, where it is one that is known by name.
    provider: Option<Arc<Provider>>,
}

impl Issuer {
    pub(super) fn new(feed: Arc<Feed>, provider: Option<Arc<Provider>>) -> Self {
        Self { feed, provider }
    }

    /// Begins a verifier of this issuer's tokens: keys and `iss` are chosen, and of
    /// a [provider](Self::of) what its tokens must say; the audience is not.
    pub fn verifier(&self) -> VerifierBuilder<Ready, Ready, NoAudience> {
        let builder = Verifier::builder().keys_from(self.clone());
        let builder = match &self.provider {
            Some(provider) => provider.apply(builder),
            None => builder.issuer(self.feed.issuer().clone()),
        };
        builder.clock(self.feed.clock().clone())
    }

    /// Its name: the `iss` of its tokens; of a provider's many tenants, the pattern
    /// of it.
    pub fn name(&self) -> &str {
        self.feed.issuer()
    }

    /// What it says of itself, once its metadata was fetched; nothing where its
    /// keys come from elsewhere.
    pub fn metadata(&self) -> Option<Arc<Metadata>> {
        self.feed.metadata()
    }

    /// How its keys are, for readiness probes. Asks nobody.
    pub fn health(&self) -> IssuerHealth {
        self.feed.health()
    }

    /// Waits until there are keys that verify. If there are none yet, they are
    /// fetched.
    ///
    /// # Errors
    ///
    /// The attempt failed. Further ones are made in the background, and this can
    /// be called again.
    pub async fn ready(&self) -> Result<(), FetchError> {
        self.feed.ready().await
    }

    /// Fetches the keys now, without waiting for them: for whoever hears that they
    /// have changed, or wants them before the first request. While the issuer is
    /// down nothing is hastened.
    pub fn refresh(&self) {
        self.feed.nudge(Event::Changed);
    }
}

impl KeySource for Issuer {
    fn keys(&self) -> &LiveKeys {
        self.feed.keys()
    }

    fn missing(&self) -> MissingKey {
        self.feed.missing()
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
