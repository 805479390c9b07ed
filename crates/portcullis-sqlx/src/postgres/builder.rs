//! How a store is connected.

use std::{fmt, sync::Arc, time::Duration};

use portcullis::{session::StoreError, time::SharedClock};
use sqlx::postgres::PgConnectOptions;

use super::{
    PostgresStore,
    clock::ServerClock,
    pool::{Pool, run},
    settings,
};

/// A [`PostgresStore`] that is not connected yet.
///
/// ```no_run
/// use std::time::Duration;
/// use portcullis_sqlx::PostgresStore;
///
/// # async fn example() -> Result<(), portcullis::session::StoreError> {
/// let store = PostgresStore::builder("postgres://sessions@db.internal/sessions")
///     .max_connections(20)
///     .timeout(Duration::from_secs(1))
///     .connect()
///     .await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[must_use = "does nothing until it is connected"]
pub struct PostgresStoreBuilder {
    options: sqlx::Result<PgConnectOptions>,
    max_connections: u32,
    timeout: Duration,
    poll_interval: Duration,
    test_clock: Option<SharedClock>,
}

impl PostgresStore {
    /// Connects to the server and database of a
    /// [connection URL](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
    ///
    /// The tables are looked for along the `search_path`; they are made by
    /// [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// When the URL makes no sense, or no primary server answers there.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::builder(url).connect().await
    }

    /// A store that is to be connected to the server of this URL, with other
    /// settings than the default.
    pub fn builder(url: &str) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(url)
    }
}

impl PostgresStoreBuilder {
    /// How many connections there are at most by default, besides that of the
    /// feed.
    pub const DEFAULT_MAX_CONNECTIONS: u32 = 10;

    /// How long a call may take by default.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(3);

    /// The longest time that a call may take. A snapshot of revocations reads
    /// again from a minute before its last reading, and a transaction must not
    /// be hidden for longer.
    pub const LONGEST_TIMEOUT: Duration = Duration::from_secs(30);

    /// How often the store is read by default, behind the feed.
    pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(5);

    pub(super) fn new(url: &str) -> Self {
        Self {
            options: url.parse(),
            max_connections: Self::DEFAULT_MAX_CONNECTIONS,
            timeout: Self::DEFAULT_TIMEOUT,
            poll_interval: Self::DEFAULT_POLL_INTERVAL,
            test_clock: None,
        }
    }

    /// Connects as these options say, not as the URL does.
    pub fn options(mut self, options: PgConnectOptions) -> Self {
        self.options = Ok(options);
        self
    }

    /// How many connections there are at most, besides that of the feed. On the
    /// server `max_connections` must suffice for all nodes.
    ///
    /// One in five, and one at least, is kept for questions that wait for nobody, such as
    /// what was revoked: refreshes that wait for each other leave it alone. Of a single
    /// connection nothing can be kept.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = connections.max(1);
        self
    }

    /// How long a call may take, waiting for a connection included; at most
    /// [`LONGEST_TIMEOUT`](Self::LONGEST_TIMEOUT). After that its outcome is
    /// unknown, and the request is answered 503.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.clamp(Duration::from_millis(2), Self::LONGEST_TIMEOUT);
        self
    }

    /// How often [`PostgresStore::watch`] reads the store, behind the feed.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval.max(Duration::from_millis(1));
        self
    }

    /// Goes by `clock` in place of the server's. For tests: the clocks of
    /// several nodes never agree.
    pub fn test_clock(mut self, clock: SharedClock) -> Self {
        self.test_clock = Some(clock);
        self
    }

    /// Connects, and warns about settings of the server that may lose sessions.
    ///
    /// # Errors
    ///
    /// When the URL makes no sense, or no primary server answers there.
    pub async fn connect(self) -> Result<PostgresStore, StoreError> {
        let store = self.connect_lazy()?;
        match run!(store.pool.call(), |c| settings::look_at(c, &store.clock)) {
            Ok(()) => Ok(store),
            Err(error) => Err(store.pool.reason().await.unwrap_or(error)),
        }
    }

    /// The store without a connection: the first call connects. For a node that
    /// is to start while the server is down.
    ///
    /// # Errors
    ///
    /// When the URL makes no sense.
    pub fn connect_lazy(self) -> Result<PostgresStore, StoreError> {
        let options = self.options.map_err(StoreError::unavailable)?;
        settings::look_at_encryption(&options);
        Ok(PostgresStore {
            pool: Pool::new(options, self.max_connections, self.timeout),
            poll_interval: self.poll_interval,
            clock: Arc::new(ServerClock::new(self.test_clock)),
        })
    }
}

impl fmt::Debug for PostgresStoreBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The options have the password.
        f.debug_struct("PostgresStoreBuilder")
            .field("max_connections", &self.max_connections)
            .field("timeout", &self.timeout)
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}
