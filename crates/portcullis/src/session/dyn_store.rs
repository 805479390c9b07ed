//! A store whose type is forgotten.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use super::{
    ApplicationToken, AttemptId, Created, LoginTicket, NewSession, OneUse, PurgeRules,
    RevocationPage, RevocationQuery, RevokedAll, RotationAttempt, RotationOutcome, SecretDigest,
    SessionCursor, SessionId, SessionPage, SessionRecord, SessionStore, StoreError, StoredRing,
    TokenAdded,
};
use crate::{metrics, subject::Subject, time::Timestamp};

/// Any [`SessionStore`], shared, at the price of one box per call. Cheap to
/// clone.
///
/// What the trait itself makes of other methods is made of them here, too, whatever the store
/// has in its place: [`sessions`](SessionStore::sessions),
/// [`revocations`](SessionStore::revocations) and [`purge`](SessionStore::purge).
///
/// ```
/// use portcullis::{session::{DynSessionStore, MemoryStore}, time::SharedClock};
///
/// let store = DynSessionStore::new(MemoryStore::new(SharedClock::default()));
/// let same = store.clone();
/// # let _ = same;
/// ```
#[derive(Clone)]
pub struct DynSessionStore(Arc<dyn Erased>);

impl DynSessionStore {
    /// Forgets the type of `store`.
    pub fn new(store: impl SessionStore) -> Self {
        Self(Arc::new(store))
    }
}

impl fmt::Debug for DynSessionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DynSessionStore")
    }
}

impl SessionStore for DynSessionStore {
    async fn current_time(&self) -> Result<Timestamp, StoreError> {
        timed("current_time", self.0.current_time()).await
    }

    async fn confirm(&self, max_age: Duration) -> Result<Timestamp, StoreError> {
        timed("confirm", self.0.confirm(max_age)).await
    }

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        timed("login_ticket", self.0.login_ticket()).await
    }

    async fn create(
        &self,
        session: NewSession,
        ticket: LoginTicket,
    ) -> Result<Created, StoreError> {
        timed("create", self.0.create(session, ticket)).await
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        timed("rotate", self.0.rotate(attempt)).await
    }

    async fn rotate_within(
        &self,
        attempt: &mut RotationAttempt,
        limit: Duration,
    ) -> Result<RotationOutcome, StoreError> {
        // One box for both calls.
        timed("rotate_within", self.0.rotate_within(attempt, limit)).await
    }

    async fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        timed("session", self.0.session(subject, id)).await
    }

    async fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        timed("session_page", self.0.session_page(subject, after, limit)).await
    }

    async fn session_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        timed("session_count", self.0.session_count(subject)).await
    }

    async fn revoke(&self, subject: &Subject, id: &SessionId) -> Result<bool, StoreError> {
        timed("revoke", self.0.revoke(subject, id)).await
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        timed("revoke_all", self.0.revoke_all(subject)).await
    }

    async fn revoke_realm(&self, realm: &str) -> Result<Timestamp, StoreError> {
        timed("revoke_realm", self.0.revoke_realm(realm)).await
    }

    async fn add_application_token(
        &self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Result<TokenAdded, StoreError> {
        timed(
            "add_application_token",
            self.0.add_application_token(token, limit, ticket),
        )
        .await
    }

    async fn application_token_is_live(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        timed(
            "application_token_is_live",
            self.0.application_token_is_live(subject, id),
        )
        .await
    }

    async fn application_tokens(
        &self,
        subject: &Subject,
    ) -> Result<Vec<ApplicationToken>, StoreError> {
        timed("application_tokens", self.0.application_tokens(subject)).await
    }

    async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        timed(
            "remove_application_token",
            self.0.remove_application_token(subject, id),
        )
        .await
    }

    async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        timed("revoke_token", self.0.revoke_token(subject, id, until)).await
    }

    async fn is_revoked(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        timed("is_revoked", self.0.is_revoked(subject, id, since)).await
    }

    async fn revocation_page(&self, query: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        timed("revocation_page", self.0.revocation_page(query)).await
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        timed("use_once", self.0.use_once(value, attempt, keep)).await
    }

    async fn key_ring(&self, name: &str) -> Result<StoredRing, StoreError> {
        timed("key_ring", self.0.key_ring(name)).await
    }

    async fn replace_key_ring(
        &self,
        name: &str,
        version: u64,
        record: &str,
    ) -> Result<bool, StoreError> {
        timed(
            "replace_key_ring",
            self.0.replace_key_ring(name, version, record),
        )
        .await
    }

    async fn erase(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        timed("erase", self.0.erase(subject)).await
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        timed("purge_batch", self.0.purge_batch(rules)).await
    }
}

