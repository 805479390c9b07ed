//! Which application tokens are live, as the store said.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use crate::subject::Subject;

/// How many live application tokens are remembered; they can be asked about
/// again.
const LIMIT: usize = 65_536;

/// No lock is held for longer than it takes to look one up or to put one down, which now and
/// then makes the table grow.
#[derive(Default)]
pub(super) struct LiveTokens(RwLock<Table>);

#[derive(Default)]
struct Table {
    tokens: HashMap<Box<str>, Subject>,
    removals: u64,
}

impl LiveTokens {
    pub(super) fn contains(&self, subject: &Subject, id: &str) -> bool {
        self.read().tokens.get(id) == Some(subject)
    }

    /// How many removals there have been.
    pub(super) fn removals(&self) -> u64 {
        self.read().removals
    }

    /// Remembers a token that was live after `removals` removals. What a later one may
    /// have overtaken is not remembered.
    pub(super) fn remember(&self, subject: Subject, id: &str, removals: u64) {
        let id = Box::from(id);
        let mut table = self.write();
        if table.removals != removals {
            return;
        }
        let full = table.tokens.len() >= LIMIT;
        let forgotten = full.then(|| std::mem::take(&mut table.tokens));
        table.tokens.insert(id, subject);
        drop(table);
        drop(forgotten);
    }

    /// Takes in that a token has been removed, or may be.
    pub(super) fn remove(&self, id: &str) {
        let mut table = self.write();
        table.removals = table.removals.wrapping_add(1);
        let removed = table.tokens.remove(id);
        drop(table);
        drop(removed);
    }

    /// Forgets all: what took them off the list may never be told one by one.
    pub(super) fn forget(&self) {
        let mut table = self.write();
        table.removals = table.removals.wrapping_add(1);
        let forgotten = std::mem::take(&mut table.tokens);
        drop(table);
        drop(forgotten);
    }

    pub(super) fn len(&self) -> usize {
        self.read().tokens.len()
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}
