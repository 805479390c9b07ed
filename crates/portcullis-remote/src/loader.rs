//! From a configuration to a verifier whose keys are fetched.

use std::{fmt, sync::Arc};

use portcullis::{
    ConfigError,
    config::{
        ClientCredentials, ConfigProblems, IntrospectionConfig, KeyOrigin, TrustedIssuer,
        VerifierConfig,
    },
    time::SharedClock,
    verify::{Ready, Verifier, VerifierBuilder, providers::Provider},
};

use crate::{ClientAuth, FetchError, HttpClient, Introspector, Issuer, Worker};

/// Builds a verifier of a [`VerifierConfig`], with keys that are fetched and issuers that
/// are asked.
///
/// ```no_run
/// use portcullis::config::VerifierConfig;
/// use portcullis_remote::VerifierLoader;
///
/// # async fn example(config: VerifierConfig) -> Result<(), Box<dyn std::error::Error>> {
/// // There are keys when this returns: a service that must not start without them ends here.
/// let verifier = VerifierLoader::new(&config).connect().await?;
/// // Or it starts whether its issuers are up or not, and until they are answers 503.
/// let verifier = VerifierLoader::new(&config).build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "does nothing until built"]
pub struct VerifierLoader<'c> {
    config: &'c VerifierConfig,
    clock: SharedClock,
    client: Option<Arc<dyn HttpClient>>,
    worker: Option<Worker>,
    further: Box<Further<'c>>,
}

type Complete = VerifierBuilder<Ready, Ready, Ready>;
type Further<'c> = dyn FnMut(&TrustedIssuer, Complete) -> Complete + Send + 'c;

impl<'c> VerifierLoader<'c> {
    /// Begins with a configuration.
    pub fn new(config: &'c VerifierConfig) -> Self {
        Self {
            config,
            clock: SharedClock::default(),
            client: None,
            worker: None,
            further: Box::new(|_, builder| builder),
        }
    }

    /// The clock; the system's unless set.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Who sends the requests; a `Client` for each issuer unless set (feature `client`).
    pub fn http_client(mut self, client: impl HttpClient) -> Self {
        self.client = Some(Arc::new(client));
        self
    }

    /// The thread on which keys are fetched; one for all issuers unless set.
    pub fn worker(mut self, worker: &Worker) -> Self {
        self.worker = Some(worker.clone());
        self
    }

    /// What no file can say, such as where revocations are looked up, or the
    /// application's own checks: see
    /// [`VerifierConfig::build_with`](portcullis::config::VerifierConfig::build_with).
    pub fn further(
        mut self,
        further: impl FnMut(&TrustedIssuer, Complete) -> Complete + Send + 'c,
    ) -> Self {
        self.further = Box::new(further);
        self
    }

    /// Builds without fetching anything: that is for the first token that comes.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the configuration.
    pub fn build(self) -> Result<Verifier, ConfigProblems> {
        self.build_keeping().map(|(verifier, _)| verifier)
    }

    /// Builds, and waits until there are keys of every issuer.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build), and if the first fetch of an issuer fails.
    pub async fn connect(self) -> Result<Verifier, LoadError> {
        let (verifier, issuers) = self.build_keeping().map_err(LoadError::Config)?;
        for issuer in issuers {
            let ready = issuer.ready().await;
            ready.map_err(|error| LoadError::Fetch(error.within(issuer.name())))?;
        }
        Ok(verifier)
    }

