//! A store that can be taken down.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use crate::{
    session::{
        ApplicationToken, AttemptId, Created, LoginTicket, MemoryStore, NewSession, OneUse,
        PurgeRules, RevocationPage, RevocationQuery, RevokedAll, RotationAttempt, RotationOutcome,
        SecretDigest, SessionCursor, SessionId, SessionPage, SessionRecord, SessionStore,
        StoreError, StoredRing, TokenAdded,
    },
    subject::Subject,
    time::Timestamp,
};

#[derive(Clone)]
pub(super) struct FaultyStore {
    store: Arc<MemoryStore>,
    down: Arc<AtomicBool>,
    /// After how many calls it goes down by itself.
    left: Arc<AtomicU32>,
}

impl FaultyStore {
    pub(super) fn new(store: MemoryStore) -> Self {
        Self {
            store: Arc::new(store),
            down: Arc::default(),
            left: Arc::new(AtomicU32::new(u32::MAX)),
        }
    }

    pub(super) fn set_down(&self, down: bool) {
        self.left.store(u32::MAX, Ordering::Relaxed);
        self.down.store(down, Ordering::Relaxed);
    }

    /// Takes it down in the middle of what is done next.
    pub(super) fn go_down_after(&self, calls: u32) {
        self.left.store(calls, Ordering::Relaxed);
    }

    fn up(&self) -> Result<&MemoryStore, StoreError> {
        match self.left.load(Ordering::Relaxed) {
            u32::MAX => {}
            0 => self.down.store(true, Ordering::Relaxed),
            calls => self.left.store(calls - 1, Ordering::Relaxed),
        }
        if self.down.load(Ordering::Relaxed) {
            return Err(StoreError::unavailable("taken down"));
        }
        Ok(&self.store)
    }
}

impl SessionStore for FaultyStore {
    async fn current_time(&self) -> Result<Timestamp, StoreError> {
        self.up()?.current_time().await
    }

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        self.up()?.login_ticket().await
    }

    async fn create(
        &self,
        session: NewSession,
        ticket: LoginTicket,
    ) -> Result<Created, StoreError> {
        self.up()?.create(session, ticket).await
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        self.up()?.rotate(attempt).await
    }

    async fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        self.up()?.session(subject, id).await
    }

    async fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        self.up()?.session_page(subject, after, limit).await
    }

    async fn session_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        self.up()?.session_count(subject).await
    }

    async fn revoke(&self, subject: &Subject, id: &SessionId) -> Result<bool, StoreError> {
        self.up()?.revoke(subject, id).await
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        self.up()?.revoke_all(subject).await
    }

    async fn revoke_realm(&self, realm: &str) -> Result<Timestamp, StoreError> {
        self.up()?.revoke_realm(realm).await
    }

    async fn add_application_token(
        &self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Result<TokenAdded, StoreError> {
        self.up()?.add_application_token(token, limit, ticket).await
    }

    async fn application_token_is_live(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        self.up()?.application_token_is_live(subject, id).await
    }

    async fn application_tokens(
        &self,
        subject: &Subject,
    ) -> Result<Vec<ApplicationToken>, StoreError> {
        self.up()?.application_tokens(subject).await
    }

    async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        self.up()?.remove_application_token(subject, id).await
    }

    async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.up()?.revoke_token(subject, id, until).await
    }

    async fn is_revoked(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.up()?.is_revoked(subject, id, since).await
    }

    async fn revocation_page(&self, query: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        self.up()?.revocation_page(query).await
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        self.up()?.use_once(value, attempt, keep).await
    }

    async fn key_ring(&self, name: &str) -> Result<StoredRing, StoreError> {
        self.up()?.key_ring(name).await
    }

    async fn replace_key_ring(
        &self,
        name: &str,
        version: u64,
        record: &str,
    ) -> Result<bool, StoreError> {
        self.up()?.replace_key_ring(name, version, record).await
    }

    async fn erase(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        self.up()?.erase(subject).await
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        self.up()?.purge_batch(rules).await
    }
}
