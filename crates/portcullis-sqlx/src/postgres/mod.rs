//! Sessions on a PostgreSQL server.
//!
//! Any number of nodes share them. Each refresh is one `UPDATE` in which the
//! server decides by its own clock and which is on its disk before it is
//! answered. What must be ordered (a login and a log-out everywhere of the same
//! subject) waits for the row of its subject, on every node.
//!
//! # Faults
//!
//! A call ends within [`timeout`](PostgresStoreBuilder::timeout), whatever
//! happens: a server that is down, slow or cut off, a full disk, a pool with no
//! connection to spare. It then fails with
//! [`Unavailable`](portcullis::session::StoreErrorKind::Unavailable), which is
//! answered 503 and refuses nothing. A connection that breaks in the middle of
//! a call is replaced and the call repeated: all calls can be.
//!
//! # Proxies
//!
//! Connections are set up with `set_config` and use prepared statements, and
//! the feed listens, so a proxy such as PgBouncer must pool sessions, not
//! transactions.

mod builder;
mod clock;
mod error;
mod lists;
mod pool;
mod rotation;
mod schema;
mod sessions;
mod settings;
mod subjects;
mod watch;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use portcullis::{
    session::{
        ApplicationToken, Created, Device, LoginTicket, NewSession, Revocation, RevokedAll,
        RotationAttempt, RotationOutcome, SessionId, SessionRecord, SessionStore, StoreError,
        TokenAdded,
    },
    subject::Subject,
    time::Timestamp,
};

pub use self::builder::PostgresStoreBuilder;
use self::{
    clock::{ServerClock, clock},
    pool::{Pool, run},
};

/// Tells the feed of every node that something was revoked at `$at`, once the
/// transaction is committed. An expression that is never null.
macro_rules! tell {
    ($at:literal) => {
        concat!(
            "pg_notify('portcullis', current_schema() || ' ' || ",
            $at,
            ") IS NULL"
        )
    };
}
use tell;

/// Sessions on a PostgreSQL server. Cheap to clone; clones are the same store.
///
/// ```no_run
/// use portcullis::{
///     session::{DynSessionStore, Revocations},
///     time::SharedClock,
/// };
/// use portcullis_sqlx::PostgresStore;
/// use std::time::Duration;
///
/// # async fn example() -> Result<(), portcullis::session::StoreError> {
/// let store = PostgresStore::connect("postgres://sessions@db.internal/sessions").await?;
/// store.migrate().await?;
/// let longest_access_token = Duration::from_secs(3600);
/// let revocations = Revocations::new(
///     DynSessionStore::new(store.clone()),
///     SharedClock::default(),
///     longest_access_token,
/// );
/// tokio::spawn(store.watch(revocations.clone()));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    poll_interval: Duration,
    clock: Arc<ServerClock>,
}

impl PostgresStore {
    /// Connects to the server and database of a
    /// [connection URL](https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS).
    ///
    /// The tables are looked for along the `search_path`; they are made by
    /// [`migrate`](Self::migrate).
    ///
    /// # Errors
    ///
    /// When the URL makes no sense, or no primary server answers there.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::builder(url).connect().await
    }

    /// A store that is to be connected to the server of this URL, with other
    /// settings than the default.
    pub fn builder(url: &str) -> PostgresStoreBuilder {
        PostgresStoreBuilder::new(url)
    }

    /// Makes the tables, or brings them up to date. They have names that begin
    /// with `portcullis_`, so that it can be the application's own database.
    ///
    /// To be called when a node starts, or when a new version is deployed, by a
    /// role that may make tables. Tables that are up to date are left alone, so
    /// that nodes without that right may call it, too; several that start at
    /// once wait for each other.
    ///
    /// # Errors
    ///
    /// When the server fails, or the tables were made by a newer version of this
    /// crate.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        schema::migrate(&self.pool).await
    }

    /// Keeps `revocations`, a snapshot of this store, up to date: a task to
    /// spawn once per process. It ends only when it is dropped.
    ///
    /// What any node revokes is announced with the revocation itself
    /// (`LISTEN`/`NOTIFY`) and read at once. Behind that the store is read every
    /// few seconds ([`poll_interval`](PostgresStoreBuilder::poll_interval)), and
    /// after each new connection everything that still matters, so that a lost
    /// message or a broken connection only delays. While the server does not
    /// answer, the snapshot grows old, and what then happens is its own
    /// decision: see [`Revocations::with_max_silence`].
    ///
    /// Takes one connection of its own.
    ///
    /// [`Revocations::with_max_silence`]: portcullis::session::Revocations::with_max_silence
    pub fn watch(
        &self,
        revocations: portcullis::session::Revocations,
    ) -> impl Future<Output = std::convert::Infallible> + Send + 'static + use<> {
        watch::watch(self.clone(), revocations)
    }

    /// Closes the connections once their work is done; later calls fail.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// What goes in place of the server's clock.
    fn now(&self) -> Option<i64> {
        self.clock.told()
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("timeout", &self.pool.limit())
            .field("poll_interval", &self.poll_interval)
            .finish_non_exhaustive()
    }
}

