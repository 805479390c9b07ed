//! Sessions in memory.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    ApplicationToken, AttemptId, Created, LoginTicket, NewSession, OneUse, RefusalReason,
    Revocation, RevocationReason, Revoked, RevokedAll, RotationAttempt, RotationOutcome,
    SecretDigest, SessionId, SessionRecord, SessionStore, StoreError, StoredRing, TokenAdded,
    rules,
};
use crate::{
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};

/// How long the store remembers what is over when nobody calls
/// [`SessionStore::purge`].
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

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
        if let Some(row) = state.sessions.get(&session.id) {
            return match session.is_of(row) {
                true => Ok(Created::Session(row.clone())),
                false => Err(StoreError::corrupt("another session has this id")),
            };
        }
        state.purge_when_doubled(now);
        let record = Box::new(session.into_record(now));
        state
            .of_subject
            .entry(record.subject.clone())
            .or_insert_with(|| Vec::with_capacity(1))
            .push(record.id.clone());
        state.sessions.insert(record.id.clone(), record.clone());
        Ok(Created::Session(record))
    }

    async fn rotate(&self, attempt: &RotationAttempt) -> Result<RotationOutcome, StoreError> {
        let (mut state, now) = self.lock();
        let Some(row) = state.sessions.get_mut(&attempt.session) else {
            return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
        };
        Ok(rules::apply(row, attempt, now))
    }

    async fn session(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let (state, _) = self.lock();
        Ok(state.sessions.get(id).map(|row| row.as_ref().clone()))
    }

    async fn sessions(&self, subject: &Subject) -> Result<Vec<SessionRecord>, StoreError> {
        let (state, now) = self.lock();
        let mut live: Vec<_> = state
            .of_subject
            .get(subject)
            .into_iter()
            .flatten()
            .filter_map(|id| state.sessions.get(id))
            .filter(|session| session.is_live(now))
            .map(|session| session.as_ref().clone())
            .collect();
        live.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(live)
    }

    async fn revoke(&self, id: &SessionId) -> Result<bool, StoreError> {
        let (mut state, now) = self.lock();
        Ok(state.revoke(id, RevocationReason::Logout, now))
    }

    async fn revoke_all(&self, subject: &Subject) -> Result<RevokedAll, StoreError> {
        let (mut state, now) = self.lock();
        state.log_outs += 1;
        let number = state.log_outs;
        state.logged_out.insert(subject.clone(), (number, now));
        let mut sessions: Vec<_> = state
            .of_subject
            .get(subject)
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        sessions.retain(|id| state.revoke(id, RevocationReason::LogoutEverywhere, now));
        let mut application_tokens = Vec::new();
        for (id, listed) in &mut state.application_tokens {
            if listed.token.subject == *subject && listed.removed_at.is_none() {
                listed.removed_at = Some(now);
                application_tokens.push(id.clone());
            }
        }
        Ok(RevokedAll {
            sessions,
            application_tokens,
        })
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
            return Ok(match listed.removed_at {
                None => TokenAdded::Added,
                Some(_) => TokenAdded::LoggedOutMeanwhile,
            });
        }
        if state.live_tokens(&token.subject).count() >= usize::try_from(limit).unwrap_or(usize::MAX)
        {
            return Ok(TokenAdded::LimitReached);
        }
        let listed = Listed {
            token,
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
        Ok(state
            .application_tokens
            .get(id)
            .is_some_and(|listed| listed.removed_at.is_none() && listed.token.subject == *subject))
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

    async fn remove_application_token(&self, id: &str) -> Result<bool, StoreError> {
        let (mut state, now) = self.lock();
        let Some(listed) = state.application_tokens.get_mut(id) else {
            return Ok(false);
        };
        let was_live = listed.removed_at.is_none();
        listed.removed_at.get_or_insert(now);
        Ok(was_live)
    }

    async fn revoke_token(
        &self,
        subject: &Subject,
        id: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut state, at) = self.lock();
        state.purge_when_doubled(at);
        let token = RevokedToken {
            subject: subject.clone(),
            at,
            until,
        };
        match state
            .revoked_tokens
            .entry((subject.realm().into(), id.to_owned()))
        {
            Entry::Vacant(entry) => {
                entry.insert(token);
            }
            Entry::Occupied(mut entry) if entry.get().until < until => {
                entry.insert(token);
            }
            Entry::Occupied(_) => {}
        }
        Ok(())
    }

    async fn revocations(&self, since: Timestamp) -> Result<Vec<Revocation>, StoreError> {
        let (state, now) = self.lock();
        Ok(state.revocations(since, now).collect())
    }

    async fn use_once(
        &self,
        value: &SecretDigest,
        attempt: AttemptId,
        keep: Duration,
    ) -> Result<OneUse, StoreError> {
        let (mut state, now) = self.lock();
        state.purge_when_doubled(now);
        let used = Used {
            first: attempt,
            at: now,
            until: now.saturating_add(keep),
        };
        let first = state.used.entry(*value.as_bytes()).or_insert(used);
        if first.until <= now {
            *first = used;
        }
        let elapsed = now.saturating_duration_since(first.at);
        Ok(OneUse::of(attempt, first.first, elapsed))
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

    async fn purge(&self, keep: Duration) -> Result<u64, StoreError> {
        let (mut state, now) = self.lock();
        Ok(state.purge(now, keep))
    }
}

