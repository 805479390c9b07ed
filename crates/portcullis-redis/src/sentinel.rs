//! The sentinels that name a primary.

use std::{pin::Pin, time::Duration};

use futures_util::future::select_ok;
use redis::{
    Client, ConnectionAddr, ConnectionInfo, ErrorKind, RedisResult, TlsMode,
    sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType},
};
use tokio::{sync::Mutex, time::sleep};

/// Sentinels, each with a client of its own: one for all asks them in order, and is stuck at
/// one that says nothing for longer than a call may take.
pub(crate) struct Sentinels {
    clients: Vec<Mutex<SentinelClient>>,
    /// How long each is waited for until the next one is asked as well.
    patience: Duration,
}

impl Sentinels {
    /// The host of the primary's URL is the name that the sentinels know it by.
    pub(crate) fn new(
        nodes: &[ConnectionInfo],
        primary: &ConnectionInfo,
        limit: Duration,
        #[cfg(feature = "tls")] certificates: &redis::TlsCertificates,
    ) -> RedisResult<Self> {
        let clients = nodes.iter().map(|node| {
            let client = client(
                node,
                nodes.first().unwrap_or(node),
                primary,
                #[cfg(feature = "tls")]
                certificates,
            );
            client.map(Mutex::new)
        });
        // When half the time is over all have been asked.
        let shares = u32::try_from(nodes.len().max(1)).unwrap_or(u32::MAX);
        Ok(Self {
            clients: clients.collect::<RedisResult<_>>()?,
            patience: limit / shares.saturating_mul(2),
        })
    }

    /// The primary that the first one names that answers.
    pub(crate) async fn primary(&self) -> RedisResult<Client> {
        type Asked<'a> = Pin<Box<dyn Future<Output = RedisResult<Client>> + Send + 'a>>;

        let asks = (0..).zip(&self.clients).map(|(before, client)| {
            Box::pin(async move {
                sleep(self.patience * before).await;
                client.lock().await.async_get_client().await
            }) as Asked<'_>
        });
        select_ok(asks).await.map(|(client, _)| client)
    }
}

/// User and password of `first` are those of all.
fn client(
    node: &ConnectionInfo,
    first: &ConnectionInfo,
    primary: &ConnectionInfo,
    #[cfg(feature = "tls")] certificates: &redis::TlsCertificates,
) -> RedisResult<SentinelClient> {
    let (name, encrypted) = match primary.addr() {
        ConnectionAddr::Tcp(name, _) => (name, false),
        ConnectionAddr::TcpTls { host, .. } => (host, true),
        _ => {
            return Err((
                ErrorKind::InvalidClientConfig,
                "the URL of the primary needs its name as the host",
            )
                .into());
        }
    };
    let address = [node.addr().clone()];
    let mut client = SentinelClientBuilder::new(address, name, SentinelServerType::Master)?
        .set_client_to_redis_db(primary.redis_settings().db())
        .set_client_to_redis_protocol(primary.redis_settings().protocol())
        .set_client_to_redis_tcp_settings(primary.tcp_settings().clone().set_nodelay(true));
    if encrypted {
        client = client.set_client_to_redis_tls_mode(TlsMode::Secure);
        #[cfg(feature = "tls")]
        {
            client = client.set_client_to_redis_certificates(certificates.clone());
        }
    }
    if let Some(username) = primary.redis_settings().username() {
        client = client.set_client_to_redis_username(username);
    }
    if let Some(password) = primary.redis_settings().password() {
        client = client.set_client_to_redis_password(password);
    }
    if let Some(username) = first.redis_settings().username() {
        client = client.set_client_to_sentinel_username(username);
    }
    if let Some(password) = first.redis_settings().password() {
        client = client.set_client_to_sentinel_password(password);
    }
    #[cfg(feature = "tls")]
    if matches!(node.addr(), ConnectionAddr::TcpTls { .. }) {
        client = client.set_client_to_sentinel_certificates(certificates.clone());
    }
    client.build()
}
