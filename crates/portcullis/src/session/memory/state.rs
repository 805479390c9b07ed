//! What the store in memory holds.

use std::{
    collections::{HashMap, hash_map::Entry},
    num::NonZeroU32,
    time::Duration,
};

use crate::{
    session::{
        ApplicationToken, AttemptId, Device, Grant, LoginTicket, OneUse, Revocation,
        RevocationReason, Revoked, RevokedAll, SecretDigest, SessionId, SessionRecord,
    },
    subject::Subject,
    time::Timestamp,
};

/// How long the store remembers what is over when nobody calls
/// [`SessionStore::purge`](crate::session::SessionStore::purge).
const KEEP: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Default)]
pub(super) struct State {
    /// Boxed, because a table of rows is half empty on average.
    pub(super) sessions: HashMap<SessionId, Box<Kept>>,
    pub(super) of_subject: HashMap<Subject, Vec<SessionId>>,
    pub(super) application_tokens: HashMap<String, Listed>,
    /// By realm and `jti`.
    revoked_tokens: HashMap<(Box<str>, String), RevokedToken>,
    /// What was used that may be used once, by its digest.
    used: HashMap<[u8; 32], Used>,
    /// The version and the record of each key ring.
    pub(super) key_rings: HashMap<String, (u64, String)>,
    /// How many log-outs everywhere and of everybody there have been.
    pub(super) log_outs: u64,
    /// The number and time of each subject's last log-out everywhere.
    pub(super) logged_out: HashMap<Subject, (u64, Timestamp)>,
    /// The last log-out of everybody of each realm.
    pub(super) cut_offs: CutOffs,
    /// The highest number that was purged from `logged_out`.
    forgotten_log_outs: u64,
    /// The size at which expired entries are looked for next.
    purge_at: usize,
}

/// A session as it is kept, unless its realm was cut off.
pub(super) struct Kept {
    pub(super) record: SessionRecord,
    /// Of the ticket that it was opened with.
    pub(super) number: u64,
}

pub(super) struct Listed {
    pub(super) token: ApplicationToken,
    /// Of the ticket that it was listed with.
    pub(super) number: u64,
    pub(super) removed_at: Option<Timestamp>,
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
    pub(super) fn logged_out_since(&self, subject: &Subject, ticket: LoginTicket) -> bool {
        let number = self
            .logged_out
            .get(subject)
            .map_or(0, |(number, _)| *number);
        number.max(self.forgotten_log_outs) > ticket.sequence()
            || self
                .cut_offs
                .reaches(subject.realm(), ticket.sequence())
                .is_some()
    }

    /// The session as it is now.
    pub(super) fn session(&self, id: &SessionId) -> Option<SessionRecord> {
        let kept = self.sessions.get(id)?;
        let ended = self.cut_offs.ended(kept);
        Some(ended.unwrap_or_else(|| kept.record.clone()))
    }

    pub(super) fn revoke(
        &mut self,
        id: &SessionId,
        reason: RevocationReason,
        now: Timestamp,
    ) -> bool {
        let Some(kept) = self.sessions.get_mut(id) else {
            return false;
        };
        if kept.record.revoked.is_some() || self.cut_offs.ended(kept).is_some() {
            return false;
        }
        kept.record.revoked = Some(Revoked {
            at: now,
            reason,
            by: None,
        });
        true
    }

    /// The live sessions of a subject.
    pub(super) fn live(&self, subject: &Subject, now: Timestamp) -> impl Iterator<Item = &Kept> {
        let ids = self.of_subject.get(subject).into_iter().flatten();
        ids.filter_map(|id| self.sessions.get(id))
            .map(|kept| &**kept)
            .filter(move |kept| kept.record.is_live(now) && self.cut_offs.ended(kept).is_none())
    }

