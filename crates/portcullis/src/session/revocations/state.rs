//! The snapshot's tables, and how they stay small.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::TokenFacts;
use crate::{
    session::{Revocation, SessionId},
    subject::Subject,
    time::Timestamp,
};

/// How many live application tokens are remembered; they can be asked about
/// again.
const LIVE_LIMIT: usize = 65_536;

/// How far the clock that stamps tokens may be ahead of the one that stamps
/// revocations.
const SKEW: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
pub(super) struct Limits {
    pub(super) per_subject: usize,
    pub(super) subjects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_subject: 64,
            subjects: 1 << 18,
        }
    }
}

#[derive(Default)]
pub(super) struct State {
    /// When the store was last read.
    pub(super) heard: Option<Timestamp>,
    /// How many removals of application tokens have been seen.
    pub(super) removals: u64,
    sessions: HashSet<SessionId>,
    tokens: HashSet<Box<str>>,
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

/// Points in time that stand for many revocations.
#[derive(Clone, Copy, Default)]
struct Bounds {
    /// Tokens without a session from up to here are revoked.
    cut_off: Option<Timestamp>,
    /// Tokens of sessions from up to here may be revoked.
    doubt: Option<Timestamp>,
}

impl State {
    pub(super) fn is_revoked(&self, token: &TokenFacts<'_>) -> bool {
        if let Some(session) = token.session {
            return self.sessions.contains(session);
        }
        let listed = token.token_id.is_some_and(|id| self.tokens.contains(id));
        listed || self.any_bound(token, Bounds::cuts_off)
    }

    pub(super) fn is_in_doubt(&self, token: &TokenFacts<'_>) -> bool {
        self.any_bound(token, Bounds::doubts)
    }

    pub(super) fn is_live(&self, subject: &Subject, id: &str) -> bool {
        self.live.get(id) == Some(subject)
    }

    pub(super) fn remember_live(&mut self, subject: Subject, id: String, removals: u64) {
        if self.removals != removals {
            return;
        }
        if self.live.len() >= LIVE_LIMIT {
            self.live.clear();
        }
        self.live.insert(id.into(), subject);
    }

    pub(super) fn apply(
        &mut self,
        revocation: Revocation,
        now: Timestamp,
        keep: Duration,
        limits: &Limits,
    ) {
        let oldest = now.saturating_sub(keep);
        let (subject, at) = match revocation {
            Revocation::ApplicationToken { id, .. } => {
                self.live.remove(id.as_str());
                self.removals = self.removals.wrapping_add(1);
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
                id, subject, at, ..
            } => {
                let entries = self.subjects.entry(subject.clone()).or_default();
                let id: Box<str> = id.into();
                if at >= oldest
                    && entries.bounds.cut_off < Some(at)
                    && self.tokens.insert(id.clone())
                {
                    entries.tokens.push((at, id));
                }
                (subject, at)
            }
            Revocation::Subject { subject, at } => {
                let entries = self.subjects.entry(subject.clone()).or_default();
                if at >= oldest {
                    entries.bounds.cut_off = entries.bounds.cut_off.max(Some(at));
                }
                (subject, at)
            }
        };
        self.collapse_subject(&subject, at.max(now), limits);
        self.collapse_subjects(now, limits);
    }

    pub(super) fn prune_when_doubled(&mut self, now: Timestamp, keep: Duration) {
        if self.subjects.len() >= self.prune_at {
            self.prune(now, keep);
        }
    }

    /// Forgets what no living token can be concerned by.
    pub(super) fn prune(&mut self, now: Timestamp, keep: Duration) {
        let oldest = now.saturating_sub(keep);
        let Self {
            sessions,
            tokens,
            subjects,
            ..
        } = self;
        subjects.retain(|_, entries| {
            entries.sessions.retain(|(at, id)| {
                let keep = *at >= oldest;
                if !keep {
                    sessions.remove(id);
                }
                keep
            });
            entries.tokens.retain(|(at, id)| {
                let keep = *at >= oldest;
                if !keep {
                    tokens.remove(id);
                }
                keep
            });
            entries.bounds.prune(oldest);
            !entries.is_empty()
        });
        self.everyone.prune(oldest);
        self.prune_at = self.subjects.len().saturating_mul(2).max(1024);
    }

