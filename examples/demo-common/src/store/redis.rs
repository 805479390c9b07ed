//! Sessions and keys on a Redis server or cluster.

use std::time::Duration;

use portcullis::secret::SecretString;
use portcullis_redis::{RedisStore, RedisStoreBuilder};
use redis::{AsyncCommands, RedisResult, cluster::ClusterClient};

use super::cannot_open;
use crate::{cli::ServerUrl, start::StartError};

/// How long the server may take over a key.
const PATIENCE: Duration = Duration::from_secs(10);

/// A Redis database, or the keys in one that begin with the `prefix` of its
/// URL.
pub(crate) struct Redis {
    url: ServerUrl,
    is_cluster: bool,
    sessions: RedisStore,
}

impl Redis {
    pub(super) async fn open(url: &ServerUrl, keep: Duration) -> Result<Self, StartError> {
        Self::connect(url, RedisStore::builder(url.expose()), false, keep).await
    }

    pub(super) async fn open_cluster(url: &ServerUrl, keep: Duration) -> Result<Self, StartError> {
        let nodes = url.nodes();
        let store = RedisStore::cluster(nodes.iter().map(SecretString::expose));
        Self::connect(url, store, true, keep).await
    }

    async fn connect(
        url: &ServerUrl,
        store: RedisStoreBuilder,
        is_cluster: bool,
        keep: Duration,
    ) -> Result<Self, StartError> {
        let sessions = store
            .prefix(prefix(url))
            .keep(keep)
            .connect()
            .await
            .map_err(|error| cannot_open(url, &error))?;
        let url = url.clone();
        Ok(Self {
            url,
            is_cluster,
            sessions,
        })
    }

    pub(super) fn sessions(&self) -> &RedisStore {
        &self.sessions
    }

    /// Where the key with this name is, for messages.
    pub(crate) fn key_place(&self, name: &str) -> String {
        format!("{}:demo:{name} at {}", prefix(&self.url), self.url)
    }

    /// The key with this name: `new` where there is none yet. Of several servers
    /// that ask at once all get the same.
    ///
    /// # Errors
    ///
    /// If the server fails.
    pub(crate) async fn key(
        &self,
        name: &str,
        new: SecretString,
    ) -> Result<SecretString, StartError> {
        let key = format!("{}:demo:{name}", prefix(&self.url));
        let keep = async {
            if self.is_cluster {
                let nodes = self.url.nodes();
                let client = ClusterClient::new(nodes.iter().map(SecretString::expose))?;
                kept(client.get_async_connection().await?, &key, &new).await
            } else {
                let client = redis::Client::open(self.url.expose())?;
                let connection = client.get_multiplexed_async_connection().await?;
                kept(connection, &key, &new).await
            }
        };
        let what = || format!("cannot use {}", self.key_place(name));
        match tokio::time::timeout(PATIENCE, keep).await {
            Ok(Ok(kept)) => Ok(SecretString::from(kept)),
            Ok(Err(error)) => Err(StartError::caused(what(), &error)),
            Err(error) => Err(StartError::caused(what(), &error)),
        }
    }
}

async fn kept(
    mut connection: impl AsyncCommands,
    key: &str,
    new: &SecretString,
) -> RedisResult<String> {
    let _: bool = connection.set_nx(key, new.expose()).await?;
    connection.get(key).await
}

/// `redis://…?prefix=NAME`: for services that share a database.
fn prefix(url: &ServerUrl) -> &str {
    url.parameter("prefix")
        .filter(|prefix| !prefix.is_empty())
        .unwrap_or(RedisStoreBuilder::DEFAULT_PREFIX)
}
