//! Connections to the file, ours or somebody else's.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use portcullis::session::StoreError;
use sqlx::{
    SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{Sqlite, SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout},
};

use super::{
    error::{is_busy, unavailable},
    schema,
};

/// How long it waits before it tries again to make a file that others make, too.
const PAUSE: Duration = Duration::from_millis(20);

/// Connections that read while one writes.
const READERS: u32 = 4;

/// The lowest `synchronous` that has each change on the disk before it is answered: `FULL`.
const FULL: i64 = 2;

/// One to write with at a time, so that transactions of this process never collide, and
/// others that read beside it.
#[derive(Clone)]
pub(super) struct Connections {
    writer: SqlitePool,
    readers: SqlitePool,
    /// Whose turn it is to write.
    turn: Arc<Semaphore>,
    /// The connection of whoever wrote last, if that was a single statement: the pool tries each
    /// that comes back, for as long as a statement takes but for the disk.
    at_hand: AtHand,
    /// Whether both are a pool of somebody else's.
    is_shared: bool,
    /// How long to wait for a connection.
    patience: Duration,
}

impl Connections {
    /// Connections of our own, all with these options. Connects when it has to.
    pub(super) fn new(options: &SqliteConnectOptions, patience: Duration) -> Self {
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(patience)
                // A file does not hang up.
                .test_before_acquire(false)
                .connect_lazy_with(options.clone())
        };
        Self {
            writer: pool(1),
            readers: pool(READERS),
            turn: Arc::new(Semaphore::new(1)),
            at_hand: AtHand::default(),
            is_shared: false,
            patience,
        }
    }

    /// Those of a pool of somebody else's.
    pub(super) fn shared(pool: SqlitePool, patience: Duration) -> Self {
        Self {
            writer: pool.clone(),
            readers: pool,
            turn: Arc::new(Semaphore::new(1)),
            at_hand: AtHand::default(),
            is_shared: true,
            patience,
        }
    }

    /// Brings the tables up to date. Of several processes that make the file at
    /// once, SQLite lets one switch to the write-ahead log, and turns the others
    /// away without letting them wait.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        let start = Instant::now();
        loop {
            let migrated = match self.writer().await {
                Ok(mut writer) => schema::migrate(&mut writer).await,
                Err(error) => Err(error),
            };
            match migrated {
                Err(error) if is_busy(&error) && start.elapsed() < self.patience => {
                    sleep(PAUSE).await;
                }
                result => return result,
            }
        }
    }

    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        acquire(&self.readers, self.patience).await
    }

    pub(super) async fn writer(&self) -> Result<Writer, StoreError> {
        // The turns never end.
        let turn = timeout(self.patience, self.turn.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| unavailable(sqlx::Error::PoolTimedOut))?;
        let connection = match self.at_hand.take() {
            Some(connection) => connection,
            None => acquire(&self.writer, self.patience).await?,
        };
        let mut writer = Writer {
            connection,
            _turn: turn.ok(),
        };
        if self.is_shared {
            // Any of its connections may have been set to something else meanwhile.
            check_settings(&mut writer).await?;
        }
        Ok(writer)
    }

    /// Keeps the connection of a single statement that has ended well for the next one to
    /// write.
    pub(super) fn keep(&self, writer: Writer) {
        if !self.is_shared {
            self.at_hand.put(writer.connection);
            // Or whoever closes would wait for it.
            if self.writer.is_closed() {
                drop(self.at_hand.take());
            }
        }
    }

    /// Closes the connections, if they are ours.
    pub(super) async fn close(&self) {
        if !self.is_shared {
            let closing = self.writer.close();
            drop(self.at_hand.take());
            self.readers.close().await;
            closing.await;
        }
    }
}

async fn acquire(
    pool: &SqlitePool,
    patience: Duration,
) -> Result<PoolConnection<Sqlite>, StoreError> {
    let acquired = timeout(patience, pool.acquire()).await;
    acquired
        .unwrap_or(Err(sqlx::Error::PoolTimedOut))
        .map_err(unavailable)
}

/// The connection at hand. Whoever has the turn takes it, and puts it back.
#[derive(Clone, Default)]
struct AtHand(Arc<Mutex<Option<PoolConnection<Sqlite>>>>);

impl AtHand {
    fn take(&self) -> Option<PoolConnection<Sqlite>> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.take()
    }

    fn put(&self, connection: PoolConnection<Sqlite>) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(connection);
    }
}

/// A connection to write with.
pub(super) struct Writer {
    connection: PoolConnection<Sqlite>,
    /// Goes to the next one after the connection.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Deref for Writer {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.connection
    }
}

impl DerefMut for Writer {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }
}

/// That what is written with this connection stays, beside whoever else uses the file.
async fn check_settings(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let (journal, synchronous, patience, locking, only_reads): (String, i64, i64, String, i64) =
        sqlx::query_as(
            "SELECT (SELECT journal_mode FROM pragma_journal_mode), \
                 (SELECT synchronous FROM pragma_synchronous), \
                 (SELECT timeout FROM pragma_busy_timeout), \
                 (SELECT locking_mode FROM pragma_locking_mode), \
                 (SELECT query_only FROM pragma_query_only)",
        )
        .fetch_one(connection)
        .await
        .map_err(unavailable)?;
    let wrong = if journal != "wal" {
        format!("journal_mode is {journal}, but has to be wal, in a file: others could not read")
    } else if synchronous < FULL {
        format!(
            "synchronous is {synchronous}, but has to be {FULL} (FULL) or more: what was \
             answered would not survive a power failure"
        )
    } else if patience < 1 {
        "busy_timeout is 0: whoever meets another transaction would be turned away".to_owned()
    } else if locking != "normal" {
        format!("locking_mode is {locking}, but has to be normal: others would be locked out")
    } else if only_reads != 0 {
        "query_only is on: nothing can be written".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::unsupported(format!(
        "the pool's connections cannot be used as they are set up: {wrong}"
    )))
}
