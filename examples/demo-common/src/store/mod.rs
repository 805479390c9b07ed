//! Where sessions are kept, and what else is kept there.

mod postgres;
mod redis;

use std::{path::PathBuf, time::Duration};

use portcullis::{
    session::{DynSessionStore, MemoryStore, Revocations, StoreError},
    time::SharedClock,
};
use portcullis_sqlx::SqliteStore;

pub(crate) use self::{postgres::Postgres, redis::Redis};
use crate::{cli::StoreChoice, start::StartError};

/// How often the snapshot of revocations is read again where the store tells
/// nobody: so long another process's log-out may take to arrive here.
const POLL: Duration = Duration::from_secs(1);

/// How long a server that was told to may take to let go of its connections.
const PATIENCE: Duration = Duration::from_secs(1);

/// A store that is open.
pub(crate) enum Store {
    /// In memory.
    Memory(MemoryStore),
    /// A file, with the keys beside it.
    Sqlite {
        /// The store.
        store: SqliteStore,
        /// The file.
        path: PathBuf,
    },
    /// On a PostgreSQL server, with the keys.
    Postgres(Postgres),
    /// On a Redis server, with the keys.
    Redis(Redis),
}

impl Store {
    /// Opens the store and brings its tables up to date. What is over is kept
    /// for `keep`.
    ///
    /// # Errors
    ///
    /// If it cannot be opened.
    pub(crate) async fn open(
        choice: &StoreChoice,
        clock: &SharedClock,
        keep: Duration,
    ) -> Result<Self, StartError> {
        Ok(match choice {
            StoreChoice::Memory => Self::Memory(MemoryStore::new(clock.clone())),
            StoreChoice::Sqlite(path) => {
                let store = SqliteStore::open(path, clock.clone()).await;
                Self::Sqlite {
                    store: store.map_err(|error| cannot_open(&path.display(), &error))?,
                    path: path.clone(),
                }
            }
            StoreChoice::Postgres(url) => Self::Postgres(Postgres::open(url).await?),
            StoreChoice::Redis(url) => Self::Redis(Redis::open(url, keep).await?),
            StoreChoice::RedisCluster(url) => Self::Redis(Redis::open_cluster(url, keep).await?),
        })
    }

    /// The sessions in it.
    pub(crate) fn sessions(&self) -> DynSessionStore {
        match self {
            Self::Memory(store) => DynSessionStore::new(store.clone()),
            Self::Sqlite { store, .. } => DynSessionStore::new(store.clone()),
            Self::Postgres(store) => DynSessionStore::new(store.sessions().clone()),
            Self::Redis(store) => DynSessionStore::new(store.sessions().clone()),
        }
    }

    /// Whether it is on a server that others can read, too.
    pub(crate) fn is_on_a_server(&self) -> bool {
        matches!(self, Self::Postgres(_) | Self::Redis(_))
    }

    /// What was revoked so far. Access tokens are accepted for `max_silence` while the
    /// store cannot be read.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub(crate) async fn snapshot(
        &self,
        clock: &SharedClock,
        keep: Duration,
        max_silence: Duration,
    ) -> Result<Revocations, StartError> {
        let mut revocations =
            Revocations::new(self.sessions(), clock.clone(), keep).with_max_silence(max_silence);
        if let Self::Memory(_) = self {
            revocations = revocations.sole_writer();
        }
        match revocations.sync().await {
            Ok(()) => Ok(revocations),
            Err(error) => Err(StartError::caused("cannot read what was revoked", &error)),
        }
    }

    /// Keeps `revocations` up to date for as long as it is polled.
    pub(crate) async fn watch(&self, revocations: Revocations) {
        match self {
            // Nobody else writes to it.
            Self::Memory(_) => {}
            Self::Sqlite { .. } => match portcullis_sqlx::poll(revocations, POLL).await {},
            Self::Postgres(store) => match store.sessions().watch(revocations).await {},
            Self::Redis(store) => match store.sessions().watch(revocations).await {},
        }
    }

    /// Closes what has to be closed.
    pub(crate) async fn close(&self) {
        match self {
            Self::Memory(_) | Self::Redis(_) => {}
            Self::Sqlite { store, .. } => store.close().await,
            Self::Postgres(store) => {
                // A server that does not answer holds nothing up.
                let _ = tokio::time::timeout(PATIENCE, store.sessions().close()).await;
            }
        }
    }
}

fn cannot_open(place: &dyn std::fmt::Display, error: &StoreError) -> StartError {
    StartError::caused(format_args!("cannot open the store {place}"), error)
}
