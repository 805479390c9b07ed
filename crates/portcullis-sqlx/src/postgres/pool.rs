//! Connections, and how long anybody waits for one.

use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use portcullis::session::StoreError;
use sqlx::{
    Connection as _, PgConnection, PgPool, SqlStr, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions, Postgres},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, error::Elapsed, timeout, timeout_at},
};

use super::{
    at_hand::{AtHand, FRESH},
    error::Failure,
    settings::Settings,
};

/// How often a call whose connection broke is made again on another one.
const RETRIES: u32 = 3;

/// Of so many connections one is kept for questions.
const KEPT: u32 = 5;

/// Connections, ours or somebody else's, on which our settings hold.
#[derive(Clone)]
pub(super) struct Pool {
    connections: PgPool,
    settings: Arc<Settings>,
    /// Where the connections are somebody else's: what begins each transaction on them.
    begin: Option<SqlStr>,
    /// Whether the way to the server was found to be one on which settings stay.
    is_looked_at: Arc<AtomicBool>,
    /// Those of ours that were just used.
    at_hand: AtHand<Lease>,
    /// What work may take: all connections but those that are kept for questions.
    work: Arc<Semaphore>,
    limit: Duration,
}

impl Pool {
    /// A pool of connections that are set up alike. Connects when it has to.
    pub(super) fn new(
        options: PgConnectOptions,
        connections: u32,
        limit: Duration,
        schema: Option<&str>,
    ) -> Result<Self, StoreError> {
        // Half of the time for a connection, half for the answer.
        let half = limit / 2;
        let settings = Arc::new(Settings::new(schema, half)?);
        let (set, look) = (settings.clone(), settings.clone());
        let connections = PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(half)
            .test_before_acquire(false)
            .before_acquire(move |connection, history| {
                let settings = look.clone();
                Box::pin(async move {
                    if history.idle_for > FRESH && !settings.is_marked(connection).await? {
                        tracing::error!(
                            "a proxy on the way to PostgreSQL exchanges connections: it has to \
                             pool sessions, not transactions"
                        );
                        return Ok(false);
                    }
                    Ok(true)
                })
            })
            .after_connect(move |connection, _| {
                let settings = set.clone();
                Box::pin(async move { settings.set(connection).await })
            })
            .connect_lazy_with(options);
        Ok(Self::of(connections, settings, None, limit))
    }

    /// The connections of somebody else's pool, who finds them as they were after each
    /// transaction.
    pub(super) fn shared(
        connections: PgPool,
        limit: Duration,
        schema: Option<&str>,
    ) -> Result<Self, StoreError> {
        let settings = Arc::new(Settings::new(schema, limit / 2)?);
        let begin = Some(settings.begin());
        Ok(Self::of(connections, settings, begin, limit))
    }

    fn of(
        connections: PgPool,
        settings: Arc<Settings>,
        begin: Option<SqlStr>,
        limit: Duration,
    ) -> Self {
        let all = connections.options().get_max_connections();
        let kept = kept(all);
        if kept == 0 {
            tracing::warn!(
                setting = "max_connections",
                value = all,
                "refreshes that wait keep the snapshot of revocations from being read: no \
                 connection can be kept for it"
            );
        }
        let work = all.saturating_sub(kept) as usize;
        Self {
            connections,
            settings,
            begin,
            is_looked_at: Arc::default(),
            at_hand: AtHand::new(),
            // As many as `Semaphore` takes are more than there will be.
            work: Arc::new(Semaphore::new(work.min(Semaphore::MAX_PERMITS))),
            limit,
        }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    pub(super) fn options(&self) -> PgConnectOptions {
        (*self.connections.connect_options()).clone()
    }

    /// A call that begins now, see [`run`].
    pub(super) fn call(&self) -> Call<'_> {
        self.long_call(self.limit)
    }

