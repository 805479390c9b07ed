//! How far the store has been read.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::time::Timestamp;

/// How far the readings have come.
#[derive(Default)]
pub(super) struct Progress {
    come: Mutex<Come>,
    turns: AtomicU64,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Come {
    /// Until when all that was revoked is read, but for what a first reading has not come
    /// to; and when that was, by the clock of this node.
    pub(super) until: Option<Read>,
    /// Whether everything that matters has been read once.
    pub(super) is_complete: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Read {
    /// By the store's clock.
    pub(super) now: Timestamp,
    /// By this node's.
    pub(super) asked_at: Timestamp,
    /// Which of all readings it is: clocks may go back.
    pub(super) turn: u64,
}

impl Read {
    /// As old as the proof that the store is to be believed.
    pub(super) fn proven(self, proof: Option<Timestamp>) -> Self {
        let age = proof.map_or(Duration::ZERO, |at| self.now.saturating_duration_since(at));
        Self {
            asked_at: self.asked_at.saturating_sub(age),
            ..self
        }
    }
}

impl Progress {
    /// How far the readings have come since everything has been read once.
    pub(super) fn complete(&self) -> Option<Read> {
        let come = *self.come();
        come.until.filter(|_| come.is_complete)
    }

    pub(super) fn read(&self, now: Timestamp, asked_at: Timestamp) -> Read {
        let turn = self.turns.fetch_add(1, Relaxed);
        Read {
            now,
            asked_at,
            turn,
        }
    }

    /// How far the readings have come, a first one that goes on included.
    pub(super) fn begun(&self) -> Option<Read> {
        self.come().until
    }

    pub(super) fn come(&self) -> MutexGuard<'_, Come> {
        self.come.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
