//! How a store is connected.

use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use portcullis::{
    session::{RemoteClock, StoreError},
    time::SharedClock,
};

use crate::{
    connection::Link,
    keep::{self, Keep, least},
    layout::Layout,
    moving::Moving,
    old,
    script::Scripts,
    server::{Addresses, Kind},
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
        RedisStoreBuilder::new(Addresses::new([url], Kind::Single))
    }

    /// A store on the cluster that these nodes belong to; one that answers is
    /// enough.
    #[cfg(feature = "cluster")]
    pub fn cluster<U: redis::IntoConnectionInfo>(
        nodes: impl IntoIterator<Item = U>,
    ) -> RedisStoreBuilder {
        RedisStoreBuilder::new(Addresses::new(nodes, Kind::Cluster))
    }

    /// A store on the primary that these sentinels name; one that answers is enough.
    /// The URL of the primary has its name in place of the host, and what else is
    /// to be said: `redis://user:password@mymaster/0`, or `rediss://…`. User and
    /// password of the first sentinel are those of all.
    ///
    /// The sentinels are asked whenever there is no connection, and when the server
    /// says that it is a replica, or is not
    /// [confirmed](RedisStoreBuilder::confirmed_by_replicas): sentinels that are cut
    /// off together with a primary still name it. With `rediss://` they have to name
    /// nodes as the certificates do (`sentinel resolve-hostnames`, `announce-hostnames`).
    ///
    /// ```
    /// # use portcullis_redis::RedisStore;
    /// # async fn example() -> Result<(), portcullis::session::StoreError> {
    /// let sentinels = ["redis://10.0.0.1:26379/", "redis://10.0.0.2:26379/"];
    /// let store = RedisStore::sentinel(sentinels, "redis://mymaster/0")
    ///     .confirmed_by_replicas(1)
    ///     .connect()
    ///     .await?;
    /// # let _ = store;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "sentinel")]
    pub fn sentinel<U: redis::IntoConnectionInfo>(
        sentinels: impl IntoIterator<Item = U>,
        primary: impl redis::IntoConnectionInfo,
    ) -> RedisStoreBuilder {
        let kind = Kind::Sentinel(Box::new(primary.into_connection_info()));
        RedisStoreBuilder::new(Addresses::new(sentinels, kind))
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
    addresses: Addresses,
    prefix: String,
    timeout: Duration,
    keep: Option<Duration>,
    longest: Duration,
    confirming_replicas: u32,
    log_out_replicas: u32,
    poll_interval: Duration,
    clock: Option<SharedClock>,
}

impl RedisStoreBuilder {
    /// What the names of all keys begin with, unless it is changed.
    pub const DEFAULT_PREFIX: &str = "portcullis";

    /// How long a call may take by default.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);

    /// How long what is over is kept by default.
    pub const DEFAULT_KEEP: Duration = keep::DEFAULT;

    /// How often the store is read by default, behind the published feed.
    pub const DEFAULT_POLL_INTERVAL: Duration = Duration::from_secs(5);

    fn new(addresses: Addresses) -> Self {
        Self {
            addresses,
            prefix: Self::DEFAULT_PREFIX.to_owned(),
            timeout: Self::DEFAULT_TIMEOUT,
            keep: None,
            longest: Duration::ZERO,
            confirming_replicas: 0,
            log_out_replicas: 0,
            poll_interval: Self::DEFAULT_POLL_INTERVAL,
            clock: None,
        }
    }

    /// What the names of all keys begin with, behind a brace: services that
    /// share a server need different ones. Braces in it become underscores; in a cluster it
    /// must not be empty.
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
    /// revocations are kept at least; a day unless set. Takes the place of the time
    /// that `purge` is given; the server forgets by itself.
    ///
    /// The longest time that any node has asked for is in the store, and all go by
    /// it, so that one node does not trim what another needs: at the start, and
    /// those that run within a [`poll_interval`](Self::poll_interval) of
    /// [`watch`](RedisStore::watch), which asks for what its snapshot needs, too. To
    /// shorten it, start all nodes with a shorter one after deleting the key
    /// `{prefix}:keep`.
    pub fn keep(mut self, keep: Duration) -> Self {
        self.keep = Some(keep);
        self
    }

    /// The longest lifetime of an access token, whoever issues it. Revocations are
    /// kept for longer than that; a shorter [`keep`](Self::keep) beside it is refused
    /// by [`connect`](Self::connect). Where it is not said,
    /// [`watch`](RedisStore::watch) learns it from its snapshot.
    pub fn access_tokens_live_for(mut self, longest: Duration) -> Self {
        self.longest = longest;
        self
    }

