//! Where the server is, and how it is reached.

use std::time::Duration;

use portcullis::session::StoreError;
use redis::{Client, ConnectionInfo, IntoConnectionInfo, RedisResult};

use crate::error::store_error;

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

/// What the addresses that a builder was given stand for.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// The server.
    Single,
    /// Nodes of a cluster.
    #[cfg(feature = "cluster")]
    Cluster,
    /// Sentinels. What the primary's URL says besides its name in place of the host.
    #[cfg(feature = "sentinel")]
    Sentinel(Box<RedisResult<ConnectionInfo>>),
}

/// Addresses that are not looked at yet.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    nodes: RedisResult<Vec<ConnectionInfo>>,
    kind: Kind,
    #[cfg(feature = "tls")]
    pub(crate) certificates: redis::TlsCertificates,
}

/// Where the commands go.
#[derive(Clone)]
pub(crate) enum Server {
    /// One server, or whatever a name stands for at the time.
    Single(Box<Client>),
    /// A cluster, and the nodes that were named.
    #[cfg(feature = "cluster")]
    Cluster(Box<redis::cluster::ClusterClient>, Vec<Client>),
    /// Whatever sentinels say is the primary.
    #[cfg(feature = "sentinel")]
    Sentinel(std::sync::Arc<crate::sentinel::Sentinels>),
}

impl Addresses {
    pub(crate) fn new<U: IntoConnectionInfo>(
        nodes: impl IntoIterator<Item = U>,
        kind: Kind,
    ) -> Self {
        let nodes = nodes.into_iter().map(U::into_connection_info);
        Self {
            nodes: nodes.collect(),
            kind,
            #[cfg(feature = "tls")]
            certificates: redis::TlsCertificates {
                client_tls: None,
                root_cert: None,
            },
        }
    }

    /// The server that they lead to, and the number of its database.
    #[cfg_attr(
        not(any(feature = "cluster", feature = "sentinel")),
        allow(unused_variables)
    )]
    pub(crate) fn server(self, limit: Duration) -> Result<(Server, i64), StoreError> {
        let nodes = self.nodes.map_err(StoreError::unavailable)?;
        let nodes: Vec<_> = nodes.into_iter().map(without_delay).collect();
        let first = nodes
            .first()
            .ok_or_else(|| StoreError::unavailable("no address"))?;
        #[cfg(feature = "tls")]
        check_provider(&nodes)?;
        #[cfg(feature = "tls")]
        check_roots(&self.certificates)?;
        let database = first.redis_settings().db();
        match self.kind {
            Kind::Single => {
                #[cfg(feature = "tls")]
                let client = client(first.clone(), &self.certificates);
                #[cfg(not(feature = "tls"))]
                let client = Client::open(first.clone());
                let client = client.map_err(store_error)?;
                Ok((Server::Single(Box::new(client)), database))
            }
            #[cfg(feature = "cluster")]
            Kind::Cluster => {
                let client = redis::cluster::ClusterClientBuilder::new(nodes.iter().cloned())
                    .connection_timeout(limit)
                    .response_timeout(limit)
                    .retries(RETRIES)
                    .min_retry_wait(MIN_PAUSE)
                    .max_retry_wait(MAX_PAUSE)
                    .tcp_settings(redis::io::tcp::TcpSettings::default().set_nodelay(true));
                #[cfg(feature = "tls")]
                let client = match uses_tls(first) {
                    true => client.certs(self.certificates.clone()),
                    false => client,
                };
                let client = client.build().map_err(store_error)?;
                #[cfg(feature = "tls")]
                let open = |node| self::client(node, &self.certificates);
                #[cfg(not(feature = "tls"))]
                let open = Client::open::<ConnectionInfo>;
                let feeds: RedisResult<Vec<_>> = nodes.into_iter().map(open).collect();
                let feeds = feeds.map_err(store_error)?;
                Ok((Server::Cluster(Box::new(client), feeds), database))
            }
            #[cfg(feature = "sentinel")]
            Kind::Sentinel(primary) => {
                let primary = primary.map_err(StoreError::unavailable)?;
                #[cfg(feature = "tls")]
                check_provider(std::slice::from_ref(&primary))?;
                #[cfg(feature = "tls")]
                if !uses_tls(&primary) && !nodes.iter().any(uses_tls) {
                    // Refuses certificates that nobody would use, as elsewhere.
                    client(first.clone(), &self.certificates).map_err(store_error)?;
                }
                let database = primary.redis_settings().db();
                let sentinels = crate::sentinel::Sentinels::new(
                    &nodes,
                    &primary,
                    limit,
                    #[cfg(feature = "tls")]
                    &self.certificates,
                );
                let sentinels = std::sync::Arc::new(sentinels.map_err(store_error)?);
                Ok((Server::Sentinel(sentinels), database))
            }
        }
    }
}

impl Server {
    pub(crate) fn is_cluster(&self) -> bool {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(..) => true,
            _ => false,
        }
    }

    /// The primary, as it is known now; of a cluster, one of the nodes.
    pub(crate) async fn primary(&self) -> RedisResult<Client> {
        let mut feeds = self.feeds().await?;
        Ok(feeds.swap_remove(0))
    }

    /// Where the feed can be listened to, at least one: any node of a cluster will do.
    pub(crate) async fn feeds(&self) -> RedisResult<Vec<Client>> {
        match self {
            Self::Single(client) => Ok(vec![(**client).clone()]),
            #[cfg(feature = "cluster")]
            Self::Cluster(_, nodes) => Ok(nodes.clone()),
            #[cfg(feature = "sentinel")]
            Self::Sentinel(sentinels) => Ok(vec![sentinels.primary().await?]),
        }
    }
}

#[cfg(feature = "tls")]
fn client(node: ConnectionInfo, certificates: &redis::TlsCertificates) -> RedisResult<Client> {
    match certificates.root_cert.is_none() && certificates.client_tls.is_none() {
        true => Client::open(node),
        // Refuses a URL without encryption.
        false => Client::build_with_tls(node, certificates.clone()),
    }
}

/// Without a provider rustls panics at the first connection.
#[cfg(feature = "tls")]
fn check_provider(nodes: &[ConnectionInfo]) -> Result<(), StoreError> {
    if nodes.iter().any(uses_tls) && rustls::crypto::CryptoProvider::get_default().is_none() {
        return Err(StoreError::unavailable(
            "no crypto provider of rustls is installed (`CryptoProvider::install_default`)",
        ));
    }
    Ok(())
}

/// Text without a certificate would be taken for no root at all.
#[cfg(feature = "tls")]
fn check_roots(certificates: &redis::TlsCertificates) -> Result<(), StoreError> {
    use rustls::pki_types::{CertificateDer, pem::PemObject};

    let roots = certificates.root_cert.as_deref();
    if roots.is_some_and(|pem| CertificateDer::pem_slice_iter(pem).next().is_none()) {
        return Err(StoreError::unavailable(
            "`root_certificates` has no certificate in PEM",
        ));
    }
    Ok(())
}

#[cfg(feature = "tls")]
fn uses_tls(node: &ConnectionInfo) -> bool {
    matches!(node.addr(), redis::ConnectionAddr::TcpTls { .. })
}

/// Small commands must not wait to be sent together.
fn without_delay(node: ConnectionInfo) -> ConnectionInfo {
    let settings = node.tcp_settings().clone().set_nodelay(true);
    node.set_tcp_settings(settings)
}
