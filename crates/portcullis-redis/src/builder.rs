//! How a store is connected.

use std::{sync::Arc, time::Duration};

use portcullis::{
    session::{RemoteClock, StoreError},
    time::SharedClock,
};
use redis::{Client, ConnectionInfo, IntoConnectionInfo, RedisResult};

use crate::{
    ask::span,
    connection::{Link, Server},
    error::store_error,
    layout::Layout,
    old::{self, Moving},
    script::Scripts,
    settings,
    store::{Inner, RedisStore},
};

impl RedisStore {
    /// Connects to the server at `url`, such as `redis://127.0.0.1:6379/`, with
    /// the defaults of [`RedisStoreBuilder`].
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub async fn connect(url: impl redis::IntoConnectionInfo) -> Result<Self, StoreError> {
        Self::builder(url).connect().await
    }

    /// A store on the server at `url`, to change what must be changed.
    pub fn builder(url: impl redis::IntoConnectionInfo) -> RedisStoreBuilder {
        RedisStoreBuilder::new([url], false)
    }

    /// A store on the cluster that these nodes belong to; one that answers is
    /// enough.
    #[cfg(feature = "cluster")]
    pub fn cluster<U: redis::IntoConnectionInfo>(
        nodes: impl IntoIterator<Item = U>,
    ) -> RedisStoreBuilder {
        RedisStoreBuilder::new(nodes, true)
    }
}

/// A [`RedisStore`] that is not connected yet.
///
/// ```
/// use std::time::Duration;
/// use portcullis_redis::RedisStore;
///
/// # async fn example() -> Result<(), portcullis::session::StoreError> {
/// let store = RedisStore::builder("redis://127.0.0.1:6379/")
///     .prefix("my-service")
///     .timeout(Duration::from_millis(500))
///     .connect()
///     .await?;
/// # let _ = store;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is connected"]
pub struct RedisStoreBuilder {
    nodes: RedisResult<Vec<ConnectionInfo>>,
    cluster: bool,
    prefix: String,
    timeout: Duration,
    keep: Duration,
    poll_interval: Duration,
    clock: Option<SharedClock>,
}

impl RedisStoreBuilder {
    /// What the names of all keys begin with, unless it is changed.
    pub const DEFAULT_PREFIX: &str = "portcullis";

    /// How long a call may take by default.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

    /// How long what is over is kept by default.
    pub const DEFAULT_KEEP: Duration = Duration::from_secs(24 * 60 * 60);

    /// How often the store is read by default, behind the published feed.
    pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(5);

    pub(crate) fn new<U: IntoConnectionInfo>(
        nodes: impl IntoIterator<Item = U>,
        cluster: bool,
    ) -> Self {
        let nodes = nodes.into_iter().map(U::into_connection_info);
        Self {
            nodes: nodes.collect(),
            cluster,
            prefix: Self::DEFAULT_PREFIX.to_owned(),
            timeout: Self::DEFAULT_TIMEOUT,
            keep: Self::DEFAULT_KEEP,
            poll_interval: Self::DEFAULT_POLL_INTERVAL,
            clock: None,
        }
    }

    /// What the names of all keys begin with, behind a brace: services that
    /// share a server need different ones. Braces in it become underscores.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long a call may take, connecting included. After that its outcome is
    /// unknown, and the request is answered 503.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How long sessions that have ended, removed application tokens and
    /// revocations are kept: no less than the longest lifetime of an access
    /// token. Takes the place of the time that `purge` is given; the server
    /// forgets by itself.
    pub fn keep(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }

