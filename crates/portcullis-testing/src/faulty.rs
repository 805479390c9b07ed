//! A session store that fails when it is told to.

use std::{
    fmt,
    future::{Future, pending},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use portcullis::{
    session::{
        ApplicationToken, AttemptId, Created, DynSessionStore, LoginTicket, NewSession, OneUse,
        PurgeRules, RevocationPage, RevocationQuery, RevokedAll, RotationAttempt, RotationOutcome,
        SecretDigest, SessionCursor, SessionId, SessionPage, SessionRecord, SessionStore,
        StoreError, StoredRing, TokenAdded,
    },
    subject::Subject,
    time::Timestamp,
};

use crate::clock::FakeClock;

/// How a [`FaultyStore`] fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The call does not reach the store.
    Unreachable,
    /// The store does what it is asked, but its answer is lost.
    AnswerLost,
    /// The call is held up on its way. One that presents a refresh token reaches
    /// the store at [`FaultyStore::release`]; others never do.
    HeldUp,
    /// The store does what it is asked, but its answer never comes: until whoever asked
    /// waits no longer.
    Unanswered,
}

/// Another store, with faults. Clones are the same store.
///
/// ```
/// use portcullis::{session::{MemoryStore, SessionStore}, time::SharedClock};
/// use portcullis_testing::faulty::{Fault, FaultyStore};
///
/// # async fn example() {
/// let store = FaultyStore::new(MemoryStore::new(SharedClock::default()));
/// store.fail_next(1, Fault::Unreachable);
/// assert!(store.login_ticket().await.is_err());
/// assert!(store.login_ticket().await.is_ok());
/// # }
/// ```
#[derive(Clone)]
pub struct FaultyStore {
    inner: DynSessionStore,
    next: Arc<Mutex<Plan>>,
    calls: Arc<AtomicU64>,
    delay: Arc<Mutex<Option<(FakeClock, Duration)>>>,
    held: Arc<Mutex<Vec<RotationAttempt>>>,
    behind: Arc<Mutex<Duration>>,
    page_limit: Arc<AtomicU32>,
}

impl FaultyStore {
    /// `store`, without faults so far.
    pub fn new(store: impl SessionStore) -> Self {
        Self {
            inner: DynSessionStore::new(store),
            next: Arc::new(Mutex::new(Plan {
                passing: 0,
                failing: 0,
                fault: Fault::Unreachable,
            })),
            calls: Arc::default(),
            delay: Arc::default(),
            held: Arc::default(),
            behind: Arc::default(),
            page_limit: Arc::new(AtomicU32::new(u32::MAX)),
        }
    }

    /// Lets the next `calls` calls fail; `u64::MAX` for all until further
    /// notice, 0 for none any more.
    pub fn fail_next(&self, calls: u64, fault: Fault) {
        self.fail_after(0, calls, fault);
    }

    /// As [`fail_next`](Self::fail_next), after so many calls that do not.
    pub fn fail_after(&self, passing: u64, calls: u64, fault: Fault) {
        *lock(&self.next) = Plan {
            passing,
            failing: calls,
            fault,
        };
    }

    /// Lets `clock` go on by `delay` at each fault, as a call that times out does.
    pub fn fail_slowly(&self, clock: &FakeClock, delay: Duration) {
        *lock(&self.delay) = Some((clock.clone(), delay));
    }

    /// Lets what was [held up](Fault::HeldUp) reach the store at last. What it
    /// answers, which whoever asked never hears.
    ///
    /// # Errors
    ///
    /// When the store fails.
    pub async fn release(&self) -> Result<Vec<RotationOutcome>, StoreError> {
        let held = std::mem::take(&mut *lock(&self.held));
        let mut outcomes = Vec::new();
        for attempt in held {
            outcomes.push(self.inner.rotate(&attempt).await?);
        }
        Ok(outcomes)
    }

    /// Lets the store's time be taken for earlier by `by` until a refresh token is
    /// presented, as on a node that slept.
    pub fn fall_behind(&self, by: Duration) {
        *lock(&self.behind) = by;
    }

    /// Lets pages of what was revoked be as short as this.
    pub fn shorten_pages(&self, limit: u32) {
        self.page_limit.store(limit, Ordering::Relaxed);
    }