    /// The verifier, and the issuers whose keys are fetched.
    fn build_keeping(self) -> Result<(Verifier, Vec<Issuer>), ConfigProblems> {
        let Self {
            config,
            clock,
            client,
            mut worker,
            mut further,
        } = self;
        let mut origins = config.issuers().iter().map(TrustedIssuer::key_origin);
        if worker.is_none() && origins.any(|origin| origin != Some(KeyOrigin::Here)) {
            worker = Some(Worker::or_start(None)?);
        }
        let parts = Parts {
            clock,
            client,
            worker,
        };
        let mut issuers = Vec::new();
        let verifier = config.build_fetching(
            |issuer, provider, builder| match issuer.introspection.as_ref() {
                Some(settings) => {
                    let client = parts.client_for(issuer)?;
                    let introspector = parts.introspector(issuer, provider, settings, client);
                    let introspector =
                        introspector.map_err(|problems| problems.within("introspection"))?;
                    Ok(builder.introspected_by(introspector))
                }
                None => {
                    let fetched = parts.issuer(issuer, provider)?;
                    issuers.push(fetched.clone());
                    Ok(builder.keys_from(fetched))
                }
            },
            |issuer, builder| further(issuer, builder.clock(parts.clock.clone())),
        )?;
        Ok((verifier, issuers))
    }
}

/// What all issuers of a configuration share.
struct Parts {
    clock: SharedClock,
    client: Option<Arc<dyn HttpClient>>,
    worker: Option<Worker>,
}

impl Parts {
    fn issuer(
        &self,
        config: &TrustedIssuer,
        provider: Option<&Provider>,
    ) -> Result<Issuer, ConfigProblems> {
        let at = |error: ConfigError| ConfigProblems::new(config.origin_name(), error.to_string());
        let has_metadata = config.discover || config.metadata_url.is_some();
        if provider.is_none() && config.dangerous.any_issuer && has_metadata {
            return Err(ConfigProblems::new(
                config.origin_name(),
                "of any issuer nobody knows where its metadata is: set `jwks_uri`",
            ));
        }
        let mut builder = match provider {
            Some(provider) => Issuer::of(provider.clone()),
            None => Issuer::builder(name_of(config).unwrap_or(UNKNOWN)),
        };
        if let Some(url) = &config.metadata_url {
            builder = builder.metadata_url(url);
        }
        if let Some(url) = &config.jwks_uri {
            builder = builder.keys_url(url);
        }
        if let Some(path) = &config.watch_keys {
            builder = builder.keys_file(path);
        }
        if !config.algorithms.is_empty() {
            builder = builder.algorithms(config.algorithms.iter().copied());
        }
        if let Some(limit) = config.stale_limit {
            builder = builder.stale_limit(limit.into());
        }
        if let Some(longest) = config.interval {
            builder = builder.interval(longest.into());
        }
        if let Some(path) = &config.seed_file {
            builder = builder.seed_file(path);
        }
        if let Some(path) = &config.bearer_file {
            builder = builder.bearer_file(path);
        }
        if config.allow_loopback_http {
            builder = builder.allow_loopback_http();
        }
        if let Some(client) = self.client_for(config)? {
            builder = builder.http_client(client);
        }
        if let Some(worker) = &self.worker {
            builder = builder.worker(worker);
        }
        builder.clock(self.clock.clone()).build().map_err(at)
    }

    fn introspector(
        &self,
        config: &TrustedIssuer,
        provider: Option<&Provider>,
        settings: &IntrospectionConfig,
        client: Option<Arc<dyn HttpClient>>,
    ) -> Result<Introspector, ConfigProblems> {
        let (id, credentials) = settings.credentials()?;
        let auth = match credentials {
            ClientCredentials::Secret(secret) => ClientAuth::secret(id, &secret)?,
            ClientCredentials::PrivateKey(key) => ClientAuth::private_key(id, key)?,
            _ => return Err(ConfigError::new("credentials of an unknown kind").into()),
        };
        let issuer = provider.map(Provider::issuer).or(name_of(config));
        let mut builder = match (&settings.endpoint, issuer) {
            (Some(endpoint), _) => Introspector::at(endpoint.as_str(), auth),
            (None, Some(issuer)) => Introspector::of_issuer(issuer, auth),
            (None, None) => {
                return Err(ConfigProblems::new(
                    "endpoint",
                    "without an issuer nobody knows where to ask: set it",
                ));
            }
        };
        if let Some(audience) = &settings.assertion_audience {
            builder = builder.assertion_audience(audience.as_str());
        }
        if let Some(age) = settings.max_age {
            builder = builder.max_age(age.into());
        }
        if let Some(age) = settings.inactive_age {
            builder = builder.inactive_age(age.into());
        }
        if let Some(timeout) = settings.timeout {
            builder = builder.timeout(timeout.into());
        }
        if let Some(bytes) = settings.max_bytes {
            builder = builder.max_bytes(bytes);
        }
        if let Some(requests) = settings.max_requests {
            builder = builder.max_requests(requests);
        }
        if config.allow_loopback_http {
            builder = builder.allow_loopback_http();
        }
        if let Some(client) = client {
            builder = builder.client(client);
        }
        if let Some(worker) = &self.worker {
            builder = builder.worker(worker.clone());
        }
        Ok(builder.clock(self.clock.clone()).build()?)
    }