    /// How often [`RedisStore::watch`] reads the store, behind the published
    /// feed.
    pub fn poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Goes by `clock` in place of the server's. For tests: the clocks of
    /// several nodes never agree, and keys expire by the server's all the same.
    pub fn test_clock(mut self, clock: SharedClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Connects, and warns about settings of the server that may lose sessions.
    ///
    /// # Errors
    ///
    /// When the address makes no sense or the server does not answer
    /// ([`Unavailable`]); when the store was made by a newer version of this crate
    /// ([`Corrupt`]).
    ///
    /// [`Unavailable`]: portcullis::session::StoreErrorKind::Unavailable
    /// [`Corrupt`]: portcullis::session::StoreErrorKind::Corrupt
    pub async fn connect(self) -> Result<RedisStore, StoreError> {
        let nodes = self.nodes.map_err(StoreError::unavailable)?;
        let nodes: Vec<_> = nodes.into_iter().map(without_delay).collect();
        #[cfg(feature = "tls")]
        check_provider(&nodes)?;
        let clients: RedisResult<Vec<_>> = nodes.iter().cloned().map(Client::open).collect();
        let clients = clients.map_err(store_error)?;
        let server = server(&nodes, &clients, self.cluster, self.timeout)?;
        let layout = Layout::new(&self.prefix);
        let database = nodes.first().map_or(0, |node| node.redis_settings().db());
        let link = Link::new(server, self.timeout);
        let old = old::agree(&link, &layout).await?;
        settings::look_at(&link).await;
        Ok(RedisStore(Arc::new(Inner {
            link,
            channel: layout.channel(database),
            layout,
            nodes: clients,
            poll_interval: self.poll_interval,
            scripts: Scripts::new(),
            keep: span(self.keep),
            old,
            moving: Moving::new(),
            test_clock: self.clock,
            server_clock: RemoteClock::default(),
        })))
    }
}

/// Without a provider rustls panics at the first connection.
#[cfg(feature = "tls")]
fn check_provider(nodes: &[ConnectionInfo]) -> Result<(), StoreError> {
    let uses_tls =
        |node: &ConnectionInfo| matches!(node.addr(), redis::ConnectionAddr::TcpTls { .. });
    if nodes.iter().any(uses_tls) && rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(StoreError::unavailable(
            "no crypto provider of rustls is installed (`CryptoProvider::install_default`)",
        ));
    }
    Ok(())
}

/// Small commands must not wait to be sent together.
fn without_delay(node: ConnectionInfo) -> ConnectionInfo {
    let settings = node.tcp_settings().clone().set_nodelay(true);
    node.set_tcp_settings(settings)
}

/// How often the client of a cluster tries again by itself, and the pauses in between, in
/// milliseconds. It looks for all servers anew each time that one cannot be reached, and
/// does nothing else meanwhile, so that these are few; what a slot on its way needs is
/// in `script.rs`.
#[cfg(feature = "cluster")]
const RETRIES: u32 = 4;
#[cfg(feature = "cluster")]
const MIN_PAUSE: u64 = 10;
#[cfg(feature = "cluster")]
const MAX_PAUSE: u64 = 100;

#[cfg_attr(not(feature = "cluster"), allow(unused_variables))]
fn server(
    nodes: &[ConnectionInfo],
    clients: &[Client],
    cluster: bool,
    timeout: Duration,
) -> Result<Server, StoreError> {
    #[cfg(feature = "cluster")]
    if cluster {
        let client = redis::cluster::ClusterClientBuilder::new(nodes.iter().cloned())
            .connection_timeout(timeout)
            .response_timeout(timeout)
            .retries(RETRIES)
            .min_retry_wait(MIN_PAUSE)
            .max_retry_wait(MAX_PAUSE)
            .tcp_settings(redis::io::tcp::TcpSettings::default().set_nodelay(true))
            .build();
        return client
            .map(|client| Server::Cluster(Box::new(client)))
            .map_err(store_error);
    }
    let client = clients.first().cloned();
    client
        .map(|client| Server::Single(Box::new(client)))
        .ok_or_else(|| StoreError::unavailable("no address"))
}

#[cfg(test)]
mod tests {
    use portcullis::session::StoreErrorKind;

    use crate::RedisStore;

    #[tokio::test]
    async fn tls_without_its_feature_or_a_provider_is_an_error() {
        let error = RedisStore::connect("rediss://127.0.0.1:1/").await;
        assert_eq!(error.unwrap_err().kind(), StoreErrorKind::Unavailable);
    }
}
