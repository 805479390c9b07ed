//! Sessions in memory.

mod state;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use self::state::{Kept, Listed, State};
use super::{
    ApplicationToken, AttemptId, Created, LoginTicket, NewSession, OneUse, PurgeRules,
    RefusalReason, RevocationPage, RevocationQuery, RevocationReason, RevokedAll, RotationAttempt,
    RotationOutcome, SecretDigest, SessionCursor, SessionId, SessionPage, SessionRecord,
    SessionStore, StoreError, StoredRing, TokenAdded, rules,
};
use crate::{
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};

/// Sessions in memory: for tests, and for one process whose users may be logged
/// out when it restarts. Cheap to clone; clones are the same store.
///
/// What has expired goes by itself when the store has doubled in size.
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    clock: SharedClock,
}

impl MemoryStore {
    /// An empty store that goes by `clock`.
    pub fn new(clock: SharedClock) -> Self {
        Self {
            state: Arc::default(),
            clock,
        }
    }

    /// The state, and the time now that it is locked.
    fn lock(&self) -> (MutexGuard<'_, State>, Timestamp) {
        // Nothing in here panics half-way through a change.
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state, self.clock.now())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

impl SessionStore for MemoryStore {
    async fn current_time(&self) -> Result<Timestamp, StoreError> {
        Ok(self.clock.now())
    }

    async fn login_ticket(&self) -> Result<LoginTicket, StoreError> {
        Ok(LoginTicket::from_sequence(self.lock().0.log_outs))
    }

    async fn create(
        &self,
        session: NewSession,
        ticket: LoginTicket,
    ) -> Result<Created, StoreError> {
        let (mut state, now) = self.lock();
        if state.logged_out_since(&session.subject, ticket) {
            return Ok(Created::LoggedOutMeanwhile);
        }
        if let Some(row) = state.session(&session.id) {
            return match session.is_of(&row) {
                true => Ok(Created::session(row)),
                false => Err(StoreError::corrupt("another session has this id")),
            };
        }
        state.purge_when_doubled(now);
        let evicted = match session.limit {
            Some(limit) => state.make_room(&session.subject, limit, now),
            None => Vec::new(),
        };
        let record = session.into_record(now);
        state
            .of_subject
            .entry(record.subject.clone())
            .or_insert_with(|| Vec::with_capacity(1))
            .push(record.id.clone());
        let kept = Box::new(Kept {
            record: record.clone(),
            number: ticket.sequence(),
        });
        state.sessions.insert(record.id.clone(), kept);
        Ok(Created::Session {
            session: Box::new(record),
            evicted,
        })
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        let (mut state, now) = self.lock();
        let State {
            sessions, cut_offs, ..
        } = &mut *state;
        let Some(kept) = sessions.get_mut(&attempt.session) else {
            return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
        };
        Ok(match cut_offs.ended(kept) {
            Some(ended) => rules::decide(&ended, attempt, now).0,
            None => rules::apply(&mut kept.record, attempt, now),
        })
    }

    async fn session(
        &self,
        subject: &Subject,
        id: &SessionId,
    ) -> Result<Option<SessionRecord>, StoreError> {
        let (state, _) = self.lock();
        let session = state.session(id);
        Ok(session.filter(|session| session.subject == *subject))
    }

    async fn session_page(
        &self,
        subject: &Subject,
        after: Option<&SessionCursor>,
        limit: u32,
    ) -> Result<SessionPage, StoreError> {
        let (state, now) = self.lock();
        let behind = |kept: &&Kept| match after {
            Some(after) => SessionCursor::behind(&kept.record) > *after,
            None => true,
        };
        let mut live: Vec<_> = state.live(subject, now).filter(behind).collect();
        live.sort_by_key(|kept| (kept.record.created_at, &kept.record.id));
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let is_last = live.len() <= limit;
        live.truncate(limit);
        let sessions: Vec<_> = live.iter().map(|kept| kept.record.clone()).collect();
        let next = sessions.last().filter(|_| !is_last);
        Ok(SessionPage {
            next: next.map(SessionCursor::behind),
            sessions,
        })
    }

    async fn session_count(&self, subject: &Subject) -> Result<u64, StoreError> {
        let (state, now) = self.lock();
        let live = state.live(subject, now).count();
        Ok(u64::try_from(live).unwrap_or(u64::MAX))
    }