    /// The application's client, or one for what this issuer needs, if that is no usual one.
    fn client_for(
        &self,
        config: &TrustedIssuer,
    ) -> Result<Option<Arc<dyn HttpClient>>, ConfigProblems> {
        if let Some(client) = &self.client {
            return Ok(Some(client.clone()));
        }
        client_of(config)
    }
}

/// What the issuer is called, if that is said.
fn name_of(config: &TrustedIssuer) -> Option<&str> {
    let name = config.issuer.first().map(String::as_str);
    name.filter(|name| !name.is_empty())
}

/// Stands for the name of an issuer that may be any, or that is missing, which is told
/// elsewhere.
const UNKNOWN: &str = "https://issuer.invalid";

/// Whether something is fetched from this machine, to which no proxy leads.
#[cfg(feature = "client")]
fn is_on_this_machine(config: &TrustedIssuer) -> bool {
    let endpoint = config.introspection.as_ref();
    let urls = [
        config.issuer.first(),
        config.provider_origin.as_ref(),
        config.metadata_url.as_ref(),
        config.jwks_uri.as_ref(),
        endpoint.and_then(|settings| settings.endpoint.as_ref()),
    ];
    let mut urls = urls.into_iter().flatten();
    config.allow_loopback_http && urls.any(|url| url.starts_with("http://"))
}

#[cfg(feature = "client")]
fn client_of(config: &TrustedIssuer) -> Result<Option<Arc<dyn HttpClient>>, ConfigProblems> {
    let mut builder = crate::Client::builder();
    if is_on_this_machine(config) {
        builder = builder.no_proxy();
    } else if config.ca_file.is_none() {
        return Ok(None);
    }
    if let Some(path) = &config.ca_file {
        let pem = std::fs::read(path).map_err(|error| {
            let message = format!("{}: the file cannot be read: {error}", path.display());
            ConfigProblems::new("ca_file", message)
        })?;
        builder = builder.roots(pem);
    }
    let client = builder.build();
    let client = client.map_err(|error| ConfigProblems::new("ca_file", error.to_string()))?;
    Ok(Some(Arc::new(client)))
}

#[cfg(not(feature = "client"))]
fn client_of(_: &TrustedIssuer) -> Result<Option<Arc<dyn HttpClient>>, ConfigProblems> {
    // Whoever builds without one says that there is none.
    Ok(None)
}

impl fmt::Debug for VerifierLoader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifierLoader")
            .field("config", self.config)
            .finish_non_exhaustive()
    }
}

/// Why there is no verifier: whoever wrote the configuration is at fault, or whoever has
/// the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// The configuration cannot be used.
    Config(ConfigProblems),
    /// The first fetch failed; the message names the issuer.
    Fetch(FetchError),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(problems) => problems.fmt(f),
            Self::Fetch(error) => error.fmt(f),
        }
    }
}

// `Display` is that of the source.
impl std::error::Error for LoadError {}
