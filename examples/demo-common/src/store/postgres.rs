//! Sessions and keys on a PostgreSQL server.

use std::time::Duration;

use portcullis::secret::SecretString;
use portcullis_sqlx::PostgresStore;
use sqlx::{Connection, Executor, PgConnection};

use super::cannot_open;
use crate::{cli::ServerUrl, start::StartError};

/// How long the server may take over a key.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the table of keys. `IF NOT EXISTS` alone lets servers that start at
/// once collide.
const TABLE: &str = "SELECT pg_advisory_xact_lock(hashtext('portcullis_demo_keys')); \
    CREATE TABLE IF NOT EXISTS portcullis_demo_keys (name text PRIMARY KEY, jwk text NOT NULL);";

/// A PostgreSQL database.
pub(crate) struct Postgres {
    url: ServerUrl,
    sessions: PostgresStore,
}

impl Postgres {
    pub(super) async fn open(url: &ServerUrl) -> Result<Self, StartError> {
        let open = async {
            let sessions = PostgresStore::connect(url.expose()).await?;
            sessions.migrate().await?;
            Ok(sessions)
        };
        let sessions = open.await.map_err(|error| cannot_open(url, &error))?;
        let url = url.clone();
        Ok(Self { url, sessions })
    }

    pub(super) fn sessions(&self) -> &PostgresStore {
        &self.sessions
    }

    /// Where the key with this name is, for messages.
    pub(crate) fn key_place(&self, name: &str) -> String {
        format!("the {name} in portcullis_demo_keys at {}", self.url)
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
        let keep = async {
            let mut connection = PgConnection::connect(self.url.expose()).await?;
            connection.execute(TABLE).await?;
            sqlx::query("INSERT INTO portcullis_demo_keys VALUES ($1, $2) ON CONFLICT DO NOTHING")
                .bind(name)
                .bind(new.expose())
                .execute(&mut connection)
                .await?;
            let kept: String =
                sqlx::query_scalar("SELECT jwk FROM portcullis_demo_keys WHERE name = $1")
                    .bind(name)
                    .fetch_one(&mut connection)
                    .await?;
            connection.close().await?;
            Ok::<_, sqlx::Error>(kept)
        };
        let what = || format!("cannot use {}", self.key_place(name));
        match tokio::time::timeout(PATIENCE, keep).await {
            Ok(Ok(kept)) => Ok(SecretString::from(kept)),
            Ok(Err(error)) => Err(StartError::caused(what(), &error)),
            Err(error) => Err(StartError::caused(what(), &error)),
        }
    }
}
