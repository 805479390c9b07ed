//! How a store is connected.

use std::{fmt, sync::Arc, time::Duration};

use portcullis::{session::StoreError, time::SharedClock};
use sqlx::{PgPool, postgres::PgConnectOptions};

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
    source: Source,
    max_connections: Option<u32>,
    schema: Option<String>,
    timeout: Duration,
    poll_interval: Duration,
    test_clock: Option<SharedClock>,
}

/// Where connections come from.
enum Source {
    Options(Box<sqlx::Result<PgConnectOptions>>),
    Pool(PgPool),
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
        PostgresStoreBuilder::new(Source::Options(Box::new(url.parse())))
    }

    /// A store on the connections of a pool of yours.
    ///
    /// Whatever they are set to holds for you only: each call is a transaction that says for
    /// itself what it needs (`SET LOCAL`), and costs two answers of the server more than on
    /// connections of the store's own. The pool has to have connections to spare: one in
    /// five, and one at least, is left to questions about what was revoked, but not if you
    /// take it. [`watch`](Self::watch) connects by the pool's options, and so does the first
    /// call, to see that no proxy on the way pools transactions; what your `after_connect`
    /// does is not done there.
    ///
    /// ```no_run
    /// use portcullis_sqlx::PostgresStore;
    /// use sqlx::PgPool;
    ///
    /// # async fn example(pool: PgPool) -> Result<(), portcullis::session::StoreError> {
    /// let store = PostgresStore::from_pool(pool).schema("auth").connect().await?;
    /// store.migrate().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_pool(pool: PgPool) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(Source::Pool(pool))
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

    fn new(source: Source) -> Self {
        Self {
            source,
            max_connections: None,
            schema: None,
            timeout: Self::DEFAULT_TIMEOUT,
            poll_interval: Self::DEFAULT_POLL_INTERVAL,
            test_clock: None,
        }
    }

    /// Connects as these options say, not as the URL or pool does.
    pub fn options(mut self, options: PgConnectOptions) -> Self {
        self.source = Source::Options(Box::new(Ok(options)));
        self
    }

    /// The schema that has the tables, whatever the `search_path` is; `migrate` makes it if
    /// there is none, and may.
    pub fn schema(mut self, schema: &str) -> Self {
        self.schema = Some(schema.to_owned());
        self
    }

    /// How many connections there are at most, besides that of the feed. On the
    /// server `max_connections` must suffice for all nodes.
    ///
    /// One in five, and one at least, is kept for questions that wait for nobody, such as
    /// what was revoked: refreshes that wait for each other leave it alone. Of a single
    /// connection nothing can be kept. Of a pool of yours this is your own setting.
    pub fn max_connections(mut self, connections: u32) -> Self {
        self.max_connections = Some(connections.max(1));
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
    /// When a setting makes no sense, which it names; when no primary server answers there,
    /// or only behind a proxy that pools transactions.
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
    /// When a setting makes no sense, which it names.
    pub fn connect_lazy(self) -> Result<PostgresStore, StoreError> {
        let (timeout, schema) = (self.timeout, self.schema.as_deref());
        let pool = match (self.source, self.max_connections) {
            (Source::Options(options), connections) => {
                let options = (*options).map_err(StoreError::unavailable)?;
                settings::look_at_encryption(&options);
                Pool::new(
                    options,
                    connections.unwrap_or(Self::DEFAULT_MAX_CONNECTIONS),
                    timeout,
                    schema,
                )?
            }
            (Source::Pool(pool), None) => Pool::shared(pool, timeout, schema)?,
            (Source::Pool(_), Some(_)) => {
                return Err(StoreError::unsupported(
                    "max_connections: the pool has it already, and it cannot be changed here",
                ));
            }
        };
        Ok(PostgresStore {
            pool,
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
            .field("schema", &self.schema)
            .field("timeout", &self.timeout)
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}
