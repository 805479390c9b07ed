//! What is told of an issuer's keys to whoever counts.

use std::sync::{Mutex, PoisonError};

use portcullis::metrics::family::{KEY_CHANGES, KEY_SETS, KEYS, KEYS_TIMESTAMP};

use crate::schedule::Status;

/// What one issuer has added to the gauges, which are those of all issuers. It is taken
/// away again with the issuer.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// What the application calls the issuer, which may be of a tenant that came by.
    name: Option<&'static str>,
    now: Mutex<Option<Keys>>,
}

/// How the keys are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keys {
    state: &'static str,
    number: usize,
    /// When the fetch began that brought them, in Unix time.
    loaded: Option<f64>,
}

impl Keys {
    /// So many keys; `loaded` is when the fetch that brought them began.
    pub(super) fn new(status: &Status, number: usize, loaded: Option<f64>) -> Self {
        let state = match (status.good_until, status.failures, number) {
            (Some(_), 0, _) => "good",
            (Some(_), _, _) => "failing",
            (None, _, 0) => "none",
            (None, ..) => "stale",
        };
        Self {
            state,
            number,
            loaded,
        }
    }
}

impl Told {
    pub(super) fn new(name: Option<&'static str>) -> Self {
        Self {
            name,
            now: Mutex::default(),
        }
    }

    pub(super) fn tell(&self, keys: Keys, have_changed: bool) {
        if have_changed {
            KEY_CHANGES.count([]);
        }
        let before = self.replace(Some(keys));
        let loaded = before.and_then(|before| before.loaded);
        if let (Some(name), Some(at)) = (self.name, keys.loaded)
            && loaded != Some(at)
        {
            KEYS_TIMESTAMP.set(at, [name]);
        }
    }

    /// By how much the gauges change. What was told before.
    fn replace(&self, keys: Option<Keys>) -> Option<Keys> {
        let before = {
            let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *now, keys)
        };
        let state = |keys: Option<Keys>| keys.map(|keys| keys.state);
        if state(before) != state(keys) {
            if let Some(state) = state(before) {
                KEY_SETS.add(-1.0, [state]);
            }
            if let Some(state) = state(keys) {
                KEY_SETS.add(1.0, [state]);
            }
        }
        let number = |keys: Option<Keys>| keys.map_or(0.0, |keys| keys.number as f64);
        KEYS.add(number(keys) - number(before), []);
        before
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        self.replace(None);
    }
}
