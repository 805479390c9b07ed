//! Building an [`Issuer`].

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use portcullis::{
    ConfigError,
    jose::{Algorithm, KeySet},
    time::SharedClock,
    verify::{LiveKeys, providers::Provider},
};

use super::{
    IssuerError,
    drive::drive,
    feed::Feed,
    handle::Issuer,
    origin::{Origin, Setting},
    told::Told,
};
use crate::{HttpClient, Source, Worker, schedule::Rules};

/// Builds an [`Issuer`]. Unless something else is said, its keys are where its
/// metadata says, and its metadata is where its name says.
///
/// ```no_run
/// use std::time::Duration;
/// use portcullis::jose::Algorithm;
/// use portcullis_remote::Issuer;
///
/// # fn example() -> Result<(), portcullis::ConfigError> {
/// let issuer = Issuer::builder("https://login.example.com/realms/main")
///     .algorithms([Algorithm::RS256, Algorithm::ES256])
///     .stale_limit(Duration::from_secs(4 * 3600))
///     .seed_file("/etc/service/issuer-keys.json")
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "does nothing until built"]
pub struct IssuerBuilder {
    issuer: Arc<str>,
    provider: Option<Arc<Provider>>,
    origin: Origin,
    seed: Option<Seed>,
    setting: Setting,
    stale_limit: Duration,
    interval: Option<Duration>,
    worker: Option<Worker>,
    metrics_name: Option<&'static str>,
}

#[derive(Clone)]
enum Seed {
    Keys(KeySet),
    From(Origin),
}

impl Issuer {
    /// The issuer of this name, which is the `iss` of its tokens and says where
    /// its metadata is. Its keys have been fetched when this returns: a service
    /// that must not start without them ends here.
    ///
    /// # Errors
    ///
    /// The name is no URL that may be fetched, or metadata or keys cannot be had.
    #[cfg(feature = "client")]
    pub async fn discover(issuer: impl Into<Arc<str>>) -> Result<Self, IssuerError> {
        Self::builder(issuer).connect().await
    }

    /// As [`discover`](Self::discover), but nothing is fetched before the first
    /// token comes: the service starts while the issuer is down, and until it is
    /// there answers 503.
    ///
    /// # Errors
    ///
    /// The name is no URL that may be fetched.
    #[cfg(feature = "client")]
    pub fn lazy(issuer: impl Into<Arc<str>>) -> Result<Self, ConfigError> {
        Self::builder(issuer).build()
    }

    /// Begins with the name of the issuer: the `iss` of its tokens.
    pub fn builder(issuer: impl Into<Arc<str>>) -> IssuerBuilder {
        IssuerBuilder {
            issuer: issuer.into(),
            provider: None,
            origin: Origin::Metadata,
            seed: None,
            setting: Setting::default(),
            stale_limit: Rules::STALE_LIMIT,
            interval: None,
            worker: None,
            metrics_name: None,
        }
    }
}

impl Issuer {
    /// Begins with a provider that is known by name: where its metadata or keys are,
    /// its algorithms, and how its tokens look.
    ///
    /// ```no_run
    /// use portcullis::verify::providers::Provider;
    /// use portcullis_remote::Issuer;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    /// let issuer = Issuer::of(Provider::entra_id(tenant)?).connect().await?;
    /// let verifier = issuer.verifier().audience("api://stations").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(provider: Provider) -> IssuerBuilder {
        let origin = match provider.keys_url() {
            Some(url) => Origin::KeysUrl(url.to_owned()),
            None => Origin::MetadataUrl(provider.metadata_url().to_owned()),
        };
        let mut builder = Self::builder(provider.issuer());
        builder.origin = origin;
        builder.setting.algorithms = Some(provider.algorithms().to_vec());
        builder.setting.bearer_file = provider.bearer_file().map(Arc::from);
        builder.setting.roots_file = provider.ca_file().map(Arc::from);
        builder.provider = Some(Arc::new(provider));
        builder
    }
}

impl IssuerBuilder {
    /// Where the metadata is, if not where the issuer's name says. It must still
    /// be that issuer's.
    ///
    /// Of this, `keys_url`, `keys_file` and `keys_from` the last one counts.
    pub fn metadata_url(mut self, url: impl Into<String>) -> Self {
        self.forget_files();
        self.origin = Origin::MetadataUrl(url.into());
        self
    }

    /// Where the key set is: for issuers without metadata.
    pub fn keys_url(mut self, url: impl Into<String>) -> Self {
        self.forget_files();
        self.origin = Origin::KeysUrl(url.into());
        self
    }