    /// A call of single statements, without a transaction: its connection is at hand for the
    /// next one at once, as it is.
    pub(super) fn statements(&self) -> Call<'_> {
        Call {
            leaves_nothing: self.begin.is_none(),
            ..self.call()
        }
    }

    /// A call whose work may take as long as `limit`.
    pub(super) fn long_call(&self, limit: Duration) -> Call<'_> {
        self.begin(limit, false)
    }

    /// A call that only reads, and waits for nobody's locks: it has connections that other
    /// calls, which do, cannot take. So the snapshot of revocations goes on whatever
    /// refreshes wait for.
    pub(super) fn question(&self) -> Call<'_> {
        self.begin(self.limit, true)
    }

    fn begin(&self, limit: Duration, is_question: bool) -> Call<'_> {
        let now = Instant::now();
        Call {
            pool: self,
            is_question,
            leaves_nothing: false,
            connected_by: now + self.limit,
            done_by: now + limit,
            retries: RETRIES,
        }
    }

    pub(super) fn settings(&self) -> &Arc<Settings> {
        &self.settings
    }

    /// Why there is no connection, if there is none: the pool tries again until
    /// its time is over, and then says that it is over.
    pub(super) async fn reason(&self) -> Option<StoreError> {
        let options = self.options();
        let attempt = async {
            let mut connection = PgConnection::connect_with(&options).await?;
            self.settings.set(&mut connection).await?;
            connection.close().await
        };
        let error = timeout(self.limit, attempt).await.ok()?.err()?;
        Some(Failure::Database(error).into())
    }

    /// Closes the connections, if they are ours.
    pub(super) async fn close(&self) {
        if self.begin.is_none() {
            self.at_hand.close();
            // What does not answer any more is not waited for.
            let _ = timeout(self.limit, self.connections.close()).await;
        }
    }

    /// Finds out, once, whether settings stay on the way to the server.
    async fn look_at_the_way(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        if self.is_looked_at.load(Ordering::Relaxed) {
            return Ok(());
        }
        let options = self.options();
        self.settings.look_for_proxy(connection, &options).await?;
        if self.begin.is_some() {
            sqlx::raw_sql("RESET portcullis.marker")
                .execute(connection)
                .await?;
        }
        self.is_looked_at.store(true, Ordering::Relaxed);
        Ok(())
    }
}

/// Does a call's work on a connection, and again on another one if that breaks.
/// So the work must be repeatable.
macro_rules! run {
    ($call:expr, |$connection:ident| $work:expr) => {{
        let mut call = $call;
        loop {
            let mut lease = match call.lease().await {
                Ok(lease) => lease,
                Err(error) => break Err(error),
            };
            let work = async {
                let mut held = call.hold(&mut lease).await?;
                let $connection = &mut *held;
                let done = $work.await?;
                held.settle().await?;
                Ok(done)
            };
            let result = tokio::time::timeout_at(call.done_by(), work).await;
            if let Some(result) = call.settle(lease, result) {
                break result;
            }
        }
    }};
}
pub(super) use run;

/// A call that is under way.
pub(super) struct Call<'p> {
    pool: &'p Pool,
    is_question: bool,
    /// Whether a connection is as it was once the work has ended well.
    leaves_nothing: bool,
    connected_by: Instant,
    done_by: Instant,
    retries: u32,
}

