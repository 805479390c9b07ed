//! Realms that were cut off: everybody of theirs was logged out.
//!
//! A cut-off names nobody, so that tokens are judged by when they were issued. Those of
//! own sessions are told exactly: around the cut-off, as far as clocks may be apart, the
//! store is asked about the session, once for each.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{
            AtomicBool,
            Ordering::{Acquire, Release},
        },
    },
    time::Duration,
};

use super::reach::{Settings, own_session, reaches};
use crate::{session::SessionId, time::Timestamp, verify::Verified};

/// No lock is held for longer than it takes to look one up or to put one down, which now and
/// then makes a table grow.
#[derive(Default)]
pub(super) struct Realms {
    any: AtomicBool,
    table: RwLock<Table>,
}

#[derive(Default)]
struct Table {
    cut_offs: HashMap<Box<str>, Timestamp>,
    /// Sessions that were opened after the cut-offs that are known.
    survivors: Sessions,
    /// Sessions that have ended, as the store said when it was asked: whoever comes back
    /// with their tokens again and again costs no further question.
    fallen: Sessions,
    /// How many cut-offs have been seen.
    seen: u64,
}

/// Sessions that are remembered. They can be asked about again, and so the older half of
/// them makes room: right after a cut-off everybody comes at once.
#[derive(Default)]
struct Sessions {
    newer: HashSet<SessionId>,
    older: HashSet<SessionId>,
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
    /// Whether any realm was cut off.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.any.load(Acquire)
    }

    #[inline(never)]
    pub(super) fn judge(&self, token: &Verified, settings: &Settings) -> CutOff {
        let table = self.read();
        let Some(at) = table.cut_offs.get(token.subject_realm()) else {
            return CutOff::Misses;
        };
        let Some(session) = own_session(token) else {
            return match reaches(Some(*at), token, settings.skew) {
                true => CutOff::Reaches,
                false => CutOff::Misses,
            };
        };
        // Whenever its tokens were issued.
        if table.fallen.contain(&session) {
            return CutOff::Reaches;
        }
        let apart = settings.doubt_skew();
        if !reaches(Some(*at), token, apart) || table.survivors.contain(&session) {
            return CutOff::Misses;
        }
        match is_before(token, *at, apart) {
            true => CutOff::Reaches,
            false => CutOff::MayReach,
        }
    }

    /// Takes in a cut-off. True if it is news, and not as old as what is forgotten.
    pub(super) fn cut_off(&self, realm: &str, at: Timestamp) -> bool {
        let mut table = self.write();
        let known = table.cut_offs.get(realm);
        if known.is_some_and(|known| *known >= at) {
            return false;
        }
        table.cut_offs.insert(realm.into(), at);
        table.seen = table.seen.wrapping_add(1);
        let forgotten = std::mem::take(&mut table.survivors);
        self.any.store(true, Release);
        drop(table);
        drop(forgotten);
        true
    }

    /// Whether this realm was cut off, as far as that still matters.
    pub(super) fn is_cut_off(&self, realm: &str) -> bool {
        self.any() && self.read().cut_offs.contains_key(realm)
    }

    /// How many cut-offs have been seen.
    pub(super) fn seen(&self) -> u64 {
        self.read().seen
    }

    /// Remembers a session of which the store said, after `seen` cut-offs, that it goes
    /// on. What a later one may have overtaken is not remembered.
    pub(super) fn remember(&self, session: &SessionId, seen: u64, settings: &Settings) {
        if self.any() {
            let mut table = self.write();
            if table.seen == seen {
                let forgotten = table.survivors.insert(session, settings.limit);
                drop(table);
                drop(forgotten);
            }
        }
    }

    /// Remembers a session of which the store said that it has ended, which stays so.
    pub(super) fn remember_ended(&self, session: &SessionId, settings: &Settings) {
        if self.any() {
            let forgotten = self.write().fallen.insert(session, settings.limit);
            drop(forgotten);
        }
    }

    /// Forgets what no living token can be concerned by.
    pub(super) fn prune(&self, now: Timestamp, settings: &Settings) {
        if !self.any() {
            return;
        }
        let mut table = self.write();
        table
            .cut_offs
            .retain(|_, at| settings.forgotten(*at, settings.doubt_skew()) > now);
        if table.cut_offs.is_empty() {
            self.any.store(false, Release);
            let forgotten = (
                std::mem::take(&mut table.survivors),
                std::mem::take(&mut table.fallen),
            );
            drop(table);
            drop(forgotten);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    fn contain(&self, session: &SessionId) -> bool {
        self.newer.contains(session) || self.older.contains(session)
    }

    /// Remembers one; what is forgotten for it, to be dropped outside of the lock.
    fn insert(&mut self, session: &SessionId, limit: usize) -> HashSet<SessionId> {
        let mut forgotten = HashSet::new();
        if self.newer.len() >= (limit / 2).max(1) {
            forgotten = std::mem::replace(&mut self.older, std::mem::take(&mut self.newer));
        }
        self.newer.insert(session.clone());
        forgotten
    }
}

/// Whether a token was issued so long before `at` that no clock can be as far behind.
fn is_before(token: &Verified, at: Timestamp, apart: Duration) -> bool {
    let earliest = at.saturating_sub(apart).as_secs();
    let issued_at = token.issued_at();
    issued_at.is_some_and(|issued_at| issued_at.as_secs() < earliest)
}