/// An answer of the store, and how long it takes.
fn timed<'a, T: Send + 'a>(
    operation: &'static str,
    answer: Answer<'a, T>,
) -> impl Future<Output = Result<T, StoreError>> + Send + 'a {
    metrics::STORE_OPERATIONS.time(answer, move |answer| match answer {
        Ok(_) => [operation, "ok"],
        Err(error) => [operation, error.kind().as_str()],
    })
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`SessionStore`] with boxed futures, which a trait object can have.
trait Erased: Send + Sync + 'static {
    fn current_time<'a>(&'a self) -> Answer<'a, Timestamp>;
    fn confirm<'a>(&'a self, max_age: Duration) -> Answer<'a, Timestamp>;
    fn login_ticket<'a>(&'a self) -> Answer<'a, LoginTicket>;
    fn create<'a>(&'a self, session: NewSession, ticket: LoginTicket) -> Answer<'a, Created>;
    fn rotate<'a>(&'a self, attempt: &'a RotationAttempt) -> Answer<'a, RotationOutcome>;
    fn rotate_within<'a>(
        &'a self,
        attempt: &'a mut RotationAttempt,
        limit: Duration,
    ) -> Answer<'a, RotationOutcome>;
    fn session<'a>(
        &'a self,
        subject: &'a Subject,
        id: &'a SessionId,
    ) -> Answer<'a, Option<SessionRecord>>;
    fn session_page<'a>(
        &'a self,
        subject: &'a Subject,
        after: Option<&'a SessionCursor>,
        limit: u32,
    ) -> Answer<'a, SessionPage>;
    fn session_count<'a>(&'a self, subject: &'a Subject) -> Answer<'a, u64>;
    fn revoke<'a>(&'a self, subject: &'a Subject, id: &'a SessionId) -> Answer<'a, bool>;
    fn revoke_all<'a>(&'a self, subject: &'a Subject) -> Answer<'a, RevokedAll>;
    fn revoke_realm<'a>(&'a self, realm: &'a str) -> Answer<'a, Timestamp>;
    fn add_application_token<'a>(
        &'a self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Answer<'a, TokenAdded>;
    fn application_token_is_live<'a>(
        &'a self,
        subject: &'a Subject,
        id: &'a str,
    ) -> Answer<'a, bool>;
    fn application_tokens<'a>(&'a self, subject: &'a Subject) -> Answer<'a, Vec<ApplicationToken>>;
    fn remove_application_token<'a>(
        &'a self,
        subject: &'a Subject,
        id: &'a str,
    ) -> Answer<'a, bool>;
    fn revoke_token<'a>(
        &'a self,
        subject: &'a Subject,
        id: &'a str,
        until: Timestamp,
    ) -> Answer<'a, ()>;
    fn is_revoked<'a>(
        &'a self,
        subject: &'a Subject,
        id: Option<&'a str>,
        since: Option<Timestamp>,
    ) -> Answer<'a, bool>;
    fn revocation_page<'a>(&'a self, query: &'a RevocationQuery) -> Answer<'a, RevocationPage>;
    fn use_once<'a>(
        &'a self,
        value: &'a SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Answer<'a, OneUse>;

    fn key_ring<'a>(&'a self, name: &'a str) -> Answer<'a, StoredRing>;
    fn replace_key_ring<'a>(
        &'a self,
        name: &'a str,
        version: u64,
        record: &'a str,
    ) -> Answer<'a, bool>;
    fn erase<'a>(&'a self, subject: &'a Subject) -> Answer<'a, RevokedAll>;
    fn purge_batch<'a>(&'a self, rules: &'a PurgeRules) -> Answer<'a, u64>;
}

