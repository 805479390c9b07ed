//! The snapshot's tables, and how they stay small.

use std::collections::{HashMap, HashSet};

use super::{
    reach::{Settings, own_session, reaches},
    realms::Realms,
    tokens::RevokedTokens,
};
use crate::{
    session::{Revocation, SessionId},
    subject::Subject,
    time::Timestamp,
    verify::Verified,
};

/// How many live application tokens are remembered; they can be asked about
/// again.
const LIVE_LIMIT: usize = 65_536;

#[derive(Default)]
pub(super) struct State {
    /// When the store was last read.
    pub(super) heard: Option<Timestamp>,
    /// How many removals of application tokens have been seen.
    pub(super) removals: u64,
    sessions: HashSet<SessionId>,
    tokens: RevokedTokens,
    pub(super) realms: Realms,
    subjects: HashMap<Subject, Entries>,
    /// What was forgotten about the subjects one by one.
    everyone: Bounds,
    live: HashMap<Box<str>, Subject>,
    prune_at: usize,
}

/// What is known about one subject.
#[derive(Default)]
struct Entries {
    sessions: Vec<(Timestamp, SessionId)>,
    tokens: Vec<(Timestamp, Box<str>)>,
    bounds: Bounds,
}

/// Points in time up to which tokens are concerned.
#[derive(Clone, Copy, Default, PartialEq)]
pub(super) struct Bounds {
    /// The last log-out everywhere: tokens are revoked, but for those of own
    /// sessions, which it has ended one by one.
    log_out: Option<Timestamp>,
    /// Stands for tokens that were revoked one by one: all are revoked.
    tokens: Option<Timestamp>,
    /// Stands for sessions that have ended: those of tokens may be among them.
    doubt: Option<Timestamp>,
}

/// How many entries there are of each kind.
pub(super) struct Size {
    pub(super) sessions: usize,
    pub(super) tokens: usize,
    pub(super) subjects: usize,
    /// Those that are remembered to be live.
    pub(super) application_tokens: usize,
}

impl State {
    pub(super) fn size(&self) -> Size {
        Size {
            sessions: self.sessions.len(),
            tokens: self.tokens.len(),
            subjects: self.subjects.len(),
            application_tokens: self.live.len(),
        }
    }

    /// Whether the token was revoked by its name, or its session was.
    pub(super) fn is_revoked_by_name(&self, token: &Verified) -> bool {
        let session = token.session_id();
        let realm = token.subject_realm();
        session.is_some_and(|id| self.sessions.contains(id))
            || self.has_ended_elsewhere(token)
            || token
                .token_id()
                .is_some_and(|id| self.tokens.contains(realm, id))
    }

    /// Whether its issuer has said that its session is over. An own issuer's
    /// sessions are ours.
    fn has_ended_elsewhere(&self, token: &Verified) -> bool {
        let named = token.issuer().zip(token.session_id());
        let foreign = named.filter(|_| !token.is_of_own_issuer());
        foreign.is_some_and(|(issuer, id)| self.tokens.contains_session(issuer, id))
    }

    /// What concerns the tokens of a subject.
    pub(super) fn bounds(&self, subject: Option<&Subject>) -> Bounds {
        match subject.and_then(|subject| self.subjects.get(subject)) {
            Some(entries) => self.everyone.latest(entries.bounds),
            None => self.everyone,
        }
    }

    /// What concerns the tokens of many: if it changes, whoever waits looks again.
    pub(super) fn everyone(&self) -> (Bounds, u64) {
        (self.everyone, self.realms.seen())
    }

    pub(super) fn is_live(&self, subject: &Subject, id: &str) -> bool {
        self.live.get(id) == Some(subject)
    }

    pub(super) fn remember_live(&mut self, subject: Subject, id: &str, removals: u64) {
        if self.removals != removals {
            return;
        }
        if self.live.len() >= LIVE_LIMIT {
            self.live.clear();
        }
        self.live.insert(id.into(), subject);
    }

    /// Forgets which application tokens are live, which never expire: what took them off
    /// the list may be older than what is read after a gap.
    pub(super) fn forget_live(&mut self) {
        self.live.clear();
        self.removals = self.removals.wrapping_add(1);
    }

    pub(super) fn apply(&mut self, revocation: Revocation, now: Timestamp, settings: &Settings) {
        let oldest = now.saturating_sub(settings.keep());
        let (subject, at) = match revocation {
            Revocation::ApplicationToken { id, .. } => {
                self.live.remove(id.as_str());
                self.removals = self.removals.wrapping_add(1);
                return;
            }
            Revocation::Realm { realm, at } => {
                if self.realms.cut_off(&realm, at, oldest, settings) {
                    self.live.retain(|_, subject| subject.realm() != realm);
                    self.removals = self.removals.wrapping_add(1);
                }
                return;
            }
            Revocation::Session {
                id, subject, at, ..
            } => {
                let entries = self.subjects.entry(subject.clone()).or_default();
                if at >= oldest
                    && entries.bounds.doubt < Some(at)
                    && self.sessions.insert(id.clone())
                {
                    entries.sessions.push((at, id));
                }
                (subject, at)
            }
            Revocation::Token {
                id,
                subject,
                at,
                until,
            } => {
                let entries = self.subjects.entry(subject.clone()).or_default();
                if (at >= oldest || until > now)
                    && entries.bounds.tokens < Some(at)
                    && self.tokens.insert(subject.realm(), &id, until)
                {
                    entries.tokens.push((at, id.into()));
                }
                (subject, at)
            }
            Revocation::Subject { subject, at } => {
                let entries = self.subjects.entry(subject.clone()).or_default();
                if at >= oldest {
                    entries.bounds.log_out = entries.bounds.log_out.max(Some(at));
                }
                (subject, at)
            }
        };
        self.collapse_subject(&subject, at.max(now), settings);
        self.collapse_subjects(now, settings);
    }