impl Call<'_> {
    pub(super) fn done_by(&self) -> Instant {
        self.done_by
    }

    pub(super) async fn lease(&self) -> Result<Lease, StoreError> {
        loop {
            let half = self.pool.limit / 2;
            let permit = timeout(half, self.permit()).await;
            let permit = permit.map_err(|_| Failure::Database(sqlx::Error::PoolTimedOut))?;
            let mut lease = match self.pool.at_hand.take() {
                Ok(lease) => lease,
                Err(_waiting) => {
                    let acquire = timeout(half, self.pool.connections.acquire());
                    let connection = timeout_at(self.connected_by, acquire)
                        .await
                        .map_err(StoreError::unavailable)?
                        .map_err(StoreError::unavailable)?
                        .map_err(Failure::Database)?;
                    Lease {
                        connection,
                        permit: None,
                        sound: true,
                        limit: self.pool.limit,
                    }
                }
            };
            lease.permit = permit;
            // A server that restarts breaks all connections at once: where one
            // was broken, the others are tried first.
            if self.retries == RETRIES {
                return Ok(lease);
            }
            let answer = timeout_at(self.connected_by, lease.ping()).await;
            match answer.map_err(StoreError::unavailable) {
                Ok(Ok(())) => return Ok(lease),
                Ok(Err(_)) => lease.sound = false,
                Err(error) => {
                    lease.sound = false;
                    return Err(error);
                }
            }
        }
    }

    /// A connection to work on, as [`Settings`] wants it.
    pub(super) async fn hold<'l>(&self, lease: &'l mut Lease) -> Result<Held<'l>, Failure> {
        self.pool.look_at_the_way(lease).await?;
        Ok(match &self.pool.begin {
            None => Held::Own(lease),
            Some(begin) => Held::Shared(lease.begin_with(begin.clone()).await?),
        })
    }

    /// A place among those that work, if this is work. The places never end.
    async fn permit(&self) -> Option<OwnedSemaphorePermit> {
        if self.is_question {
            return None;
        }
        self.pool.work.clone().acquire_owned().await.ok()
    }

    /// Ends the call unless it is to be made again.
    pub(super) fn settle<T>(
        &mut self,
        mut lease: Lease,
        result: Result<Result<T, Failure>, Elapsed>,
    ) -> Option<Result<T, StoreError>> {
        match result {
            Ok(Err(failure)) if failure.is_lost_connection() => {
                lease.sound = false;
                if self.retries == 0 {
                    return Some(Err(failure.into()));
                }
                self.retries -= 1;
                None
            }
            Ok(result) => {
                if result.is_ok() && self.leaves_nothing {
                    lease.keep(&self.pool.at_hand);
                }
                Some(result.map_err(StoreError::from))
            }
            Err(elapsed) => {
                lease.sound = false;
                Some(Err(StoreError::unavailable(elapsed)))
            }
        }
    }
}

/// A connection that work is done on.
pub(super) enum Held<'l> {
    /// Set up once and for all.
    Own(&'l mut PgConnection),
    /// Set up until the transaction ends. Rolled back on drop.
    Shared(Transaction<'l, Postgres>),
}

impl Held<'_> {
    /// Keeps what was done.
    pub(super) async fn settle(self) -> Result<(), Failure> {
        match self {
            Self::Own(_) => Ok(()),
            Self::Shared(transaction) => Ok(transaction.commit().await?),
        }
    }
}

impl Deref for Held<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Own(connection) => connection,
            Self::Shared(transaction) => transaction,
        }
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Own(connection) => connection,
            Self::Shared(transaction) => transaction,
        }
    }
}

/// How many of so many connections are kept for questions: one at least, if there is more
/// than one.
fn kept(all: u32) -> u32 {
    (all / KEPT).max(1).min(all.saturating_sub(1))
}

/// A connection in use.
pub(super) struct Lease {
    connection: PoolConnection<Postgres>,
    /// Held until the connection is back.
    permit: Option<OwnedSemaphorePermit>,
    /// Whether it may be used again.
    sound: bool,
    limit: Duration,
}

impl Lease {
    /// Ends it at once: the connection is ready.
    fn keep(mut self, at_hand: &AtHand<Self>) {
        let permit = self.permit.take();
        if let Some(mut lease) = at_hand.keep(self) {
            lease.permit = permit;
        }
    }
}

impl Drop for Lease {
    /// Returns the connection, even out of the middle of a statement when a
    /// request was given up. One that does not get ready in time must not take
    /// its place in the pool with it: `PoolConnection` would wait for ever.
    fn drop(&mut self) {
        let back = timeout(self.limit, self.connection.return_to_pool());
        if self.sound
            && let Ok(runtime) = Handle::try_current()
        {
            let permit = self.permit.take();
            runtime.spawn(async move {
                let _ = back.await;
                drop(permit);
            });
        }
    }
}

impl Deref for Lease {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