impl<S: SessionStore> Erased for S {
    fn current_time<'a>(&'a self) -> Answer<'a, Timestamp> {
        Box::pin(SessionStore::current_time(self))
    }

    fn confirm<'a>(&'a self, max_age: Duration) -> Answer<'a, Timestamp> {
        Box::pin(SessionStore::confirm(self, max_age))
    }

    fn login_ticket<'a>(&'a self) -> Answer<'a, LoginTicket> {
        Box::pin(SessionStore::login_ticket(self))
    }

    fn create<'a>(&'a self, session: NewSession, ticket: LoginTicket) -> Answer<'a, Created> {
        Box::pin(SessionStore::create(self, session, ticket))
    }

    fn rotate<'a>(&'a self, attempt: &'a RotationAttempt) -> Answer<'a, RotationOutcome> {
        Box::pin(SessionStore::rotate(self, attempt))
    }

    fn rotate_within<'a>(
        &'a self,
        attempt: &'a mut RotationAttempt,
        limit: Duration,
    ) -> Answer<'a, RotationOutcome> {
        Box::pin(SessionStore::rotate_within(self, attempt, limit))
    }

    fn session<'a>(
        &'a self,
        subject: &'a Subject,
        id: &'a SessionId,
    ) -> Answer<'a, Option<SessionRecord>> {
        Box::pin(SessionStore::session(self, subject, id))
    }

    fn session_page<'a>(
        &'a self,
        subject: &'a Subject,
        after: Option<&'a SessionCursor>,
        limit: u32,
    ) -> Answer<'a, SessionPage> {
        Box::pin(SessionStore::session_page(self, subject, after, limit))
    }

    fn session_count<'a>(&'a self, subject: &'a Subject) -> Answer<'a, u64> {
        Box::pin(SessionStore::session_count(self, subject))
    }

    fn revoke<'a>(&'a self, subject: &'a Subject, id: &'a SessionId) -> Answer<'a, bool> {
        Box::pin(SessionStore::revoke(self, subject, id))
    }

    fn revoke_all<'a>(&'a self, subject: &'a Subject) -> Answer<'a, RevokedAll> {
        Box::pin(SessionStore::revoke_all(self, subject))
    }

    fn revoke_realm<'a>(&'a self, realm: &'a str) -> Answer<'a, Timestamp> {
        Box::pin(SessionStore::revoke_realm(self, realm))
    }

    fn add_application_token<'a>(
        &'a self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Answer<'a, TokenAdded> {
        Box::pin(SessionStore::add_application_token(
            self, token, limit, ticket,
        ))
    }

    fn application_token_is_live<'a>(
        &'a self,
        subject: &'a Subject,
        id: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(SessionStore::application_token_is_live(self, subject, id))
    }

    fn application_tokens<'a>(&'a self, subject: &'a Subject) -> Answer<'a, Vec<ApplicationToken>> {
        Box::pin(SessionStore::application_tokens(self, subject))
    }

    fn remove_application_token<'a>(
        &'a self,
        subject: &'a Subject,
        id: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(SessionStore::remove_application_token(self, subject, id))
    }

    fn revoke_token<'a>(
        &'a self,
        subject: &'a Subject,
        id: &'a str,
        until: Timestamp,
    ) -> Answer<'a, ()> {
        Box::pin(SessionStore::revoke_token(self, subject, id, until))
    }

    fn is_revoked<'a>(
        &'a self,
        subject: &'a Subject,
        id: Option<&'a str>,
        since: Option<Timestamp>,
    ) -> Answer<'a, bool> {
        Box::pin(SessionStore::is_revoked(self, subject, id, since))
    }

    fn revocation_page<'a>(&'a self, query: &'a RevocationQuery) -> Answer<'a, RevocationPage> {
        Box::pin(SessionStore::revocation_page(self, query))
    }

    fn use_once<'a>(
        &'a self,
        value: &'a SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Answer<'a, OneUse> {
        Box::pin(SessionStore::use_once(self, value, attempt, keep))
    }

    fn key_ring<'a>(&'a self, name: &'a str) -> Answer<'a, StoredRing> {
        Box::pin(SessionStore::key_ring(self, name))
    }

    fn replace_key_ring<'a>(
        &'a self,
        name: &'a str,
        version: u64,
        record: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(SessionStore::replace_key_ring(self, name, version, record))
    }

    fn erase<'a>(&'a self, subject: &'a Subject) -> Answer<'a, RevokedAll> {
        Box::pin(SessionStore::erase(self, subject))
    }

    fn purge_batch<'a>(&'a self, rules: &'a PurgeRules) -> Answer<'a, u64> {
        Box::pin(SessionStore::purge_batch(self, rules))
    }
}
