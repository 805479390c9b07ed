//! Sessions and keys on a Redis server.

use std::time::Duration;

use portcullis::secret::SecretString;
use portcullis_redis::{RedisStore, RedisStoreBuilder};
use redis::{AsyncCommands, RedisResult};

use super::cannot_open;
use crate::{cli::ServerUrl, start::StartError};

/// How long the server may take over a key.
const PATIENCE: Duration = Duration::from_secs(10);

/// A Redis database, or the keys in one that begin with the `prefix` of its
/// URL.
pub(crate) struct Redis {
    url: ServerUrl,
    sessions: RedisStore,
}

impl Redis {
    pub(super) async fn open(url: &ServerUrl, keep: Duration) -> Result<Self, StartError> {
        let sessions = RedisStore::builder(url.expose())
            .prefix(prefix(url))
            .keep(keep)
            .connect()
            .await
            .map_err(|error| cannot_open(url, &error))?;
        let url = url.clone();
        Ok(Self { url, sessions })
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
            let client = redis::Client::open(self.url.expose())?;
            let mut connection = client.get_multiplexed_async_connection().await?;
            let _: bool = connection.set_nx(&key, new.expose()).await?;
            let kept: RedisResult<String> = connection.get(&key).await;
            kept
        };
        let what = || format!("cannot use {}", self.key_place(name));
        match tokio::time::timeout(PATIENCE, keep).await {
            Ok(Ok(kept)) => Ok(SecretString::from(kept)),
            Ok(Err(error)) => Err(StartError::caused(what(), &error)),
            Err(error) => Err(StartError::caused(what(), &error)),
        }
    }
}

/// `redis://…?prefix=NAME`: for services that share a database.
fn prefix(url: &ServerUrl) -> &str {
    url.parameter("prefix")
        .filter(|prefix| !prefix.is_empty())
        .unwrap_or(RedisStoreBuilder::DEFAULT_PREFIX)
}
