//! Sessions in an SQLite file.
//!
//! One connection writes, others read beside it (write-ahead log). Each change
//! is on the disk before it is answered (`synchronous = FULL`), so that a
//! refresh token is never handed out and then forgotten.

mod connections;
mod error;
mod key_rings;
mod lists;
mod one_use;
mod purge;
mod rotation;
mod schema;
mod sessions;
mod subjects;

use std::{fmt, path::Path, time::Duration};

use portcullis::{
    session::{
        ApplicationToken, AttemptId, Created, LoginTicket, NewSession, OneUse, PurgeRules,
        RevocationPage, RevocationQuery, RevokedAll, RotationAttempt, RotationOutcome,
        SecretDigest, SessionCursor, SessionId, SessionPage, SessionRecord, SessionStore,
        StoreError, StoredRing, TokenAdded,
    },
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};
use sqlx::{
    SqlitePool,
    pool::PoolConnection,
    sqlite::{Sqlite, SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use self::connections::{Connections, Writer};
use crate::{
    Migration,
    log_out::{BATCH, LIMIT},
    revocations::Place,
    to_the_end::to_the_end,
};

/// How many rows a purge takes at once before others may write: each is on pages of its own.
const HOLD: u32 = 100;

/// Sessions in an SQLite file. Cheap to clone; clones are the same store.
///
/// Several processes of one machine may share the file; a network file system
/// will not do.
#[derive(Clone)]
pub struct SqliteStore {
    connections: Connections,
    clock: SharedClock,
}

impl SqliteStore {
    /// How long a call may take unless told otherwise. Twice as long is still
    /// within the default grace window.
    pub const DEFAULT_PATIENCE: Duration = Duration::from_secs(4);

    /// Opens the file, makes it if need be (readable by its owner only), and
    /// brings its tables up to date. The store goes by `clock`.
    ///
    /// # Errors
    ///
    /// When the file cannot be made or opened, is no database, or was written
    /// by a newer version of this crate.
    pub async fn open(path: impl AsRef<Path>, clock: SharedClock) -> Result<Self, StoreError> {
        // SQLite has a meaning of its own for `:memory:` and `file:…`, but not
        // for absolute paths.
        let path = std::path::absolute(path).map_err(StoreError::unavailable)?;
        make_private(&path).map_err(StoreError::unavailable)?;
        Self::connect(Self::options(path), clock).await
    }

    /// The options that [`open`](Self::open) uses, to change what must be
    /// changed: write-ahead log, full synchronisation, half of
    /// [`DEFAULT_PATIENCE`](Self::DEFAULT_PATIENCE) for other processes.
    pub fn options(path: impl AsRef<Path>) -> SqliteConnectOptions {
        SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Self::DEFAULT_PATIENCE / 2)
    }

    /// Opens the database that `options` names, a file, and brings its tables
    /// up to date. They have names that begin with `portcullis_`, so that it can
    /// be the application's own database.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn connect(
        options: SqliteConnectOptions,
        clock: SharedClock,
    ) -> Result<Self, StoreError> {
        Self::start(options, clock, Self::DEFAULT_PATIENCE / 2).await
    }

    /// As [`connect`](Self::connect), with calls that fail when they have waited
    /// for `patience`: half of it for a free connection, half of it for the
    /// transactions of other processes.
    ///
    /// A refresh is tried again only if the first time took no more than a third
    /// of the grace window, so `patience` should be no more than that.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub async fn connect_within(
        options: SqliteConnectOptions,
        clock: SharedClock,
        patience: Duration,
    ) -> Result<Self, StoreError> {
        let half = patience / 2;
        Self::start(options.busy_timeout(half), clock, half).await
    }

    async fn start(
        options: SqliteConnectOptions,
        clock: SharedClock,
        acquire: Duration,
    ) -> Result<Self, StoreError> {
        let store = Self {
            connections: Connections::new(&options, acquire),
            clock,
        };
        store.migrate().await?;
        Ok(store)
    }

    /// A store on the connections of a pool of yours, whose file has or gets the tables:
    /// call [`migrate`](Self::migrate) or [`check_schema`](Self::check_schema) next.
    ///
    /// The connections have to be set up as [`options`](Self::options) has them, and are
    /// looked at whenever one is taken to write. Of the store's own calls one writes at a
    /// time; for your transactions it waits as long as the pool's `busy_timeout`, after half
    /// of [`DEFAULT_PATIENCE`](Self::DEFAULT_PATIENCE) for a connection.
    ///
    /// ```no_run
    /// use portcullis::time::SharedClock;
    /// use portcullis_sqlx::SqliteStore;
    /// use sqlx::SqlitePool;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = SqlitePool::connect_with(SqliteStore::options("app.sqlite")).await?;
    /// let store = SqliteStore::from_pool(pool, SharedClock::default()).await?;
    /// store.migrate().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the file cannot be opened, or a setting of its connections would lose sessions:
    /// the error names it.
    pub async fn from_pool(pool: SqlitePool, clock: SharedClock) -> Result<Self, StoreError> {
        let store = Self {
            connections: Connections::shared(pool, Self::DEFAULT_PATIENCE / 2),
            clock,
        };
        store.writer().await?;
        Ok(store)
    }

    /// Brings the tables up to date, as those that open a file do by themselves.
    ///
    /// # Errors
    ///
    /// When the file cannot be written to, or its tables were made by a newer version of
    /// this crate beside which this one cannot run.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.connections.migrate().await
    }

    /// Finds out whether the tables are as this version needs them, and changes nothing.
    ///
    /// # Errors
    ///
    /// As [`migrate`](Self::migrate), and when steps are missing, which it names.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let (mut connection, _) = self.reader().await?;
        schema::check(&mut connection).await
    }

    /// The steps that [`migrate`](Self::migrate) makes, in order, for a tool of your own.
    pub fn migrations() -> &'static [Migration] {
        &schema::MIGRATIONS
    }

    /// Closes the connections once their work is done; later calls fail. A pool of yours is
    /// left to you.
    pub async fn close(&self) {
        self.connections.close().await;
    }

    async fn log_out_everywhere(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let (mut connection, now) = self.writer().await?;
        let mut revoked = subjects::revoke_all(&mut connection, subject, now).await?;
        let mut is_over = revoked.sessions.len() < BATCH;
        // Whatever is left is over already, and is written by the next purge if not here.
        while !is_over && let Some(number) = subjects::unfinished(&mut connection, subject).await? {
            drop(connection);
            let now;
            (connection, now) = self.writer().await?;
            let batch = subjects::end_rest(&mut connection, subject, number, LIMIT, now).await?;
            is_over = batch.len() < BATCH;
            revoked.sessions.extend(batch);
        }
        Ok(revoked)
    }

    /// A connection to read with, and the time when it was free.
    async fn reader(&self) -> Result<(PoolConnection<Sqlite>, Timestamp), StoreError> {
        let connection = self.connections.reader().await?;
        Ok((connection, self.clock.now()))
    }

    /// The connection to write with, and the time when it was free.
    async fn writer(&self) -> Result<(Writer, Timestamp), StoreError> {
        let connection = self.connections.writer().await?;
        Ok((connection, self.clock.now()))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore")
    }
}