    async fn revoke(&self, subject: &Subject, id: &SessionId) -> Result<bool, StoreError> {
        let (mut state, now) = self.lock();
        let kept = state.sessions.get(id);
        if kept.is_none_or(|kept| kept.record.subject != *subject) {
            return Ok(false);
        }
        Ok(state.revoke(id, RevocationReason::Logout, now))
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let (mut state, now) = self.lock();
        Ok(state.revoke_all(subject, now))
    }

    async fn revoke_realm(&self, realm: &str) -> Result<Timestamp, StoreError> {
        let (mut state, now) = self.lock();
        state.log_outs += 1;
        let number = state.log_outs;
        Ok(state.cut_offs.make(realm, number, now))
    }

    async fn add_application_token(
        &self,
        token: ApplicationToken,
        limit: u32,
        ticket: LoginTicket,
    ) -> Result<TokenAdded, StoreError> {
        let (mut state, now) = self.lock();
        if state.logged_out_since(&token.subject, ticket) {
            return Ok(TokenAdded::LoggedOutMeanwhile);
        }
        state.purge_when_doubled(now);
        if let Some(listed) = state.application_tokens.get(&token.id) {
            return Ok(match state.is_live(listed) {
                true => TokenAdded::Added,
                false => TokenAdded::LoggedOutMeanwhile,
            });
        }
        if state.live_tokens(&token.subject).count() >= usize::try_from(limit).unwrap_or(usize::MAX)
        {
            return Ok(TokenAdded::LimitReached);
        }
        let listed = Listed {
            token,
            number: ticket.sequence(),
            removed_at: None,
        };
        state
            .application_tokens
            .insert(listed.token.id.clone(), listed);
        Ok(TokenAdded::Added)
    }

    async fn application_token_is_live(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        let (state, _) = self.lock();
        let listed = state.application_tokens.get(id);
        Ok(listed.is_some_and(|listed| state.is_live(listed) && listed.token.subject == *subject))
    }

    async fn application_tokens(
        &self,
        subject: &Subject,
    ) -> Result<Vec<ApplicationToken>, StoreError> {
        let (state, _) = self.lock();
        let mut live: Vec<_> = state.live_tokens(subject).cloned().collect();
        live.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(live)
    }

    async fn remove_application_token(
        &self,
        subject: &Subject,
        id: &str,
    ) -> Result<bool, StoreError> {
        let (mut state, now) = self.lock();
        let listed = state.application_tokens.get(id);
        if listed.is_none_or(|listed| listed.token.subject != *subject) {
            return Ok(false);
        }
        Ok(state.remove_token(id, now))
    }

    async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut state, at) = self.lock();
        state.purge_when_doubled(at);
        state.revoke_token(subject, id, at, until);
        Ok(())
    }

    async fn is_revoked(
        &self,
        subject: &Subject,
        id: Option<&str>,
        since: Option<Timestamp>,
    ) -> Result<bool, StoreError> {
        let (state, now) = self.lock();
        Ok(
            id.is_some_and(|id| state.token_is_revoked(subject, id, now))
                || since.is_some_and(|since| state.logged_out_at_least(subject, since)),
        )
    }

    async fn revocation_page(&self, query: &RevocationQuery) -> Result<RevocationPage, StoreError> {
        let (state, now) = self.lock();
        Ok(RevocationPage {
            revocations: state.revocations(query.since, now).collect(),
            next: None,
            now,
        })
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        let (mut state, now) = self.lock();
        state.purge_when_doubled(now);
        Ok(state.use_once(value, attempt, now, keep))
    }

    async fn key_ring(&self, name: &str) -> Result<StoredRing, StoreError> {
        let (state, now) = self.lock();
        let (version, record) = state.key_rings.get(name).cloned().unwrap_or_default();
        Ok(StoredRing {
            version,
            record,
            now,
        })
    }

    async fn replace_key_ring(
        &self,
        name: &str,
        version: u64,
        record: &str,
    ) -> Result<bool, StoreError> {
        let (mut state, _) = self.lock();
        let ring = state.key_rings.entry(name.to_owned()).or_default();
        if ring.0 != version {
            return Ok(false);
        }
        *ring = (version + 1, record.to_owned());
        Ok(true)
    }

    async fn erase(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let (mut state, now) = self.lock();
        let revoked = state.revoke_all(subject, now);
        state.forget(subject);
        Ok(revoked)
    }

    async fn purge_batch(&self, rules: &PurgeRules) -> Result<u64, StoreError> {
        let (mut state, now) = self.lock();
        let gone = state.purge(now, rules.keep);
        let blanked = match rules.devices {
            Some(devices) => state.forget_devices(now.saturating_sub(devices)),
            None => 0,
        };
        Ok(gone + blanked)
    }
}
