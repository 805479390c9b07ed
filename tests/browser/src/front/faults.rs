//! What goes wrong on the way, and when.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use crate::patience::PATIENCE;

/// What may happen to a request.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// It does not reach the demo, and is answered 503 with so many seconds in
    /// `Retry-After`.
    Unavailable(u32),
    /// The demo's answer is lost: the connection breaks.
    Lost,
}

/// By path.
#[derive(Debug, Default)]
pub(super) struct Faults {
    next: Mutex<HashMap<String, VecDeque<Fault>>>,
    gates: Mutex<HashMap<String, Arc<Way>>>,
}

impl Faults {
    pub(super) fn add(&self, path: &str, fault: Fault) {
        let mut next = self.next.lock().unwrap();
        next.entry(path.to_owned()).or_default().push_back(fault);
    }

    /// The one that is due at a path.
    pub(super) fn take(&self, path: &str) -> Option<Fault> {
        self.next.lock().unwrap().get_mut(path)?.pop_front()
    }

    pub(super) fn close_gate(&self, path: &str) -> Gate {
        let way = Arc::new(Way {
            arrived: watch::Sender::default(),
            permits: Semaphore::new(0),
        });
        let mut gates = self.gates.lock().unwrap();
        gates.insert(path.to_owned(), way.clone());
        Gate(way)
    }

    /// Waits at a gate, if there is one.
    pub(super) async fn pass(&self, path: &str) {
        let way = self.gates.lock().unwrap().get(path).cloned();
        if let Some(way) = way {
            way.arrived.send_modify(|count| *count += 1);
            // An error: the gate is open.
            if let Ok(permit) = way.permits.acquire().await {
                permit.forget();
            }
        }
    }
}

#[derive(Debug)]
struct Way {
    arrived: watch::Sender<usize>,
    permits: Semaphore,
}

/// Holds requests up until it is opened, or dropped.
#[derive(Debug)]
#[must_use = "is opened when it is dropped"]
pub struct Gate(Arc<Way>);

impl Gate {
    /// Returns once so many requests wait.
    pub async fn arrived(&self, count: usize) {
        let mut arrived = self.0.arrived.subscribe();
        let enough = arrived.wait_for(|arrived| *arrived >= count);
        let result = timeout(PATIENCE, enough).await.map(drop);
        result.unwrap_or_else(|_| {
            let arrived = *self.0.arrived.borrow();
            panic!("{arrived} requests wait, and not {count}")
        });
    }

    /// How many requests have come so far.
    pub fn count(&self) -> usize {
        *self.0.arrived.borrow()
    }

    /// Lets the one pass that came first.
    pub fn pass_one(&self) {
        self.0.permits.add_permits(1);
    }

    /// Lets everything pass, also what comes later.
    pub fn open(&self) {
        self.0.permits.close();
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}
