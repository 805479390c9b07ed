//! What clients share: the nodes, the history that they write, and whether it is over.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{
    checker::Rules,
    history::{Moment, Operation, Outcome, What},
    node::Node,
};

/// What clients share.
pub(crate) struct World {
    pub(crate) nodes: Vec<Arc<Node>>,
    pub(crate) rules: Rules,
    pub(crate) habits: Habits,
    begun: Instant,
    operations: Mutex<Vec<Operation>>,
    advanced: AtomicU64,
    sessions: AtomicU64,
    is_over: AtomicBool,
    /// So many requests at once, and no more: a node that is down must not leave the
    /// others with all of them.
    turns: Semaphore,
}

/// How often clients do what is out of the ordinary, of a thousand refreshes.
#[derive(Clone, Copy, Debug)]
pub struct Habits {
    /// Log out.
    pub leave: usize,
    /// Have their tokens stolen.
    pub stolen: usize,
    /// Refresh at two nodes at once.
    pub twice: usize,
    /// Cut the connection before the answer.
    pub cut: usize,
    /// Refresh a token that rests.
    pub early: usize,
    /// Call a protected route.
    pub call: usize,
}

impl World {
    pub(crate) fn new(nodes: Vec<Arc<Node>>, rules: Rules, habits: Habits, at_once: usize) -> Self {
        Self {
            nodes,
            rules,
            habits,
            begun: Instant::now(),
            operations: Mutex::default(),
            advanced: AtomicU64::new(0),
            sessions: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
            turns: Semaphore::new(at_once),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.begun.elapsed()
    }

    /// The number of a session that begins.
    pub(crate) fn next_session(&self) -> u64 {
        self.sessions.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) async fn turn(&self) -> Option<SemaphorePermit<'_>> {
        self.turns.acquire().await.ok()
    }

    pub(crate) fn record(&self, operation: Operation) {
        if let (What::Refresh(presented), Outcome::Gave(given)) =
            (operation.what, operation.outcome)
            && presented != given
        {
            self.advanced.fetch_add(1, Ordering::Relaxed);
        }
        self.lock().push(operation);
    }

    /// About how many generations have been advanced.
    pub(crate) fn advanced(&self) -> u64 {
        self.advanced.load(Ordering::Relaxed)
    }

    /// No client begins anything new from now on.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Sleeps, but not beyond the end.
    pub(crate) async fn sleep(&self, span: Duration) {
        let until = Instant::now() + span;
        while !self.is_over() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(Duration::from_millis(250))).await;
        }
    }

    /// What has been written down, which is taken away.
    pub(crate) fn take_operations(&self) -> Vec<Operation> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Operation>> {
        self.operations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