    /// Ends as many sessions of a subject as must go for another one, the longest idle
    /// first: which.
    pub(super) fn make_room(
        &mut self,
        subject: &Subject,
        limit: NonZeroU32,
        now: Timestamp,
    ) -> Vec<SessionId> {
        let live = self.live(subject, now).map(|kept| &kept.record);
        let mut live: Vec<_> = live
            .map(|row| (row.rotated_at, row.created_at, row.id.clone()))
            .collect();
        let stay = usize::try_from(limit.get() - 1).unwrap_or(usize::MAX);
        let Some(go @ 1..) = live.len().checked_sub(stay) else {
            return Vec::new();
        };
        live.sort();
        live.truncate(go);
        let mut evicted: Vec<_> = live.into_iter().map(|(.., id)| id).collect();
        evicted.retain(|id| self.revoke(id, RevocationReason::Evicted, now));
        evicted
    }

    pub(super) fn revoke_all(&mut self, subject: &Subject, now: Timestamp) -> RevokedAll {
        self.log_outs += 1;
        let number = self.log_outs;
        self.logged_out.insert(subject.clone(), (number, now));
        let mut sessions = self.of_subject.get(subject).cloned().unwrap_or_default();
        sessions.retain(|id| self.revoke(id, RevocationReason::LogoutEverywhere, now));
        RevokedAll {
            sessions,
            application_tokens: self.remove_tokens_of(subject, now),
        }
    }

    /// Forgets who the subject was, in all its sessions.
    pub(super) fn forget(&mut self, subject: &Subject) {
        for id in self.of_subject.get(subject).into_iter().flatten() {
            if let Some(kept) = self.sessions.get_mut(id) {
                kept.record.device = Device::default();
                kept.record.grant = Grant::default();
            }
        }
    }

    /// Forgets the devices of sessions that were last refreshed before `since`: how many.
    pub(super) fn forget_devices(&mut self, since: Timestamp) -> u64 {
        let mut forgotten = 0;
        for kept in self.sessions.values_mut() {
            let row = &mut kept.record;
            if row.rotated_at < since && row.device != Device::default() {
                row.device = Device::default();
                forgotten += 1;
            }
        }
        forgotten
    }

    pub(super) fn is_live(&self, listed: &Listed) -> bool {
        let realm = listed.token.subject.realm();
        listed.removed_at.is_none() && self.cut_offs.reaches(realm, listed.number).is_none()
    }

    /// Takes an application token off the list. True if it was on it.
    pub(super) fn remove_token(&mut self, id: &str, now: Timestamp) -> bool {
        let listed = self.application_tokens.get(id);
        if !listed.is_some_and(|listed| self.is_live(listed)) {
            return false;
        }
        if let Some(listed) = self.application_tokens.get_mut(id) {
            listed.removed_at = Some(now);
        }
        true
    }

    /// Takes all application tokens of a subject off the list: which.
    pub(super) fn remove_tokens_of(&mut self, subject: &Subject, now: Timestamp) -> Vec<String> {
        let mut ids: Vec<_> = self
            .live_tokens(subject)
            .map(|token| token.id.clone())
            .collect();
        ids.retain(|id| self.remove_token(id, now));
        ids
    }

    pub(super) fn revoke_token(
        &mut self,
        subject: &Subject,
        id: &str,
        at: Timestamp,
        until: Timestamp,
    ) {
        let token = RevokedToken {
            subject: subject.clone(),
            at,
            until,
        };
        match self
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
    }

    /// Whether a single token was revoked and has not expired.
    pub(super) fn token_is_revoked(&self, subject: &Subject, id: &str, now: Timestamp) -> bool {
        let key = (subject.realm().into(), id.to_owned());
        let revoked = self.revoked_tokens.get(&key);
        revoked.is_some_and(|token| token.until > now)
    }

    /// Whether a subject or its realm was logged out at or after `since`.
    pub(super) fn logged_out_at_least(&self, subject: &Subject, since: Timestamp) -> bool {
        let log_out = self.logged_out.get(subject).map(|(_, at)| *at);
        log_out.max(self.cut_offs.last(subject.realm())) >= Some(since)
    }

    pub(super) fn use_once(
        &mut self,
        value: &SecretDigest,
        attempt: AttemptId,
        now: Timestamp,
        keep: Duration,
    ) -> OneUse {
        let used = Used {
            first: attempt,
            at: now,
            until: now.saturating_add(keep),
        };
        let first = self.used.entry(*value.as_bytes()).or_insert(used);
        if first.until <= now {
            *first = used;
        }
        let elapsed = now.saturating_duration_since(first.at);
        OneUse::of(attempt, first.first, elapsed)
    }