    /// How many replicas must have what was written before the primary counts as
    /// [confirmed](portcullis::session::SessionStore::confirm), in a cluster each
    /// primary; 0 unless set.
    ///
    /// A primary that was cut off from the others goes on answering whoever still
    /// reaches it, without what is revoked elsewhere. One node at a time therefore
    /// writes to it now and then and waits (`WAIT`) until so many replicas have it;
    /// the time of that is in the store, and snapshots are no younger.
    ///
    /// * 0 proves only that the server takes writes: that it has not become a
    ///   replica, and with the server's own `min-replicas-to-write` that replicas
    ///   were there a moment ago.
    /// * All the replicas that there are: none of them is elsewhere and was promoted.
    ///   While one is down nothing is confirmed, and access tokens are answered 503
    ///   after [`max_silence`](portcullis::session::Revocations::with_max_silence).
    /// * Fewer: as many as are left out may be promoted elsewhere unnoticed.
    pub fn confirmed_by_replicas(mut self, replicas: u32) -> Self {
        self.confirming_replicas = replicas;
        self
    }

    /// How many replicas must have a log-out before it is answered; 0 unless set. It
    /// is for what ends sessions and tokens when somebody asks for it, such as
    /// `revoke` and `revoke_all`, not for refreshes.
    ///
    /// If fewer have it within half the [`timeout`](Self::timeout), the answer is an
    /// error like any other, and can be repeated: the log-out is in force, but may be
    /// undone by a fail-over. Those of one node are waited for one after the other.
    pub fn log_outs_reach_replicas(mut self, replicas: u32) -> Self {
        self.log_out_replicas = replicas;
        self
    }

    /// Trusts the certificates that these ones have signed (PEM), and not those of
    /// the operating system. Needs a `rediss://` URL.
    #[cfg(feature = "tls")]
    pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.addresses.certificates.root_cert = Some(pem.into());
        self
    }

    /// The certificate of this client with those that lead from it to a root, and its
    /// key (both PEM), for servers that ask for one, as Redis does unless it is told
    /// otherwise. Needs a `rediss://` URL.
    #[cfg(feature = "tls")]
    pub fn client_certificate(
        mut self,
        chain: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.addresses.certificates.client_tls = Some(redis::ClientTlsConfig {
            client_cert: chain.into(),
            client_key: key.into(),
        });
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
    /// ([`Corrupt`]); when [`keep`](Self::keep) is shorter than
    /// [access tokens live](Self::access_tokens_live_for), or the [`prefix`](Self::prefix) of
    /// a store in a cluster is empty ([`Unsupported`]).
    ///
    /// [`Unavailable`]: portcullis::session::StoreErrorKind::Unavailable
    /// [`Corrupt`]: portcullis::session::StoreErrorKind::Corrupt
    /// [`Unsupported`]: portcullis::session::StoreErrorKind::Unsupported
    pub async fn connect(self) -> Result<RedisStore, StoreError> {
        let keep = Keep::new(least(self.keep, self.longest)?);
        let (server, database) = self.addresses.server(self.timeout)?;
        if self.prefix.is_empty() && server.is_cluster() {
            return Err(StoreError::unsupported(
                "the prefix is empty, and `{}` is no hash tag in a cluster: give one (`prefix`)",
            ));
        }
        let layout = Layout::new(&self.prefix);
        let link = Link::new(server.clone(), self.timeout);
        let old = old::agree(&link, &layout).await?;
        settings::look_at(&link).await;
        let store = RedisStore(Arc::new(Inner {
            link,
            waiting: Link::new(server.clone(), self.timeout),
            proving: Link::new(server, self.timeout),
            confirming_replicas: self.confirming_replicas,
            unconfirmed: AtomicBool::default(),
            log_out_replicas: self.log_out_replicas,
            channel: layout.channel(database),
            layout,
            poll_interval: self.poll_interval,
            scripts: Scripts::new(),
            keep,
            old,
            moving: Moving::new(),
            test_clock: self.clock,
            server_clock: RemoteClock::default(),
        }));
        store.agree_on_keep().await?;
        if self.log_out_replicas > 0 {
            // Made while all nodes answer: one that hangs would hold a new connection up.
            let _ = store.0.waiting.send(&redis::cmd("PING")).await;
        }
        Ok(store)
    }
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

    #[cfg(feature = "cluster")]
    #[tokio::test]
    async fn a_cluster_needs_a_prefix() {
        let store = RedisStore::cluster(["redis://127.0.0.1:1/"]).prefix("");
        let error = store.connect().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unsupported);
        assert!(error.cause().to_string().contains("`prefix`"), "{error:?}");
    }
}
