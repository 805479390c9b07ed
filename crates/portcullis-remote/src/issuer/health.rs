//! How an issuer's keys are.

use std::time::Duration;

use crate::{
    FetchError,
    schedule::{Moment, Status},
};

/// How the keys of an issuer are, for readiness probes and dashboards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerHealth {
    keys: usize,
    age: Option<Duration>,
    good_for: Option<Duration>,
    failures: u32,
    next_attempt: Option<Duration>,
    last_error: Option<FetchError>,
}

impl IssuerHealth {
    pub(super) fn new(
        status: Status,
        now: Moment,
        keys: usize,
        last_error: Option<FetchError>,
    ) -> Self {
        let next = if status.is_fetching {
            Some(now)
        } else {
            status.next_attempt
        };
        Self {
            keys,
            age: status.loaded.map(|loaded| now.saturating_sub(loaded)),
            good_for: status.good_until.map(|end| end.saturating_sub(now)),
            failures: status.failures,
            next_attempt: next.map(|next| next.saturating_sub(now)),
            last_error,
        }
    }

    /// Whether there are keys, and they are not stale: tokens can be verified.
    pub fn is_ready(&self) -> bool {
        self.good_for.is_some()
    }

    /// How many keys there are, stale or not.
    pub fn keys(&self) -> usize {
        self.keys
    }

    /// How long ago the last fetch that succeeded began.
    pub fn age(&self) -> Option<Duration> {
        self.age
    }

    /// How long the keys at hand are good if no fetch succeeds any more.
    pub fn good_for(&self) -> Option<Duration> {
        self.good_for
    }

    /// How many fetches have failed since the last that succeeded.
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// Why the last fetch failed, unless it succeeded.
    pub fn last_error(&self) -> Option<&FetchError> {
        self.last_error.as_ref()
    }

    /// In how long the next fetch is due though nobody needs it; zero while one
    /// goes on, and nothing before the first use.
    pub fn next_attempt(&self) -> Option<Duration> {
        self.next_attempt
    }
}