impl SessionStore for PostgresStore {
    async fn current_time(&self) -> Result<Timestamp, StoreError> {
        match self.clock.now() {
            Some(now) => Ok(now),
            None => run!(self.pool.call(), |c| self.clock.ask(c)),
        }
    }

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        run!(self.pool.call(), |c| subjects::login_ticket(c))
    }

    async fn create(
        &self,
        mut session: NewSession,
        ticket: LoginTicket,
    ) -> Result<Created, StoreError> {
        session.device = storable_device(session.device);
        let now = self.now();
        run!(self.pool.call(), |c| sessions::create(
            c, &session, ticket, now
        ))
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        let clock = &*self.clock;
        if !attempt.may_change() || names_nothing(attempt) {
            return run!(self.pool.call(), |c| rotation::check(c, attempt, clock));
        }
        let attempt = RotationAttempt {
            device: storable_device(attempt.device.clone()),
            ..attempt.clone()
        };
        run!(self.pool.call(), |c| rotation::rotate(c, &attempt, clock))
    }

    async fn session(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        run!(self.pool.call(), |c| sessions::session(c, id))
    }

    async fn sessions(&self, subject: &Subject) -> Result<Vec<SessionRecord>, StoreError> {
        if !is_kept(subject) {
            return Ok(Vec::new());
        }
        let now = self.now();
        run!(self.pool.call(), |c| sessions::sessions(c, subject, now))
    }

    async fn revoke(&self, id: &SessionId) -> Result<bool, StoreError> {
        let now = self.now();
        run!(self.pool.call(), |c| sessions::revoke(c, id, now))
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        if !is_kept(subject) {
            return Ok(RevokedAll::default());
        }
        let now = self.now();
        run!(self.pool.call(), |c| subjects::revoke_all(c, subject, now))
    }

    async fn add_application_token(
        &self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Result<TokenAdded, StoreError> {
        run!(self.pool.call(), |c| subjects::add_application_token(
            c, &token, limit, ticket
        ))
    }

    async fn application_token_is_live(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        if !is_storable(id) || !is_kept(subject) {
            return Ok(false);
        }
        run!(self.pool.call(), |c| lists::application_token_is_live(
            c, subject, id
        ))
    }

    async fn application_tokens(
        &self,
        subject: &Subject,
    ) -> Result<Vec<ApplicationToken>, StoreError> {
        if !is_kept(subject) {
            return Ok(Vec::new());
        }
        run!(self.pool.call(), |c| lists::application_tokens(c, subject))
    }

    async fn remove_application_token(&self, id: &str) -> Result<bool, StoreError> {
        if !is_storable(id) {
            return Ok(false);
        }
        let now = self.now();
        run!(self.pool.call(), |c| lists::remove_application_token(
            c, id, now
        ))
    }

    async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let now = self.now();
        run!(self.pool.call(), |c| lists::revoke_token(
            c, subject, id, now, until
        ))
    }

    async fn revocations(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        let now = self.now();
        run!(self.pool.call(), |c| lists::revocations(c, since, now))
    }

    async fn purge(&self, keep: Duration) -> Result<u64, StoreError> {
        schema::purge(&self.pool, keep, self.now()).await
    }
}

/// PostgreSQL keeps every text but those with this character.
fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}

/// Whether there can be rows of this subject.
fn is_kept(subject: &Subject) -> bool {
    is_storable(subject.realm()) && is_storable(subject.name())
}

/// Whether the subject or client is one that no row can have. Such an attempt
/// changes nothing, and its names cannot even be asked for.
fn names_nothing(attempt: &RotationAttempt) -> bool {
    let client = attempt.client.as_deref();
    !is_kept(&attempt.subject) || client.is_some_and(|id| !is_storable(id))
}

/// The device, which says about itself what it likes, as it can be kept.
fn storable_device(mut device: Device) -> Device {
    device.user_agent = device
        .user_agent
        .map(|user_agent| match is_storable(&user_agent) {
            true => user_agent,
            false => user_agent.replace('\0', " "),
        });
    device
}