    /// A file with the keys, or a directory of such files: JWK Sets, JWKs, PEM. It
    /// is looked at again every few seconds, also through symbolic links that are
    /// swapped, as Kubernetes does.
    pub fn keys_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.origin = Origin::Files(path.into());
        self
    }

    /// Somewhere else that the keys come from. A [`KeySet`] is a source, too.
    pub fn keys_from(mut self, source: impl Source) -> Self {
        self.origin = Origin::Source(Arc::new(source));
        self
    }

    /// Keys to begin with, until the first fetch succeeds: a service starts with
    /// its issuer down. They are good for one [stale limit](Self::stale_limit).
    pub fn seed(mut self, keys: impl Into<KeySet>) -> Self {
        self.seed = Some(Seed::Keys(keys.into()));
        self
    }

    /// As [`seed`](Self::seed), from a file or directory.
    pub fn seed_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.seed = Some(Seed::From(Origin::Files(path.into())));
        self
    }

    /// As [`seed`](Self::seed), from another source, which is asked once.
    pub fn seed_from(mut self, source: impl Source) -> Self {
        self.seed = Some(Seed::From(Origin::Source(Arc::new(source))));
        self
    }

    /// The algorithms that tokens may have. Unless set, every public-key algorithm,
    /// where each key says which one it is for; an RSA key that does not say is for
    /// RS256. Set, such a key is for all of these that fit it.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.setting.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// How long keys are good without being seen again, counted from the last
    /// fetch that succeeded; an hour unless set. Then tokens get 503. A key that
    /// the issuer withdraws while it cannot be reached is good for no longer.
    pub fn stale_limit(mut self, limit: Duration) -> Self {
        self.stale_limit = limit;
        self
    }

    /// For how long keys count as fresh at most. Unless set, as long as the issuer
    /// says, between 30 seconds and an hour; ten minutes if it does not. They are
    /// fetched again after about four fifths of that.
    pub fn interval(mut self, longest: Duration) -> Self {
        self.interval = Some(longest);
        self
    }

    /// Who sends the requests; a `Client` unless set (feature `client`).
    pub fn http_client(mut self, client: impl HttpClient) -> Self {
        self.setting.client = Some(Arc::new(client));
        self
    }

    /// Allows `http://` URLs of this machine, for tests and sidecars. All others
    /// must be `https://`.
    pub fn allow_loopback_http(mut self) -> Self {
        self.setting.allow_loopback_http = true;
        self
    }

    /// A file with a Bearer token that is sent with every request for metadata and
    /// keys, read anew each time: the API server of Kubernetes wants one.
    pub fn bearer_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.setting.bearer_file = Some(path.into().into());
        self
    }

    /// The clock, of the verifiers too; the system's unless set.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.setting.clock = clock;
        self
    }

    /// The thread on which keys are fetched; one of its own unless set.
    pub fn worker(mut self, worker: &Worker) -> Self {
        self.worker = Some(worker.clone());
        self
    }

    /// What the issuer is called in metrics, where several are told apart: a name of the
    /// application's own, which nobody who sends tokens can choose. Without one, the
    /// issuer counts among all, and when its keys were fetched is not told.
    ///
    /// Nothing comes of it without the feature `metrics`.
    pub fn metrics_name(mut self, name: &'static str) -> Self {
        self.metrics_name = Some(name);
        self
    }

    /// A provider's token and certificates are for the place it names, and for no
    /// other.
    fn forget_files(&mut self) {
        if self.provider.is_some() {
            self.setting.bearer_file = None;
            self.setting.roots_file = None;
        }
    }

    /// Builds without fetching anything: that is for the first token that comes, or
    /// [`Issuer::ready`]. With a seed it begins at once, in the background.
    ///
    /// # Errors
    ///
    /// A URL is none that may be fetched; keys would go stale before they are
    /// fetched again; there is no HTTP client, or no thread.
    pub fn build(self) -> Result<Issuer, ConfigError> {
        if self.issuer.is_empty() {
            return Err(ConfigError::new("the issuer must not be empty"));
        }
        let rules = Rules::new(self.stale_limit, self.interval)?;
        let source = self.origin.source(&self.issuer, &self.setting)?;
        let (seed, later) = match self.seed {
            None => (None, None),
            Some(Seed::Keys(keys)) => (Some(keys), None),
            Some(Seed::From(origin)) => {
                let source = origin.source(&self.issuer, &self.setting)?;
                (None, Some(source))
            }
        };
        let worker = Worker::or_start(self.worker)?;
        let keys = LiveKeys::new(&self.setting.accepted_algorithms());
        let clock = self.setting.clock;
        let told = Told::new(self.metrics_name);
        let feed = Feed::new(self.issuer, keys, clock, rules, worker.clone(), told);
        let feed = Arc::new(feed);
        if let Some(keys) = seed {
            feed.seed(keys);
        }
        worker.run(drive(Arc::downgrade(&feed), feed.waker(), source, later));
        Ok(Issuer::new(feed, self.provider))
    }

    /// Builds, and waits until there are keys.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and if the first fetch fails and there is no seed
    /// that can be used.
    pub async fn connect(self) -> Result<Issuer, IssuerError> {
        let issuer = self.build()?;
        issuer.ready().await?;
        Ok(issuer)
    }
}

impl fmt::Debug for IssuerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerBuilder")
            .field("issuer", &self.issuer)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}
