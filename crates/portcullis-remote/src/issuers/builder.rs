//! Building [`Issuers`].

use std::{error::Error, fmt, future::Future, sync::Arc, time::Duration};

use portcullis::{ConfigError, time::SharedClock, verify::Verifier};

use super::{
    registry::{Issuers, Known},
    table::Table,
    tenant::{Shared, Tenant},
};
use crate::{HttpClient, Worker};

/// Builds [`Issuers`].
#[must_use = "does nothing until built"]
pub struct IssuersBuilder {
    known: Known,
    most: usize,
    idle: Duration,
    client: Option<Arc<dyn HttpClient>>,
    clock: SharedClock,
    worker: Option<Worker>,
}

const MOST: usize = 1000;
const IDLE: Duration = Duration::from_secs(3600);

impl Issuers {
    /// Issuers about which `known` can say at once whether they are trusted: the
    /// verifier of their tokens if so, `None` if not. With an error nobody can say,
    /// and the token gets 503.
    pub fn resolve<F>(known: F) -> IssuersBuilder
    where
        F: Fn(Tenant) -> Result<Option<Verifier>, Box<dyn Error + Send + Sync>>
            + Send
            + Sync
            + 'static,
    {
        IssuersBuilder::new(Known::Now(Box::new(known)))
    }

    /// As [`resolve`](Self::resolve), where the application has to ask somebody
    /// itself. The future is polled by the request that has the token, and dropped
    /// with it; for one issuer there may be several at once.
    ///
    /// ```
    /// use portcullis::verify::Verifier;
    /// use portcullis_remote::Issuers;
    ///
    /// # async fn audience_of(tenant: &str) -> std::io::Result<Option<String>> { Ok(None) }
    /// # fn example() -> Result<(), portcullis::ConfigError> {
    /// let tenants = Issuers::resolve_async(|tenant| async move {
    ///     let Some(audience) = audience_of(tenant.name()).await? else {
    ///         return Ok(None);
    ///     };
    ///     let issuer = tenant.issuer().build()?;
    ///     Ok(Some(issuer.verifier().audience(audience).build()?))
    /// })
    /// .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn resolve_async<F, Fut>(known: F) -> IssuersBuilder
    where
        F: Fn(Tenant) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Verifier>, Box<dyn Error + Send + Sync>>>
            + Send
            + 'static,
    {
        let known = move |tenant| -> std::pin::Pin<Box<dyn Future<Output = _> + Send>> {
            Box::pin(known(tenant))
        };
        IssuersBuilder::new(Known::Later(Box::new(known)))
    }
}

impl IssuersBuilder {
    fn new(known: Known) -> Self {
        Self {
            known,
            most: MOST,
            idle: IDLE,
            client: None,
            clock: SharedClock::default(),
            worker: None,
        }
    }

    /// How many are kept at most; 1,000 unless set. Beyond that the one that was
    /// used longest ago goes.
    pub fn max(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// After which time one that nobody has used goes; an hour unless set.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Who sends the requests for all of them; a `Client` unless set (feature
    /// `client`).
    pub fn http_client(mut self, client: impl HttpClient) -> Self {
        self.client = Some(Arc::new(client));
        self
    }

    /// The clock of all of them; the system's unless set.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// The thread on which the keys of all are fetched; one of their own unless
    /// set.
    pub fn worker(mut self, worker: &Worker) -> Self {
        self.worker = Some(worker.clone());
        self
    }

    /// Builds.
    ///
    /// # Errors
    ///
    /// If none could be kept, or there is no thread, or no HTTP client can be had.
    pub fn build(self) -> Result<Issuers, ConfigError> {
        if self.most == 0 || self.idle.is_zero() {
            return Err(ConfigError::new(
                "issuers that are not kept would be fetched anew for each token: keep at least one, \
                 and for a while",
            ));
        }
        let shared = Shared {
            worker: Worker::or_start(self.worker)?,
            client: match self.client {
                Some(client) => Some(client),
                None => default_client()?,
            },
            clock: self.clock,
        };
        let table = Table::new(self.most, self.idle);
        let sweep = (self.idle / 4).clamp(SWEEP.0, SWEEP.1);
        Ok(Issuers::of(self.known, table, shared, sweep))
    }
}

/// How often idle ones are looked for, at most and at least.
const SWEEP: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(60));

/// One for all, so that each does not keep connections and roots of its own.
#[cfg(feature = "client")]
fn default_client() -> Result<Option<Arc<dyn HttpClient>>, ConfigError> {
    Ok(Some(Arc::new(crate::Client::new()?)))
}

/// Each issuer says what is missing, if it needs one.
#[cfg(not(feature = "client"))]
fn default_client() -> Result<Option<Arc<dyn HttpClient>>, ConfigError> {
    Ok(None)
}

impl fmt::Debug for IssuersBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuersBuilder")
            .field("max", &self.most)
            .field("idle", &self.idle)
            .finish_non_exhaustive()
    }
}
