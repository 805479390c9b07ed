//! Forgetting what is over, now and then, on one node at a time.

use std::{convert::Infallible, fmt, future::Future, num::NonZeroU32, time::Duration};

use super::{
    AttemptId, DynSessionStore, OneUse, PurgeRules, SecretDigest, SessionStore, StoreError,
    StoreErrorKind,
};
use crate::{metrics, random::random, time::Timestamp};

/// How many times as long as a batch took the store then has for others.
const REST: u32 = 4;

/// Keeps a store small: a task to spawn once in each process that has the store, whichever
/// it is. Forgets what is over as [`SessionStore::purge_batch`] does.
///
/// All nodes wake once in an interval, each at a time of its own, and one of them does the
/// work: the first to [use](SessionStore::use_once) the interval's number, by the store's
/// clock. If it is killed, another one does what is left in the next interval. So the
/// interval has to be the same on all nodes. Where a store knows nothing that is used once,
/// each node does the work, which harms nobody.
///
/// Work goes in batches, and after each the store is left alone for four times as long as that
/// took. The task ends when it is dropped, at any time: what a store does in one step is then
/// done as a whole or not at all.
///
/// ```
/// use std::{future::Future, time::Duration};
/// use portcullis::session::{Maintenance, Revocations};
///
/// /// `sleep` is that of your runtime.
/// async fn keep_small<S: Future<Output = ()>>(revocations: &Revocations, sleep: fn(Duration) -> S) {
///     let month = Duration::from_secs(30 * 24 * 60 * 60);
///     let maintenance = Maintenance::new(revocations.store().clone(), revocations.keep())
///         .forget_devices_after(month);
///     match maintenance.run(sleep).await {}
/// }
/// ```
#[derive(Clone)]
pub struct Maintenance {
    store: DynSessionStore,
    interval: Duration,
    rules: PurgeRules,
}

impl Maintenance {
    /// How often it is looked for what is over, unless set.
    pub const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);

    /// Forgets what has been over for longer than `keep`, for which
    /// [`Revocations::keep`](super::Revocations::keep) is right. Where there are
    /// [`Sessions`](super::Sessions), [their task](super::Sessions::maintenance) heeds their
    /// settings.
    pub fn new(store: DynSessionStore, keep: Duration) -> Self {
        Self {
            store,
            interval: Self::DEFAULT_INTERVAL,
            rules: PurgeRules::new(keep),
        }
    }

    /// How often it is looked for what is over: a minute unless set, a second at least. The
    /// same on all nodes.
    #[must_use = "returns the changed task"]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }

    /// Forgets address and user agent of a session that has not been refreshed for so long;
    /// otherwise they are kept for as long as the session. Each session that goes on is looked
    /// at once in that time, so less than a day has its price.
    #[must_use = "returns the changed task"]
    pub fn forget_devices_after(mut self, retention: Duration) -> Self {
        self.rules.devices = Some(retention);
        self
    }

    /// How many rows go in one batch: [`PurgeRules::DEFAULT_LIMIT`] unless set.
    #[must_use = "returns the changed task"]
    pub fn with_batch(mut self, rows: NonZeroU32) -> Self {
        self.rules.limit = rows.get();
        self
    }

    /// Works until it is dropped. `pause` waits, for as long as it is told.
    pub async fn run<P>(&self, mut pause: impl FnMut(Duration) -> P) -> Infallible
    where
        P: Future<Output = ()>,
    {
        let mut failing = false;
        loop {
            pause(self.until_next()).await;
            let mut done = Done::default();
            let result = self.round(&mut done, &mut pause).await;
            done.tell();
            match &result {
                Err(error) if !failing => {
                    tracing::warn!(error = error.cause(), "what is over cannot be forgotten");
                }
                Ok(()) if failing => tracing::info!("what is over can be forgotten again"),
                _ => {}
            }
            failing = result.is_err();
        }
    }

    /// From half of the interval to all of it, so that nodes that start at once do not all ask
    /// at once.
    fn until_next(&self) -> Duration {
        let half = self.interval / 2;
        let [dice] = random().unwrap_or([u8::MAX]);
        half + half * u32::from(dice) / u32::from(u8::MAX)
    }

    /// Forgets what is over now, batch by batch, while it is this node's turn.
    async fn round<P>(
        &self,
        done: &mut Done,
        pause: &mut impl FnMut(Duration) -> P,
    ) -> Result<(), StoreError>
    where
        P: Future<Output = ()>,
    {
        let name = AttemptId::random().map_err(StoreError::unavailable)?;
        let mut ours = None;
        loop {
            let begin = self.store.current_time().await?;
            let turn = self.turn(begin);
            // Work that lasts for longer than an interval must not meet another node's.
            if ours != Some(turn) && !self.take(turn, name).await? {
                return Ok(());
            }
            ours = Some(turn);
            let rows = self.store.purge_batch(&self.rules).await?;
            let end = self.store.current_time().await?;
            let took = end.saturating_duration_since(begin);
            done.add(rows, took);
            if rows < u64::from(self.rules.limit) {
                return Ok(());
            }
            pause((took * REST).min(self.interval)).await;
        }
    }

    /// The number of the interval.
    fn turn(&self, now: Timestamp) -> i64 {
        let interval = i64::try_from(self.interval.as_millis()).unwrap_or(i64::MAX);
        now.as_millis().div_euclid(interval)
    }

    /// Whether the work of this interval is this node's.
    async fn take(&self, turn: i64, name: AttemptId) -> Result<bool, StoreError> {
        let interval = self.interval.as_millis();
        let value = SecretDigest::of(format!("maintenance {interval} {turn}").as_bytes());
        let keep = self.interval.saturating_mul(2);
        match self.store.use_once(&value, name, keep).await {
            Ok(used) => Ok(used == OneUse::First),
            Err(error) if error.kind() == StoreErrorKind::Unsupported => Ok(true),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Maintenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Maintenance")
            .field("interval", &self.interval)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// What was done in one interval.
#[derive(Debug, Default)]
struct Done {
    rows: u64,
    batches: u64,
    took: Duration,
    longest: Duration,
}

impl Done {
    fn add(&mut self, rows: u64, took: Duration) {
        self.rows += rows;
        self.batches += 1;
        self.took += took;
        self.longest = self.longest.max(took);
        metrics::PURGED_ROWS.add(rows, []);
    }

    fn tell(&self) {
        if self.rows > 0 {
            tracing::debug!(
                event = "store_purged",
                rows = self.rows,
                batches = self.batches,
                took_ms = millis(self.took),
                longest_ms = millis(self.longest),
                "forgot what is over"
            );
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