    pub(super) fn prune_when_doubled(&mut self, now: Timestamp, settings: &Settings) {
        if self.subjects.len() >= self.prune_at {
            self.prune(now, settings);
        }
    }

    /// Forgets what no living token can be concerned by.
    pub(super) fn prune(&mut self, now: Timestamp, settings: &Settings) {
        let oldest = now.saturating_sub(settings.keep());
        let Self {
            sessions,
            tokens,
            subjects,
            ..
        } = self;
        subjects.retain(|subject, entries| {
            entries.sessions.retain(|(at, id)| {
                let keep = *at >= oldest;
                if !keep {
                    sessions.remove(id);
                }
                keep
            });
            entries.tokens.retain(|(at, id)| {
                let keep = *at >= oldest || tokens.ends_after(subject.realm(), id, now);
                if !keep {
                    tokens.remove(subject.realm(), id);
                }
                keep
            });
            entries.bounds.prune(oldest, settings);
            !entries.is_empty()
        });
        self.everyone.prune(oldest, settings);
        self.realms.prune(oldest, settings);
        self.prune_at = self.subjects.len().saturating_mul(2).max(1024);
    }

    /// Turns a subject's older entries into a bound when it has too many.
    fn collapse_subject(&mut self, subject: &Subject, now: Timestamp, settings: &Settings) {
        let Some(entries) = self.subjects.get_mut(subject) else {
            return;
        };
        let this_second = now.floor_to_second();
        let settled = settings.settled(now);
        let is_over = |len: usize, oldest: Option<Timestamp>, limit: Timestamp| {
            len > settings.per_subject && oldest.is_some_and(|at| at < limit)
        };
        let oldest = entries.sessions.first().map(|(at, _)| *at);
        if is_over(entries.sessions.len(), oldest, this_second) {
            let bound = drop_earlier(&mut entries.sessions, this_second, |id| {
                self.sessions.remove(id);
            });
            entries.bounds.doubt = entries.bounds.doubt.max(bound);
        }
        let oldest = entries.tokens.first().map(|(at, _)| *at);
        if is_over(entries.tokens.len(), oldest, settled) {
            let bound = drop_earlier(&mut entries.tokens, settled, |id| {
                self.tokens.remove(subject.realm(), id);
            });
            entries.bounds.tokens = entries.bounds.tokens.max(bound);
        }
    }

    /// Turns everybody's older entries into a bound when there are too many
    /// subjects.
    fn collapse_subjects(&mut self, now: Timestamp, settings: &Settings) {
        if self.subjects.len() <= settings.subjects {
            return;
        }
        let this_second = now.floor_to_second();
        let settled = settings.settled(now);
        let Self {
            sessions,
            tokens,
            subjects,
            everyone,
            ..
        } = self;
        subjects.retain(|subject, entries| {
            let bounds = &mut entries.bounds;
            let doubt = drop_earlier(&mut entries.sessions, this_second, |id| {
                sessions.remove(id);
            });
            everyone.doubt = everyone.doubt.max(doubt).max(bounds.doubt.take());
            let dropped = drop_earlier(&mut entries.tokens, settled, |id| {
                tokens.remove(subject.realm(), id);
            });
            everyone.tokens = everyone.tokens.max(dropped).max(bounds.tokens.take());
            if bounds.log_out.is_some_and(|at| at < settled) {
                everyone.log_out = everyone.log_out.max(bounds.log_out.take());
            }
            !entries.is_empty()
        });
    }
}

#[cfg(test)]
impl State {
    pub(super) fn len(&self) -> usize {
        self.sessions.len() + self.tokens.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0 && self.subjects.is_empty()
    }
}

impl Entries {
    fn is_empty(&self) -> bool {
        self.sessions.is_empty() && self.tokens.is_empty() && self.bounds.is_empty()
    }
}

impl Bounds {
    /// Whether the token was revoked with others.
    pub(super) fn revokes(&self, token: &Verified, settings: &Settings) -> bool {
        let reaches = |bound| reaches(bound, token, settings.skew);
        reaches(self.tokens) || reaches(self.log_out) && own_session(token).is_none()
    }

    /// Whether the token's session may have ended.
    pub(super) fn doubts(&self, token: &Verified, settings: &Settings) -> bool {
        reaches(self.doubt, token, settings.doubt_skew())
    }

    fn latest(self, other: Self) -> Self {
        Self {
            log_out: self.log_out.max(other.log_out),
            tokens: self.tokens.max(other.tokens),
            doubt: self.doubt.max(other.doubt),
        }
    }

    fn is_empty(&self) -> bool {
        self.log_out.is_none() && self.tokens.is_none() && self.doubt.is_none()
    }

    fn prune(&mut self, oldest: Timestamp, settings: &Settings) {
        let keep =
            |bound: Option<Timestamp>, skew| bound.filter(|at| at.saturating_add(skew) >= oldest);
        self.log_out = keep(self.log_out, settings.skew);
        self.tokens = keep(self.tokens, settings.skew);
        self.doubt = keep(self.doubt, settings.doubt_skew());
    }
}

/// Drops all entries from before `limit`; the latest of them. The others stay,
/// lest a bound reaches tokens that are being issued now.
fn drop_earlier<T>(
    entries: &mut Vec<(Timestamp, T)>,
    limit: Timestamp,
    mut dropped: impl FnMut(&T),
) -> Option<Timestamp> {
    let mut latest = None;
    entries.retain(|(at, entry)| {
        let stays = *at >= limit;
        if !stays {
            dropped(entry);
            latest = latest.max(Some(*at));
        }
        stays
    });
    latest
}
