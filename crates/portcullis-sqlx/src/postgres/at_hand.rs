//! Connections at hand between single statements.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// A connection that lay unused for longer is tried before it is used.
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// Connections that were just used for a statement and are ready for the next one. The pool
/// tries each that comes back, which is a round trip as long as the statement's own.
pub(super) struct AtHand<C>(Arc<Mutex<State<C>>>);

struct State<C> {
    /// Each with the moment since which it lies here, the last one on top.
    connections: Vec<(Instant, C)>,
    /// How many wait for one of the pool.
    waiting: usize,
    /// Whether the pool is being closed, and waits for all of them.
    is_closed: bool,
}

/// Somebody who has to ask the pool, until that has answered.
pub(super) struct Waiting<C>(Arc<Mutex<State<C>>>);

impl<C> AtHand<C> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            connections: Vec::new(),
            waiting: 0,
            is_closed: false,
        })))
    }

    /// A connection if there is one. Else the pool is to be asked, and what comes back
    /// meanwhile goes there.
    pub(super) fn take(&self) -> Result<C, Waiting<C>> {
        let mut state = lock(&self.0);
        let connections = &mut state.connections;
        let is_old = |(since, _): &(Instant, C)| since.elapsed() > FRESH;
        let old = connections.iter().take_while(|at| is_old(at)).count();
        let old: Vec<_> = connections.drain(..old).collect();
        let found = match connections.pop() {
            Some((_, connection)) => Ok(connection),
            None => {
                state.waiting += 1;
                Err(Waiting(self.0.clone()))
            }
        };
        drop(state);
        // The pool takes them back, and closes them in time.
        drop(old);
        found
    }

    /// Keeps a connection; gives it back if somebody waits for the pool's.
    pub(super) fn keep(&self, connection: C) -> Option<C> {
        let mut state = lock(&self.0);
        if state.waiting > 0 || state.is_closed {
            return Some(connection);
        }
        state.connections.push((Instant::now(), connection));
        None
    }

    /// Gives all back to the pool, and keeps no more.
    pub(super) fn close(&self) {
        let mut state = lock(&self.0);
        state.is_closed = true;
        let all = std::mem::take(&mut state.connections);
        drop(state);
        drop(all);
    }
}

impl<C> Clone for AtHand<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C> Drop for Waiting<C> {
    fn drop(&mut self) {
        lock(&self.0).waiting -= 1;
    }
}

/// Nothing can panic while it is held.
fn lock<C>(state: &Mutex<State<C>>) -> MutexGuard<'_, State<C>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