    pub(super) fn live_tokens(&self, subject: &Subject) -> impl Iterator<Item = &ApplicationToken> {
        self.application_tokens
            .values()
            .filter(|listed| self.is_live(listed))
            .map(|listed| &listed.token)
            .filter(move |token| token.subject == *subject)
    }

    pub(super) fn revocations(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> impl Iterator<Item = Revocation> {
        let sessions = self.sessions.values().filter_map(move |kept| {
            let session = &kept.record;
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
            .chain(self.cut_offs.since(since))
            .chain(application_tokens)
    }

    fn size(&self) -> usize {
        self.sessions.len()
            + self.application_tokens.len()
            + self.revoked_tokens.len()
            + self.used.len()
            + self.logged_out.len()
    }

    pub(super) fn purge_when_doubled(&mut self, now: Timestamp) {
        if self.size() >= self.purge_at {
            self.purge(now, KEEP);
            self.purge_at = self.size().saturating_mul(2).max(1024);
        }
    }

    pub(super) fn purge(&mut self, now: Timestamp, keep: Duration) -> u64 {
        let before = self.size();
        let since = now.saturating_sub(keep);
        let Self {
            sessions,
            of_subject,
            cut_offs,
            ..
        } = self;
        sessions.retain(|_, kept| {
            let session = &kept.record;
            let over = session.idle_deadline.min(session.absolute_deadline);
            over >= since && session.revoked.is_none_or(|revoked| revoked.at >= since)
        });
        of_subject.retain(|_, ids| {
            ids.retain(|id| sessions.contains_key(id));
            !ids.is_empty()
        });
        self.application_tokens.retain(|_, listed| {
            let realm = listed.token.subject.realm();
            let cut_off = cut_offs.reaches(realm, listed.number);
            listed.removed_at.or(cut_off).is_none_or(|at| at >= since)
        });
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

/// The last log-out of everybody of each realm.
#[derive(Default)]
pub(super) struct CutOffs(HashMap<Box<str>, CutOff>);

struct CutOff {
    /// Its place in the order: tickets of before are worthless.
    number: u64,
    at: Timestamp,
}

impl CutOffs {
    pub(super) fn make(&mut self, realm: &str, number: u64, now: Timestamp) -> Timestamp {
        // Later than the last one, or snapshots would take it for that.
        let last = self.0.get(realm).map(|cut_off| cut_off.at);
        let next = last.map(|last| last.saturating_add(Duration::from_millis(1)));
        let at = next.map_or(now, |next| next.max(now));
        self.0.insert(realm.into(), CutOff { number, at });
        at
    }

    /// When everybody of the realm was last logged out.
    fn last(&self, realm: &str) -> Option<Timestamp> {
        self.0.get(realm).map(|cut_off| cut_off.at)
    }

    /// When everything of the realm ended that began with this number, if it did.
    pub(super) fn reaches(&self, realm: &str, number: u64) -> Option<Timestamp> {
        let cut_off = self.0.get(realm)?;
        (number < cut_off.number).then_some(cut_off.at)
    }

    /// A session that a cut-off has ended, as it is then.
    pub(super) fn ended(&self, kept: &Kept) -> Option<SessionRecord> {
        if kept.record.revoked.is_some() {
            return None;
        }
        let at = self.reaches(kept.record.subject.realm(), kept.number)?;
        Some(SessionRecord {
            revoked: Some(Revoked {
                at,
                reason: RevocationReason::LogoutEverybody,
                by: None,
            }),
            ..kept.record.clone()
        })
    }

    fn since(&self, since: Timestamp) -> impl Iterator<Item = Revocation> {
        let cut_offs = self.0.iter();
        let recent = cut_offs.filter(move |(_, cut_off)| cut_off.at >= since);
        recent.map(|(realm, cut_off)| Revocation::Realm {
            realm: realm.to_string(),
            at: cut_off.at,
        })
    }
}
