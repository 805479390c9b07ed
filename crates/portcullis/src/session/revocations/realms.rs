//! Realms that were cut off: everybody of theirs was logged out.
//!
//! A cut-off names nobody, so that tokens are judged by when they were issued. Those of
//! own sessions are told exactly: around the cut-off, as far as clocks may be apart, the
//! store is asked about the session, once for each.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use super::reach::{Settings, own_session, reaches};
use crate::{session::SessionId, time::Timestamp, verify::Verified};

#[derive(Default)]
pub(super) struct Realms {
    cut_offs: HashMap<Box<str>, Timestamp>,
    /// Sessions that were opened after the cut-offs that are known.
    survivors: HashSet<SessionId>,
    /// Sessions that have ended, as the store said when it was asked: whoever comes back
    /// with their tokens again and again costs no further question.
    fallen: HashSet<SessionId>,
    /// How many cut-offs have been seen.
    seen: u64,
}

/// What the cut-off of its realm means for a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum CutOff {
    /// There is none, or the token is later.
    Misses,
    /// The token is over.
    Reaches,
    /// Only the store knows whether its session was opened before.
    MayReach,
}

impl Realms {
    #[inline]
    pub(super) fn judge(&self, token: &Verified, settings: &Settings) -> CutOff {
        // Nearly always.
        match self.cut_offs.is_empty() {
            true => CutOff::Misses,
            false => self.judge_by_realm(token, settings),
        }
    }

    #[inline(never)]
    fn judge_by_realm(&self, token: &Verified, settings: &Settings) -> CutOff {
        let Some(at) = self.cut_offs.get(token.subject_realm()) else {
            return CutOff::Misses;
        };
        let Some(session) = own_session(token) else {
            return match reaches(Some(*at), token, settings.skew) {
                true => CutOff::Reaches,
                false => CutOff::Misses,
            };
        };
        let apart = settings.doubt_skew();
        if !reaches(Some(*at), token, apart) || self.survivors.contains(&session) {
            return CutOff::Misses;
        }
        match is_before(token, *at, apart) || self.fallen.contains(&session) {
            true => CutOff::Reaches,
            false => CutOff::MayReach,
        }
    }

    /// Takes in a cut-off. True if it is news, and not as old as what is forgotten.
    pub(super) fn cut_off(
        &mut self,
        realm: &str,
        at: Timestamp,
        oldest: Timestamp,
        settings: &Settings,
    ) -> bool {
        if at.saturating_add(settings.doubt_skew()) < oldest {
            return false;
        }
        let known = self.cut_offs.get(realm);
        if known.is_some_and(|known| *known >= at) {
            return false;
        }
        self.cut_offs.insert(realm.into(), at);
        self.survivors.clear();
        self.seen = self.seen.wrapping_add(1);
        true
    }

    /// How many cut-offs have been seen.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Remembers a session of which the store said, after `seen` cut-offs, that it goes
    /// on. What a later one may have overtaken is not remembered.
    pub(super) fn remember(&mut self, session: SessionId, seen: u64, settings: &Settings) {
        if self.seen == seen && !self.cut_offs.is_empty() {
            insert(&mut self.survivors, session, settings);
        }
    }

    /// Remembers a session of which the store said that it has ended, which stays so.
    pub(super) fn remember_ended(&mut self, session: SessionId, settings: &Settings) {
        if !self.cut_offs.is_empty() {
            insert(&mut self.fallen, session, settings);
        }
    }

    /// Forgets what no living token can be concerned by.
    pub(super) fn prune(&mut self, oldest: Timestamp, settings: &Settings) {
        let apart = settings.doubt_skew();
        self.cut_offs
            .retain(|_, at| at.saturating_add(apart) >= oldest);
        if self.cut_offs.is_empty() {
            self.survivors = HashSet::new();
            self.fallen = HashSet::new();
        }
    }
}

/// As many are remembered as there may be subjects. They can be asked about again, and so
/// half of them make room: right after a cut-off everybody comes at once.
fn insert(sessions: &mut HashSet<SessionId>, session: SessionId, settings: &Settings) {
    if sessions.len() >= settings.subjects {
        let mut stays = true;
        sessions.retain(|_| {
            stays = !stays;
            stays
        });
    }
    sessions.insert(session);
}

/// Whether a token was issued so long before `at` that no clock can be as far behind.
fn is_before(token: &Verified, at: Timestamp, apart: Duration) -> bool {
    let earliest = at.saturating_sub(apart).as_secs();
    let issued_at = token.issued_at();
    issued_at.is_some_and(|issued_at| issued_at.as_secs() < earliest)
}
