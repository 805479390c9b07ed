//! Building an [`Introspector`].

use std::{fmt, sync::Arc, time::Duration};

use portcullis::{ConfigError, time::SharedClock};

use super::{
    client_auth::ClientAuth,
    endpoint::Endpoint,
    introspector::{Introspector, Settings},
    memory::Memory,
};
use crate::{HttpClient, Worker, http::Fetcher, url_rules::UrlRules};

/// Builds an [`Introspector`].
#[must_use = "does nothing until built"]
pub struct IntrospectorBuilder {
    place: Place,
    auth: ClientAuth,
    audience: Option<Arc<str>>,
    client: Option<Arc<dyn HttpClient>>,
    allows_loopback_http: bool,
    timeout: Duration,
    max_age: Duration,
    inactive_age: Duration,
    max_bytes: usize,
    max_requests: usize,
    clock: SharedClock,
    worker: Option<Worker>,
}

enum Place {
    Endpoint(Box<str>),
    Issuer(Arc<str>),
}

impl Introspector {
    /// Asks at this introspection endpoint: an https URL.
    pub fn at(endpoint: impl Into<Box<str>>, auth: ClientAuth) -> IntrospectorBuilder {
        IntrospectorBuilder::new(Place::Endpoint(endpoint.into()), auth)
    }

    /// Asks where the issuer's metadata say (`introspection_endpoint`, RFC 8414
    /// section 2). They are fetched at the first question, and again when they
    /// are no longer fresh, so that a service starts while its issuer is down. An
    /// endpoint on another host than the issuer's is not asked: give it to
    /// [`at`](Self::at) if it is meant.
    pub fn of_issuer(issuer: impl Into<Arc<str>>, auth: ClientAuth) -> IntrospectorBuilder {
        IntrospectorBuilder::new(Place::Issuer(issuer.into()), auth)
    }
}

impl IntrospectorBuilder {
    fn new(place: Place, auth: ClientAuth) -> Self {
        Self {
            place,
            auth,
            audience: None,
            client: None,
            allows_loopback_http: false,
            timeout: Duration::from_secs(2),
            max_age: Duration::from_secs(30),
            inactive_age: Duration::from_secs(5),
            max_bytes: 8 << 20,
            max_requests: 256,
            clock: SharedClock::default(),
            worker: None,
        }
    }

    /// For how long an answer counts that a token is active; 30 seconds unless
    /// set, and never after the token's `exp`. For as long as this a token is good
    /// here that the issuer has revoked. Zero asks at every request.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = age;
        self
    }

    /// For how long an answer counts that a token is not active; 5 seconds unless
    /// set.
    pub fn inactive_age(mut self, age: Duration) -> Self {
        self.inactive_age = age;
        self
    }

    /// How much memory answers may take, with their tokens, in bytes; 8 MiB
    /// unless set. An eighth is for tokens that are not active, so that whoever
    /// sends many of these pushes no good one out.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// About how many tokens is asked at the same time; 256 unless set. Beyond
    /// that requests with other tokens get a 503 at once.
    pub fn max_requests(mut self, requests: usize) -> Self {
        self.max_requests = requests;
        self
    }

    /// How long a question may take, the metadata included, which get half of it; 2
    /// seconds unless set. After that its requests get a 503.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whom [assertions](ClientAuth::private_key) name as their audience, where
    /// the issuer asks for something else than its name or, where that is not
    /// known, its introspection endpoint.
    pub fn assertion_audience(mut self, audience: impl Into<Arc<str>>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Who sends the requests; `Client` of this crate (feature `client`) unless
    /// set, which then keeps connections.
    pub fn client(mut self, client: impl HttpClient) -> Self {
        self.client = Some(Arc::new(client));
        self
    }

    /// Allows `http://` to this machine, for tests.
    pub fn allow_loopback_http(mut self) -> Self {
        self.allows_loopback_http = true;
        self
    }

    /// The clock; the system's unless set.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// The thread on which the issuer is asked; one of its own unless set.
    pub fn worker(mut self, worker: Worker) -> Self {
        self.worker = Some(worker);
        self
    }

    /// Builds. The issuer is not asked for anything yet.
    ///
    /// # Errors
    ///
    /// The URL is none that may be fetched; the audience of assertions is empty;
    /// no request or no time is allowed; there is no HTTP client, or no thread.
    pub fn build(self) -> Result<Introspector, ConfigError> {
        if self.audience.as_ref().is_some_and(|name| name.is_empty()) {
            return Err(ConfigError::new(
                "the audience of client assertions must not be empty",
            ));
        }
        if self.max_requests == 0 || self.timeout.is_zero() {
            return Err(ConfigError::new(
                "an introspector needs at least one request at a time, and some time for it",
            ));
        }
        let client = match self.client {
            Some(client) => client,
            None => default_client()?,
        };
        let fetcher = Fetcher::new(client)
            .with_rules(UrlRules::default().loopback_http(self.allows_loopback_http))
            .with_timeout(self.timeout)
            .with_clock(self.clock.clone());
        let of_url = |error: crate::FetchError| ConfigError::new(error.to_string());
        let (endpoint, issuer) = match self.place {
            Place::Endpoint(url) => (Endpoint::given(&url, &fetcher), None),
            Place::Issuer(issuer) => {
                // What is known serves if it cannot be fetched anew, and then there must
                // be time left for the question.
                let fetcher = fetcher.clone().with_timeout(self.timeout / 2);
                (
                    Endpoint::of_issuer(&issuer, &fetcher, self.clock.clone()),
                    Some(issuer),
                )
            }
        };
        let worker = match self.worker {
            Some(worker) => worker,
            None => Worker::start().map_err(|error| {
                ConfigError::new(format!("there is no thread to ask the issuer on: {error}"))
            })?,
        };
        Ok(Introspector::new(Settings {
            endpoint: endpoint.map_err(of_url)?,
            auth: self.auth,
            audience: self.audience.or(issuer),
            fetcher,
            timeout: self.timeout,
            max_requests: self.max_requests,
            memory: Memory::new(self.max_bytes, self.max_age, self.inactive_age),
            clock: self.clock,
            worker,
        }))
    }
}

/// How long idle connections are kept: all requests are sent from one thread.
#[cfg(feature = "client")]
const KEEP_ALIVE: Duration = Duration::from_secs(30);

#[cfg(feature = "client")]
fn default_client() -> Result<Arc<dyn HttpClient>, ConfigError> {
    let client = crate::Client::builder().keep_alive(KEEP_ALIVE).build()?;
    Ok(Arc::new(client))
}

#[cfg(not(feature = "client"))]
fn default_client() -> Result<Arc<dyn HttpClient>, ConfigError> {
    Err(ConfigError::new(
        "nobody can send requests: give a client, or switch the feature `client` on",
    ))
}

impl fmt::Debug for IntrospectorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectorBuilder")
            .field("auth", &self.auth)
            .field("max_age", &self.max_age)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