#[derive(Default)]
struct State {
    /// Boxed, because a table of rows is half empty on average.
    sessions: HashMap<SessionId, Box<SessionRecord>>,
    of_subject: HashMap<Subject, Vec<SessionId>>,
    application_tokens: HashMap<String, Listed>,
    /// By realm and `jti`.
    revoked_tokens: HashMap<(Box<str>, String), RevokedToken>,
    /// What was used that may be used once, by its digest.
    used: HashMap<[u8; 32], Used>,
    /// The version and the record of each key ring.
    key_rings: HashMap<String, (u64, String)>,
    /// How many log-outs everywhere there have been.
    log_outs: u64,
    /// The number and time of each subject's last log-out everywhere.
    logged_out: HashMap<Subject, (u64, Timestamp)>,
    /// The highest number that was purged from `logged_out`.
    forgotten_log_outs: u64,
    /// The size at which expired entries are looked for next.
    purge_at: usize,
}

struct Listed {
    token: ApplicationToken,
    removed_at: Option<Timestamp>,
}

#[derive(Clone, Copy)]
struct Used {
    first: AttemptId,
    at: Timestamp,
    until: Timestamp,
}

struct RevokedToken {
    subject: Subject,
    at: Timestamp,
    until: Timestamp,
}

impl State {
    /// Whether a log-out everywhere overtook the holder of `ticket`; also when
    /// that has been forgotten.
    fn logged_out_since(&self, subject: &Subject, ticket: LoginTicket) -> bool {
        let number = self
            .logged_out
            .get(subject)
            .map_or(0, |(number, _)| *number);
        number.max(self.forgotten_log_outs) > ticket.sequence()
    }

    fn revoke(&mut self, id: &SessionId, reason: RevocationReason, now: Timestamp) -> bool {
        let Some(session) = self.sessions.get_mut(id) else {
            return false;
        };
        if session.revoked.is_some() {
            return false;
        }
        session.revoked = Some(Revoked {
            at: now,
            reason,
            by: None,
        });
        true
    }

    fn live_tokens(&self, subject: &Subject) -> impl Iterator<Item = &ApplicationToken> {
        self.application_tokens
            .values()
            .filter(|listed| listed.removed_at.is_none())
            .map(|listed| &listed.token)
            .filter(move |token| token.subject == *subject)
    }

    fn revocations(&self, since: Timestamp, now: Timestamp) -> impl Iterator<Item = Revocation> {
        let sessions = self.sessions.values().filter_map(move |session| {
            let revoked = session.revoked.filter(|revoked| revoked.at >= since)?;
            Some(Revocation::Session {
                id: session.id.clone(),
                subject: session.subject.clone(),
                at: revoked.at,
                reason: revoked.reason,
            })
        });
        let tokens = self
            .revoked_tokens
            .iter()
            .filter(move |(_, token)| token.at >= since && token.until > now)
            .map(|((_, id), token)| Revocation::Token {
                id: id.clone(),
                subject: token.subject.clone(),
                at: token.at,
                until: token.until,
            });
        let subjects = self
            .logged_out
            .iter()
            .filter(move |(_, (_, at))| *at >= since)
            .map(|(subject, (_, at))| Revocation::Subject {
                subject: subject.clone(),
                at: *at,
            });
        let application_tokens = self
            .application_tokens
            .iter()
            .filter_map(move |(id, listed)| {
                let at = listed.removed_at.filter(|at| *at >= since)?;
                Some(Revocation::ApplicationToken { id: id.clone(), at })
            });
        sessions
            .chain(tokens)
            .chain(subjects)
            .chain(application_tokens)
    }

    fn size(&self) -> usize {
        self.sessions.len()
            + self.application_tokens.len()
            + self.revoked_tokens.len()
            + self.used.len()
            + self.logged_out.len()
    }

    fn purge_when_doubled(&mut self, now: Timestamp) {
        if self.size() >= self.purge_at {
            self.purge(now, KEEP);
            self.purge_at = self.size().saturating_mul(2).max(1024);
        }
    }

    fn purge(&mut self, now: Timestamp, keep: Duration) -> u64 {
        let before = self.size();
        let since = now.saturating_sub(keep);
        let Self {
            sessions,
            of_subject,
            ..
        } = self;
        sessions.retain(|_, session| {
            let over = session.idle_deadline.min(session.absolute_deadline);
            over >= since && session.revoked.is_none_or(|revoked| revoked.at >= since)
        });
        of_subject.retain(|_, ids| {
            ids.retain(|id| sessions.contains_key(id));
            !ids.is_empty()
        });
        self.application_tokens
            .retain(|_, listed| listed.removed_at.is_none_or(|at| at >= since));
        self.revoked_tokens.retain(|_, token| token.until > now);
        self.used.retain(|_, used| used.until > now);
        for (number, at) in self.logged_out.values() {
            if *at < since {
                self.forgotten_log_outs = self.forgotten_log_outs.max(*number);
            }
        }
        self.logged_out.retain(|_, (_, at)| *at >= since);
        u64::try_from(before - self.size()).unwrap_or(u64::MAX)
    }
}
