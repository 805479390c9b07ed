//! Keeps a node's snapshot of revocations up to date.

use std::{convert::Infallible, time::Duration};

use portcullis::{
    session::{Revocations, SessionStore as _, StoreError},
    time::Timestamp,
};
use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{PostgresStore, error::Failure};
use crate::poll::poll;

/// How long after a lost connection the first attempt at a new one is made, and
/// how long at most after further ones.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long announcements are gathered before the store is read once for all.
const GATHER: Duration = Duration::from_millis(5);

impl PostgresStore {
    /// Keeps `revocations`, a snapshot of this store, up to date: a task to
    /// spawn once per process. It ends only when it is dropped.
    ///
    /// What any node revokes is announced with the revocation itself
    /// (`LISTEN`/`NOTIFY`) and read at once. Behind that the store is read every
    /// few seconds ([`poll_interval`](super::PostgresStoreBuilder::poll_interval)), and
    /// after each new connection everything that still matters, so that a lost
    /// message or a broken connection only delays. While the server does not
    /// answer, the snapshot grows old, and what then happens is its own
    /// decision: see [`Revocations::with_max_silence`].
    ///
    /// Takes one connection of its own, also beside a pool of yours.
    pub fn watch(
        &self,
        revocations: Revocations,
    ) -> impl Future<Output = Infallible> + Send + 'static + use<> {
        watch(self.clone(), revocations)
    }
}

async fn watch(store: PostgresStore, revocations: Revocations) -> Infallible {
    let polling = poll(revocations.clone(), store.poll_interval);
    let (never, _) = tokio::join!(polling, listen(&store, &revocations));
    never
}

/// Listens on one connection after the other.
async fn listen(store: &PostgresStore, revocations: &Revocations) -> Infallible {
    let (shortest, longest) = PAUSES;
    let mut pause = shortest;
    loop {
        match Listener::connect(store, revocations).await {
            Ok(mut listener) => {
                pause = shortest;
                let error = listener.hear(store, revocations).await;
                tracing::warn!(
                    error = error.cause(),
                    "lost the feed of revocations; polling goes on"
                );
            }
            Err(error) => {
                tracing::debug!(error = error.cause(), "no feed of revocations");
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(longest);
    }
}

/// A connection that listens.
struct Listener {
    inner: PgListener,
    schema: String,
    limit: Duration,
}

impl Listener {
    /// A connection that listens, and a snapshot that has all that was announced
    /// before.
    async fn connect(store: &PostgresStore, revocations: &Revocations) -> Result<Self, StoreError> {
        let limit = store.pool.limit();
        let connect = async {
            // A pool of its own each time: a listener that hangs keeps its
            // connection.
            let settings = store.pool.settings().clone();
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(limit)
                .max_lifetime(None)
                .idle_timeout(None)
                .after_connect(move |connection, _| {
                    let settings = settings.clone();
                    Box::pin(async move { settings.set(connection).await })
                })
                .connect_lazy_with(store.pool.options());
            let mut inner = PgListener::connect_with(&pool).await?;
            inner.eager_reconnect(false);
            inner.listen("portcullis").await?;
            let schema = sqlx::query_scalar("SELECT coalesce(current_schema(), '')")
                .fetch_one(&mut inner)
                .await?;
            Ok::<_, sqlx::Error>(Self {
                inner,
                schema,
                limit,
            })
        };
        let connected = timeout(limit, connect).await;
        let connected = connected.map_err(StoreError::unavailable)?;
        let listener = connected.map_err(Failure::Database)?;
        revocations.sync_thoroughly().await?;
        Ok(listener)
    }

    /// Takes in what is announced, until the connection is lost or the store
    /// cannot be read.
    async fn hear(&mut self, store: &PostgresStore, revocations: &Revocations) -> StoreError {
        loop {
            let heard = match timeout(store.poll_interval, self.inner.try_recv()).await {
                Ok(heard) => self.gather(heard).await,
                Err(_) => self.ping().await.map(|()| None),
            };
            let result = match heard {
                Ok(Some(since)) => store.revocations(since).await,
                Ok(None) => continue,
                Err(error) => return error,
            };
            match result {
                Ok(announced) => announced
                    .into_iter()
                    .for_each(|revocation| revocations.apply(revocation)),
                Err(error) => return error,
            }
        }
    }

    /// The earliest time that this and the next announcements name; `None` if
    /// they are all about other schemas.
    async fn gather(
        &mut self,
        first: sqlx::Result<Option<PgNotification>>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let until = Instant::now() + GATHER;
        let mut since = self.time_of(first)?;
        while Instant::now() < until {
            let Ok(next) = timeout_at(until, self.inner.try_recv()).await else {
                break;
            };
            let at = self.time_of(next)?;
            since = since.into_iter().chain(at).min();
        }
        Ok(since)
    }

    /// The time that an announcement names, if it is about this schema. `None` in
    /// its place means that the connection was closed; the next `try_recv` would
    /// open another one, and not say so.
    fn time_of(
        &self,
        announcement: sqlx::Result<Option<PgNotification>>,
    ) -> Result<Option<Timestamp>, StoreError> {
        let announcement = announcement
            .map_err(Failure::Database)?
            .ok_or_else(|| StoreError::unavailable("the connection was closed"))?;
        let Some((schema, at)) = announcement.payload().rsplit_once(' ') else {
            return Ok(None);
        };
        let at = at.parse().ok().map(Timestamp::from_millis);
        Ok(at.filter(|_| schema == self.schema))
    }

    /// Finds out whether the connection is still there: one that was cut on the
    /// way just stays silent.
    async fn ping(&mut self) -> Result<(), StoreError> {
        let ping = sqlx::query("SELECT 1").execute(&mut self.inner);
        match timeout(self.limit, ping).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(Failure::Database(error).into()),
            Err(elapsed) => Err(StoreError::unavailable(elapsed)),
        }
    }
}