    fn any_bound(
        &self,
        token: &TokenFacts<'_>,
        bound: fn(&Bounds, Option<Timestamp>) -> bool,
    ) -> bool {
        let own = token.subject.and_then(|subject| self.subjects.get(subject));
        bound(&self.everyone, token.issued_at)
            || own.is_some_and(|entries| bound(&entries.bounds, token.issued_at))
    }

    /// Turns a subject's older entries into a bound when it has too many.
    fn collapse_subject(&mut self, subject: &Subject, now: Timestamp, limits: &Limits) {
        let Some(entries) = self.subjects.get_mut(subject) else {
            return;
        };
        let is_over = |len: usize, oldest: Option<Timestamp>| {
            len > limits.per_subject && oldest.is_some_and(|at| at.as_secs() < now.as_secs())
        };
        let oldest = entries.sessions.first().map(|(at, _)| *at);
        if is_over(entries.sessions.len(), oldest) {
            let bound = drop_earlier_seconds(&mut entries.sessions, now, |id| {
                self.sessions.remove(id);
            });
            entries.bounds.doubt = entries.bounds.doubt.max(bound);
        }
        let oldest = entries.tokens.first().map(|(at, _)| *at);
        if is_over(entries.tokens.len(), oldest) {
            let bound = drop_earlier_seconds(&mut entries.tokens, now, |id| {
                self.tokens.remove(id);
            });
            entries.bounds.cut_off = entries.bounds.cut_off.max(bound);
        }
    }

    /// Turns everybody's older entries into a bound when there are too many
    /// subjects.
    fn collapse_subjects(&mut self, now: Timestamp, limits: &Limits) {
        if self.subjects.len() <= limits.subjects {
            return;
        }
        let Self {
            sessions,
            tokens,
            subjects,
            everyone,
            ..
        } = self;
        subjects.retain(|_, entries| {
            let doubt = drop_earlier_seconds(&mut entries.sessions, now, |id| {
                sessions.remove(id);
            });
            everyone.doubt = everyone.doubt.max(doubt).max(entries.bounds.doubt.take());
            let cut_off = drop_earlier_seconds(&mut entries.tokens, now, |id| {
                tokens.remove(id);
            });
            everyone.cut_off = everyone.cut_off.max(cut_off);
            if entries
                .bounds
                .cut_off
                .is_some_and(|at| at.as_secs() < now.as_secs())
            {
                everyone.cut_off = everyone.cut_off.max(entries.bounds.cut_off.take());
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
        self.sessions.is_empty()
            && self.tokens.is_empty()
            && self.bounds.cut_off.is_none()
            && self.bounds.doubt.is_none()
    }
}

impl Bounds {
    /// Tokens carry whole seconds, so the second of the cut-off is cut off.
    fn cuts_off(&self, issued_at: Option<Timestamp>) -> bool {
        self.cut_off
            .is_some_and(|at| issued_at.is_none_or(|issued| issued.as_secs() <= at.as_secs()))
    }

    fn doubts(&self, issued_at: Option<Timestamp>) -> bool {
        self.doubt
            .is_some_and(|at| issued_at.is_none_or(|issued| issued <= at.saturating_add(SKEW)))
    }

    fn prune(&mut self, oldest: Timestamp) {
        self.cut_off = self.cut_off.filter(|at| *at >= oldest);
        self.doubt = self.doubt.filter(|at| at.saturating_add(SKEW) >= oldest);
    }
}

/// Drops all entries from before this second; the latest of them. Those of this
/// second stay, lest a bound reaches tokens that are being issued now.
fn drop_earlier_seconds<T>(
    entries: &mut Vec<(Timestamp, T)>,
    now: Timestamp,
    mut dropped: impl FnMut(&T),
) -> Option<Timestamp> {
    let mut latest = None;
    entries.retain(|(at, entry)| {
        let stays = at.as_secs() >= now.as_secs();
        if !stays {
            dropped(entry);
            latest = latest.max(Some(*at));
        }
        stays
    });
    latest
}