/// Makes the file if there is none, before SQLite would with everybody's
/// permissions; its companions (`-wal`, `-shm`) get the same as it has.
fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map(drop),
    }
}

impl SessionStore for SqliteStore {
    async fn current_time(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        let (mut connection, _) = self.reader().await?;
        subjects::login_ticket(&mut connection).await
    }

    async fn create(
        &self,
        session: NewSession,
        ticket: LoginTicket,
    ) -> Result<Created, StoreError> {
        let (mut connection, now) = self.writer().await?;
        sessions::create(&mut connection, &session, now, ticket).await
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        if attempt.may_change() {
            let (mut connection, now) = self.writer().await?;
            let outcome = rotation::rotate(&mut connection, attempt, now).await?;
            self.connections.keep(connection);
            Ok(outcome)
        } else {
            let (mut connection, now) = self.reader().await?;
            rotation::check(&mut connection, attempt, now).await
        }
    }

    async fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let (mut connection, _) = self.reader().await?;
        let session = sessions::session(&mut connection, id).await?;
        Ok(session.filter(|session| session.subject == *subject))
    }

    async fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        let (mut connection, now) = self.reader().await?;
        sessions::page(&mut connection, subject, after, limit, now).await
    }

    async fn session_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        let (mut connection, now) = self.reader().await?;
        sessions::count(&mut connection, subject, now).await
    }

    async fn revoke(&self, subject: &Subject, id: &SessionId) -> Result<bool, StoreError> {
        let (mut connection, now) = self.writer().await?;
        sessions::revoke(&mut connection, subject, id, now).await
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let (store, subject) = (self.clone(), subject.clone());
        to_the_end(async move { store.log_out_everywhere(&subject).await }).await
    }

    async fn revoke_realm(&self, realm: &str) -> Result<Timestamp, StoreError> {
        let (mut connection, now) = self.writer().await?;
        subjects::revoke_realm(&mut connection, realm, now).await
    }

    async fn add_application_token(
        &self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Result<TokenAdded, StoreError> {
        let (mut connection, _) = self.writer().await?;
        subjects::add_application_token(&mut connection, &token, limit, ticket).await
    }

    async fn application_token_is_live(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        let (mut connection, _) = self.reader().await?;
        lists::application_token_is_live(&mut connection, subject, id).await
    }

    async fn application_tokens(
        &self,
        subject: &Subject,
    ) -> Result<Vec<ApplicationToken>, StoreError> {
        let (mut connection, _) = self.reader().await?;
        lists::application_tokens(&mut connection, subject).await
    }

    async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        let (mut connection, now) = self.writer().await?;
        lists::remove_application_token(&mut connection, subject, id, now).await
    }

    async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut connection, now) = self.writer().await?;
        lists::revoke_token(&mut connection, subject, id, now, until).await
    }

    async fn is_revoked(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let (mut connection, now) = self.reader().await?;
        lists::is_revoked(&mut connection, subject, id, since, now).await
    }

    async fn revocation_page(&self, query: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        let place = Place::of(query)?;
        let (mut connection, now) = self.reader().await?;
        lists::revocations(&mut connection, &place, now).await
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        let (mut connection, now) = self.writer().await?;
        one_use::use_once(&mut connection, value, attempt, now, keep).await
    }

    async fn key_ring(&self, name: &str) -> Result<StoredRing, StoreError> {
        let (mut connection, now) = self.reader().await?;
        key_rings::key_ring(&mut connection, name, now).await
    }

    async fn replace_key_ring(
        &self,
        name: &str,
        version: u64,
        record: &str,
    ) -> Result<bool, StoreError> {
        let (mut connection, _) = self.writer().await?;
        key_rings::replace_key_ring(&mut connection, name, version, record).await
    }

    async fn erase(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let revoked = self.revoke_all(subject).await?;
        loop {
            let (mut connection, _) = self.writer().await?;
            let forgotten = subjects::forget(&mut connection, subject).await?;
            if forgotten < LIMIT.unsigned_abs() {
                return Ok(revoked);
            }
        }
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        let mut gone = 0;
        loop {
            let mut part = *rules;
            part.limit = part.limit.saturating_sub(gone).min(HOLD);
            let (mut connection, now) = self.writer().await?;
            let rows = purge::batch(&mut connection, &part, now).await?;
            gone += u32::try_from(rows).unwrap_or(u32::MAX);
            if rows < u64::from(part.limit) || gone >= rules.limit {
                return Ok(u64::from(gone));
            }
        }
    }
}
