//! The store.

use std::{fmt, sync::Arc, time::Duration};

use portcullis::{
    session::{
        ApplicationToken, AttemptId, Created, Device, LoginTicket, NewSession, OneUse, PurgeRules,
        RevocationPage, RevocationQuery, RevokedAll, RotationAttempt, RotationOutcome,
        SecretDigest, SessionCursor, SessionId, SessionPage, SessionRecord, SessionStore,
        StoreError, StoredRing, TokenAdded,
    },
    subject::Subject,
    time::Timestamp,
};

use super::{
    clock::ServerClock,
    heartbeat, key_rings, lists, one_use,
    pool::{Pool, run},
    purge, rotation, schema, sessions, subjects,
};
use crate::{Migration, log_out::LIMIT, revocations::Place, to_the_end::to_the_end};

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
    pub(super) pool: Pool,
    pub(super) poll_interval: Duration,
    pub(super) clock: Arc<ServerClock>,
}

impl PostgresStore {
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
    /// crate beside which this one cannot run. When they are so large that nodes would
    /// wait for their new indexes, or one of these was begun and not finished: the error names
    /// the statements to run first.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        schema::migrate(&self.pool).await
    }

    /// Finds out whether the tables are as this version needs them, and changes nothing: what
    /// to call when a node starts whose tables are made by a tool of your own, from
    /// [`migrations`](Self::migrations).
    ///
    /// # Errors
    ///
    /// As [`migrate`](Self::migrate), and when steps are missing, which it names.
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        schema::check(&self.pool).await
    }

    /// The steps that [`migrate`](Self::migrate) makes, in order, for a tool of your own.
    pub fn migrations() -> &'static [Migration] {
        &schema::MIGRATIONS
    }

    /// Closes the connections once their work is done; later calls fail. A pool of yours is
    /// left to you.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    async fn log_out_everywhere(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let now = self.now();
        let (mut revoked, mut unfinished) =
            run!(self.pool.call(), |c| subjects::revoke_all(c, subject, now))?;
        // Whatever is left is over already, and is written by the next purge if not here.
        while let Some(number) = unfinished {
            let batch = run!(self.pool.call(), |c| subjects::end_rest(
                c, subject, number, LIMIT, now
            ))?;
            revoked.sessions.extend(batch);
            unfinished = run!(self.pool.call(), |c| subjects::unfinished(c, subject))?;
        }
        Ok(revoked)
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
            None => run!(self.pool.question(), |c| self.clock.ask(c)),
        }
    }

    async fn confirm(&self, max_age: Duration) -> Result<Timestamp, StoreError> {
        heartbeat::confirm(&self.pool, max_age, self.now()).await
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
            return run!(self.pool.statements(), |c| rotation::check(
                c, attempt, clock
            ));
        }
        let attempt = RotationAttempt {
            device: storable_device(attempt.device.clone()),
            ..attempt.clone()
        };
        run!(self.pool.statements(), |c| rotation::rotate(
            c, &attempt, clock
        ))
    }

    async fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let session = run!(self.pool.question(), |c| sessions::session(c, id))?;
        Ok(session.filter(|session| session.subject == *subject))
    }

    async fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        if !is_kept(subject) {
            return Ok(SessionPage::default());
        }
        let now = self.now();
        run!(self.pool.question(), |c| sessions::page(
            c, subject, after, limit, now
        ))
    }

    async fn session_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        if !is_kept(subject) {
            return Ok(0);
        }
        let now = self.now();
        run!(self.pool.question(), |c| sessions::count(c, subject, now))
    }

    async fn revoke(&self, subject: &Subject, id: &SessionId) -> Result<bool, StoreError> {
        if !is_kept(subject) {
            return Ok(false);
        }
        let now = self.now();
        run!(self.pool.call(), |c| sessions::revoke(c, subject, id, now))
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        if !is_kept(subject) {
            return Ok(RevokedAll::default());
        }
        let (store, subject) = (self.clone(), subject.clone());
        to_the_end(async move { store.log_out_everywhere(&subject).await }).await
    }

    async fn revoke_realm(&self, realm: &str) -> Result<Timestamp, StoreError> {
        let now = self.now();
        run!(self.pool.call(), |c| subjects::revoke_realm(c, realm, now))
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
        run!(self.pool.question(), |c| lists::application_token_is_live(
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
        run!(self.pool.question(), |c| lists::application_tokens(
            c, subject
        ))
    }

    async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        if !is_storable(id) || !is_kept(subject) {
            return Ok(false);
        }
        let now = self.now();
        run!(self.pool.call(), |c| lists::remove_application_token(
            c, subject, id, now
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

    async fn is_revoked(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        // What cannot be stored was not revoked; its realm may have been.
        let name = Some(subject.name()).filter(|name| is_storable(name));
        let (realm, id) = (subject.realm(), id.filter(|id| is_storable(id)));
        if !is_storable(realm) {
            return Ok(false);
        }
        let now = self.now();
        run!(self.pool.question(), |c| lists::is_revoked(
            c,
            (realm, name),
            id,
            since,
            now
        ))
    }

    async fn revocation_page(&self, query: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        let (place, now) = (Place::of(query)?, self.now());
        run!(self.pool.question(), |c| lists::revocations(c, &place, now))
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        let now = self.now();
        run!(self.pool.call(), |c| one_use::use_once(
            c, value, attempt, keep, now
        ))
    }

    async fn key_ring(&self, name: &str) -> Result<StoredRing, StoreError> {
        let now = self.now();
        run!(self.pool.question(), |c| key_rings::key_ring(c, name, now))
    }

    async fn replace_key_ring(
        &self,
        name: &str,
        version: u64,
        record: &str,
    ) -> Result<bool, StoreError> {
        run!(self.pool.call(), |c| key_rings::replace_key_ring(
            c, name, version, record
        ))
    }

    async fn erase(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let revoked = self.revoke_all(subject).await?;
        while is_kept(subject) && run!(self.pool.call(), |c| subjects::forget(c, subject))? {}
        Ok(revoked)
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        purge::batch(&self.pool, rules, self.now()).await
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
