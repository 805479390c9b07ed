//! Keeps a node's snapshot of revocations up to date.

use std::{convert::Infallible, time::Duration};

use portcullis::{
    session::{Revocations, SessionStore as _, StoreError},
    time::Timestamp,
};
use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{PostgresStore, error::Failure, settings};
use crate::poll::{Poll, source};

/// How long after a lost connection the first attempt at a new one is made, and
/// how long at most after further ones.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How long announcements are gathered before the store is read once for all.
const GATHER: Duration = Duration::from_millis(5);

pub(super) async fn watch(store: PostgresStore, revocations: Revocations) -> Infallible {
    let (shortest, longest) = PAUSES;
    let mut poll = Poll::new(revocations, store.poll_interval);
    let mut pause = shortest;
    loop {
        match Listener::connect(&store).await {
            Ok(mut listener) => {
                pause = shortest;
                // What was announced before now went unheard.
                poll.everything().await;
                let error = listener.hear(&store, &mut poll).await;
                tracing::warn!(
                    error = source(&error),
                    "lost the feed of revocations; polling goes on"
                );
            }
            Err(error) => {
                tracing::debug!(error = source(&error), "no feed of revocations");
            }
        }
        let again = Instant::now() + pause;
        pause = (pause * 2).min(longest);
        while poll.due() < again {
            poll.wait().await;
        }
        tokio::time::sleep_until(again).await;
    }
}

/// A connection that listens.
struct Listener {
    inner: PgListener,
    schema: String,
    limit: Duration,
}

impl Listener {
    async fn connect(store: &PostgresStore) -> Result<Self, StoreError> {
        let limit = store.pool.limit();
        let connect = async {
            // A pool of its own each time: a listener that hangs keeps its
            // connection.
            let pool = PgPoolOptions::new()
                .max_connections(1)
                .acquire_timeout(limit)
                .max_lifetime(None)
                .idle_timeout(None)
                .after_connect(move |connection, _| Box::pin(settings::set(connection, limit)))
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
        Ok(connected.map_err(Failure::Database)?)
    }

    /// Reads what is announced, and everything at intervals, until the
    /// connection is lost.
    async fn hear(&mut self, store: &PostgresStore, poll: &mut Poll) -> StoreError {
        loop {
            match timeout_at(poll.due(), self.inner.try_recv()).await {
                Ok(Ok(Some(first))) => {
                    if let Some(since) = self.gather(first).await {
                        take_in(store, poll, since).await;
                    }
                }
                Ok(Ok(None)) => return StoreError::unavailable("the connection was closed"),
                Ok(Err(error)) => return Failure::Database(error).into(),
                Err(_) => {
                    poll.wait().await;
                    if let Err(error) = self.ping().await {
                        return error;
                    }
                }
            }
        }
    }

    /// The earliest time that this and the next announcements name; `None` if
    /// they are all about other schemas.
    async fn gather(&mut self, first: PgNotification) -> Option<Timestamp> {
        let mut since = self.time_of(&first);
        let until = Instant::now() + GATHER;
        // An error is met again by whoever receives next.
        while let Ok(Ok(Some(next))) = timeout_at(until, self.inner.try_recv()).await {
            since = match (since, self.time_of(&next)) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        since
    }

    fn time_of(&self, announcement: &PgNotification) -> Option<Timestamp> {
        let (schema, at) = announcement.payload().rsplit_once(' ')?;
        let at = at.parse().ok()?;
        (schema == self.schema).then_some(Timestamp::from_millis(at))
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

/// Reads what was announced.
async fn take_in(store: &PostgresStore, poll: &mut Poll, since: Timestamp) {
    match store.revocations(since).await {
        Ok(revocations) => {
            for revocation in revocations {
                poll.revocations().apply(revocation);
            }
        }
        Err(error) => {
            tracing::debug!(error = source(&error), "cannot read what was announced");
            poll.missed();
            sleep(PAUSES.0).await;
        }
    }
}
