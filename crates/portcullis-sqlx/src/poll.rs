//! Reading what was revoked, at intervals.

use std::{convert::Infallible, error::Error, time::Duration};

use portcullis::session::{Revocations, StoreError};
use tokio::time::{Instant, sleep_until};

/// After how many intervals everything that still matters is read again, not
/// only what is new: a transaction that was hidden for long is found then.
const THOROUGH: u32 = 12;

/// Keeps `revocations` up to date by reading its store every `interval`: a task
/// to spawn once per process, where the store has no feed. It ends only when it
/// is dropped.
///
/// A revocation on another node, or in another process on the same SQLite file,
/// is in force here after an interval at most. Where no other process writes,
/// [`Revocations::sole_writer`] needs no task at all.
///
/// ```
/// use std::time::Duration;
/// use portcullis::session::Revocations;
///
/// # fn example(revocations: Revocations) {
/// tokio::spawn(portcullis_sqlx::poll(revocations, Duration::from_secs(5)));
/// # }
/// ```
pub async fn poll(revocations: Revocations, interval: Duration) -> Infallible {
    let mut poll = Poll::new(revocations, interval.max(Duration::from_millis(1)));
    loop {
        poll.wait().await;
    }
}

/// When the snapshot is read next, and how it went the last time.
pub(crate) struct Poll {
    revocations: Revocations,
    interval: Duration,
    due: Instant,
    until_thorough: u32,
    failing: bool,
}

impl Poll {
    /// A snapshot that is to be read now.
    pub(crate) fn new(revocations: Revocations, interval: Duration) -> Self {
        Self {
            revocations,
            interval,
            due: Instant::now(),
            until_thorough: 0,
            failing: false,
        }
    }

    #[cfg(feature = "postgres")]
    pub(crate) fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// When the next reading is due.
    #[cfg(feature = "postgres")]
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Notes that something may have gone unread.
    #[cfg(feature = "postgres")]
    pub(crate) fn missed(&mut self) {
        self.until_thorough = 0;
    }

    /// Reads everything that still matters, now.
    #[cfg(feature = "postgres")]
    pub(crate) async fn everything(&mut self) {
        self.until_thorough = 0;
        self.read().await;
    }

    /// Waits until the next reading is due, and reads.
    pub(crate) async fn wait(&mut self) {
        sleep_until(self.due).await;
        self.read().await;
    }

    async fn read(&mut self) {
        let thorough = self.until_thorough == 0;
        let result = if thorough {
            self.revocations.sync_thoroughly().await
        } else {
            self.revocations.sync().await
        };
        match &result {
            Err(error) if !self.failing => {
                tracing::warn!(error = source(error), "cannot read what was revoked");
            }
            Ok(()) if self.failing => tracing::info!("can read again what was revoked"),
            _ => {}
        }
        self.failing = result.is_err();
        self.until_thorough = match (&result, thorough) {
            (Ok(()), true) => THOROUGH,
            (Ok(()), false) => self.until_thorough - 1,
            // Of unknown length: whatever came meanwhile.
            (Err(_), _) => 0,
        };
        self.due = Instant::now() + self.interval;
    }
}

/// What the database said, for the log.
pub(crate) fn source(error: &StoreError) -> &(dyn Error + 'static) {
    Error::source(error).unwrap_or(error)
}