    /// How many calls there have been.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    async fn through<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.fault() {
            None => call.await,
            Some(Fault::Unreachable) => Err(StoreError::unavailable("the store is unreachable")),
            Some(Fault::HeldUp) => Err(StoreError::unavailable("the call is held up")),
            Some(Fault::AnswerLost) => {
                call.await?;
                Err(StoreError::unavailable("the answer was lost"))
            }
            Some(Fault::Unanswered) => {
                call.await?;
                pending().await
            }
        }
    }

    fn fault(&self) -> Option<Fault> {
        let mut next = lock(&self.next);
        if let Some(passing) = next.passing.checked_sub(1) {
            next.passing = passing;
            return None;
        }
        next.failing = next.failing.checked_sub(1)?;
        if let Some((clock, delay)) = &*lock(&self.delay) {
            clock.advance(*delay);
        }
        Some(next.fault)
    }
}

/// What comes of the next calls.
struct Plan {
    passing: u64,
    failing: u64,
    fault: Fault,
}

impl Plan {
    fn holds_up(&self) -> bool {
        self.passing == 0 && self.failing > 0 && self.fault == Fault::HeldUp
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for FaultyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore").finish_non_exhaustive()
    }
}

impl SessionStore for FaultyStore {
    /// Never fails: the time is known without asking.
    async fn current_time(&self) -> Result<Timestamp, StoreError> {
        let behind = *lock(&self.behind);
        Ok(self.inner.current_time().await?.saturating_sub(behind))
    }

    async fn confirm(&self, max_age: Duration) -> Result<Timestamp, StoreError> {
        self.through(self.inner.confirm(max_age)).await
    }

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        self.through(self.inner.login_ticket()).await
    }

    async fn create(
        &self,
        session: NewSession,
        ticket: LoginTicket,
    ) -> Result<Created, StoreError> {
        self.through(self.inner.create(session, ticket)).await
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        self.fall_behind(Duration::ZERO);
        if lock(&self.next).holds_up() {
            lock(&self.held).push(attempt.clone());
        }
        self.through(self.inner.rotate(attempt)).await
    }

    async fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        self.through(self.inner.session(subject, id)).await
    }

    async fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        self.through(self.inner.session_page(subject, after, limit))
            .await
    }

    async fn session_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        self.through(self.inner.session_count(subject)).await
    }

    async fn revoke(&self, subject: &Subject, id: &SessionId) -> Result<bool, StoreError> {
        self.through(self.inner.revoke(subject, id)).await
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        self.through(self.inner.revoke_all(subject)).await
    }

    async fn revoke_realm(&self, realm: &str) -> Result<Timestamp, StoreError> {
        self.through(self.inner.revoke_realm(realm)).await
    }

    async fn add_application_token(
        &self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Result<TokenAdded, StoreError> {
        self.through(self.inner.add_application_token(token, limit, ticket))
            .await
    }

    async fn application_token_is_live(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        self.through(self.inner.application_token_is_live(subject, id))
            .await
    }

    async fn application_tokens(
        &self,
        subject: &Subject,
    ) -> Result<Vec<ApplicationToken>, StoreError> {
        self.through(self.inner.application_tokens(subject)).await
    }

    async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        self.through(self.inner.remove_application_token(subject, id))
            .await
    }

    async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        self.through(self.inner.revoke_token(subject, id, until))
            .await
    }

    async fn is_revoked(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        self.through(self.inner.is_revoked(subject, id, since))
            .await
    }

    async fn revocation_page(&self, query: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        let mut query = query.clone();
        query.limit = query.limit.min(self.page_limit.load(Ordering::Relaxed));
        self.through(self.inner.revocation_page(&query)).await
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        self.through(self.inner.use_once(value, attempt, keep))
            .await
    }

    async fn key_ring(&self, name: &str) -> Result<StoredRing, StoreError> {
        self.through(self.inner.key_ring(name)).await
    }

    async fn replace_key_ring(
        &self,
        name: &str,
        version: u64,
        record: &str,
    ) -> Result<bool, StoreError> {
        let call = self.inner.replace_key_ring(name, version, record);
        self.through(call).await
    }

    async fn erase(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        self.through(self.inner.erase(subject)).await
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        self.through(self.inner.purge_batch(rules)).await
    }
}
