//! From a configuration to a source of keys.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use portcullis::{ConfigError, jose::Algorithm, time::SharedClock};

use crate::{
    FetchError, HttpClient, Source,
    discovery::Discovery,
    http::Fetcher,
    source::{Discovered, INTERVAL, JwksUrl, KeyFiles, Reader},
    url_rules::UrlRules,
};

/// Where keys come from.
#[derive(Clone)]
pub(super) enum Origin {
    /// The metadata is where the issuer's name says.
    Metadata,
    MetadataUrl(String),
    KeysUrl(String),
    Files(PathBuf),
    Source(Arc<dyn Source>),
}

/// How they are fetched and read.
#[derive(Clone, Default)]
pub(super) struct Setting {
    pub(super) algorithms: Option<Vec<Algorithm>>,
    pub(super) client: Option<Arc<dyn HttpClient>>,
    pub(super) allow_loopback_http: bool,
    pub(super) bearer_file: Option<Arc<Path>>,
    /// Certificates that are trusted, and no others, unless there is an own client.
    pub(super) roots_file: Option<Arc<Path>>,
    pub(super) clock: SharedClock,
}

impl Origin {
    pub(super) fn source(
        &self,
        issuer: &str,
        setting: &Setting,
    ) -> Result<Arc<dyn Source>, ConfigError> {
        let reader = setting.reader();
        let clock = setting.clock.clone();
        let source: Arc<dyn Source> = match self {
            Self::Metadata => {
                let fetcher = setting.fetcher()?;
                let discovery = Discovery::of_issuer(issuer, fetcher.clone(), clock);
                let discovery = discovery.map_err(|error| config(&error))?;
                Arc::new(Discovered::new(discovery, fetcher, reader))
            }
            Self::MetadataUrl(url) => {
                let fetcher = setting.fetcher()?;
                let discovery = Discovery::at(url, issuer, fetcher.clone(), clock);
                let discovery = discovery.map_err(|error| config(&error))?;
                Arc::new(Discovered::new(discovery, fetcher, reader))
            }
            Self::KeysUrl(url) => {
                let source = JwksUrl::new(url, setting.fetcher()?, reader);
                Arc::new(source.map_err(|error| config(&error))?)
            }
            Self::Files(path) => Arc::new(KeyFiles::new(path, INTERVAL, reader)),
            Self::Source(source) => source.clone(),
        };
        Ok(source)
    }
}

impl Setting {
    /// The algorithms of tokens that may come to have a key.
    pub(super) fn accepted_algorithms(&self) -> Vec<Algorithm> {
        let public = || Algorithm::ALL.iter().filter(|it| !it.is_symmetric());
        let own = self.algorithms.clone();
        own.unwrap_or_else(|| public().copied().collect())
    }

    fn reader(&self) -> Reader {
        Reader::new(self.algorithms.as_deref())
    }

    fn fetcher(&self) -> Result<Fetcher, ConfigError> {
        let rules = UrlRules::default().loopback_http(self.allow_loopback_http);
        let client = match &self.client {
            Some(client) => client.clone(),
            None => default_client(self.roots_file.as_deref())?,
        };
        let fetcher = Fetcher::new(client)
            .with_rules(rules)
            .with_clock(self.clock.clone());
        Ok(match &self.bearer_file {
            Some(path) => fetcher.with_bearer_file(path.clone()),
            None => fetcher,
        })
    }
}

#[cfg(feature = "client")]
pub(super) fn default_client(roots: Option<&Path>) -> Result<Arc<dyn HttpClient>, ConfigError> {
    let client = crate::Client::builder();
    let client = match roots {
        Some(path) => client.roots(std::fs::read(path).map_err(|error| {
            ConfigError::new(format!(
                "the certificates in {} cannot be read: {error}",
                path.display()
            ))
        })?),
        None => client,
    };
    Ok(Arc::new(client.build()?))
}

#[cfg(not(feature = "client"))]
pub(super) fn default_client(_roots: Option<&Path>) -> Result<Arc<dyn HttpClient>, ConfigError> {
    Err(ConfigError::new(
        "there is no HTTP client: set one with `http_client`, or switch on the feature `client`",
    ))
}

/// What was found wrong before anything was fetched.
fn config(error: &FetchError) -> ConfigError {
    ConfigError::new(error.to_string())
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Metadata => f.write_str("Metadata"),
            Self::MetadataUrl(_) => f.write_str("MetadataUrl"),
            Self::KeysUrl(_) => f.write_str("KeysUrl"),
            Self::Files(path) => f.debug_tuple("Files").field(path).finish(),
            Self::Source(_) => f.write_str("Source"),
        }
    }
}
