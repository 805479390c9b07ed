//! What each node knows about revoked access tokens.
//!
//! A request must not wait for a store, so every node keeps a snapshot: what
//! was revoked within the lifetime of an access token. What happens on this
//! node is in it at once ([`Revocations::apply`]), what happens on others when
//! it is read the next time ([`Revocations::sync`]).
//!
//! Application tokens are the other way round: they never expire, so they are
//! good only while the store lists them, and the snapshot remembers which ones
//! it has asked about.

mod follow;
mod logout;
mod reach;
mod realms;
mod state;
mod status;
mod tokens;
mod told;
mod waiters;

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

pub(super) use self::reach::own_session;
use self::{reach::Settings, state::State, waiters::Waiters};
use super::{
    DynSessionStore, Revocation, SessionStore, StoreError,
    events::{EventSender, Subscriber},
};
use crate::{
    metrics,
    time::{Clock, SharedClock, Timestamp},
};

/// How far behind its last reading the snapshot reads again: longer than any
/// transaction of a store, and than the clocks of two nodes differ.
const OVERLAP: Duration = Duration::from_secs(60);

/// The snapshot of one process. Cheap to clone; clones are the same snapshot.
///
/// Verifiers ask it as their [`TokenStatus`](crate::verify::TokenStatus);
/// [`Sessions::verifier`](super::Sessions::verifier) has it already.
///
/// Somebody has to call [`sync`](Self::sync): once before the first request and
/// then every few seconds, from a task of the application. The crates of the
/// stores have such tasks, which also listen to what is announced. A snapshot that
/// was never read, or not for [`max_silence`](Self::with_max_silence), says
/// [`Status::Unknown`](crate::verify::Status::Unknown), which is answered 503.
///
/// ```
/// use std::time::Duration;
/// use portcullis::{
///     jose::{Algorithm, VerifyingKey},
///     session::{DynSessionStore, MemoryStore, Revocations},
///     time::SharedClock,
///     verify::Verifier,
/// };
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = SharedClock::default();
/// let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
/// let longest_access_token = Duration::from_secs(3600);
/// let revocations = Revocations::new(store, clock, longest_access_token);
/// revocations.sync().await?;
/// // The tokens of another issuer; log-outs and single revocations count here, too.
/// let key = VerifyingKey::from_secret(Algorithm::HS256, &[7; 32])?;
/// let verifier = Verifier::builder()
///     .keys(key)
///     .issuer("https://issuer.example")
///     .audience("https://api.example")
///     .status(revocations)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Revocations {
    state: Arc<RwLock<State>>,
    waiters: Arc<Waiters>,
    store: DynSessionStore,
    clock: SharedClock,
    max_silence: Option<Duration>,
    settings: Settings,
    subscriber: Subscriber,
}

impl Revocations {
    /// How long a snapshot may go without a reading by default.
    pub const DEFAULT_MAX_SILENCE: Duration = Duration::from_secs(30);

    /// How far clocks may be apart by default.
    pub const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(2);

    /// An empty snapshot of what `store` has revoked. `longest` is the longest
    /// lifetime of an access token, whoever issues it; entries are kept for two
    /// minutes more, which is for the verifiers' leeway and for clocks that are
    /// behind. Where both together may be more, `longest` must be longer by as
    /// much.
    pub fn new(store: DynSessionStore, clock: SharedClock, longest: Duration) -> Self {
        Self {
            state: Arc::default(),
            waiters: Arc::default(),
            store,
            clock,
            max_silence: Some(Self::DEFAULT_MAX_SILENCE),
            settings: Settings {
                longest,
                skew: Self::DEFAULT_CLOCK_SKEW,
                per_subject: 64,
                subjects: 1 << 18,
            },
            subscriber: Subscriber::default(),
        }
    }

    /// How long the snapshot may go without a reading before it says
    /// [`Status::Unknown`](crate::verify::Status::Unknown); 30 seconds unless set. This is the choice between
    /// refusing and accepting while the store cannot be read: for that long,
    /// tokens that were revoked on other nodes are still accepted here; after
    /// it, all are refused with 503.
    #[must_use = "returns the changed snapshot"]
    pub fn with_max_silence(mut self, max_silence: Duration) -> Self {
        self.max_silence = Some(max_silence);
        self
    }

    /// States that no other process writes to the store, so that one reading at
    /// the start is enough.
    #[must_use = "returns the changed snapshot"]
    pub fn sole_writer(mut self) -> Self {
        self.max_silence = None;
        self
    }

    /// How far the clocks that stamp access tokens may be ahead of the store's,
    /// in whole seconds, rounded up; 2 seconds unless set, as much as verifiers
    /// of an own issuer allow.
    ///
    /// A log-out everywhere reaches tokens by the second in which they were
    /// issued. A node whose clock is ahead issues tokens from after the log-out
    /// that are from before it, so those of this much later are refused, too.
    /// The price: whoever is logged out everywhere and gets a token without an
    /// own session within that time has to get another one afterwards. Tokens of
    /// own sessions, which have ended by name, pay nothing.
    #[must_use = "returns the changed snapshot"]
    pub fn with_clock_skew(mut self, skew: Duration) -> Self {
        let round_up = u64::from(skew.subsec_nanos() > 0);
        let secs = skew.as_secs().saturating_add(round_up);
        self.settings.skew = Duration::from_secs(secs);
        self
    }

    /// How many revocations are kept one by one: of one subject, and how many
    /// subjects; 64 and 262,144 unless set. Beyond that the older ones become a
    /// point in time. Of the tokens from before it, those of sessions are asked
    /// about at the store if sessions had ended, and all are refused if it was
    /// tokens that were revoked. As many sessions as subjects are remembered after a log-out
    /// of everybody, so that the store is asked once about each.
    #[must_use = "returns the changed snapshot"]
    pub fn with_limits(mut self, per_subject: usize, subjects: usize) -> Self {
        self.settings.per_subject = per_subject;
        self.settings.subjects = subjects;
        self
    }

    /// Tells what happens to the sessions of all APIs that are built on this snapshot, on
    /// this node: see [`events`](super::events).
    #[must_use = "returns the changed snapshot"]
    pub fn with_events(mut self, sender: EventSender) -> Self {
        self.subscriber = Subscriber::new(sender);
        self
    }

    /// Whom to tell.
    pub(super) fn subscriber(&self) -> &Subscriber {
        &self.subscriber
    }

    /// The store that it is a snapshot of.
    pub fn store(&self) -> &DynSessionStore {
        &self.store
    }

    /// How long entries are kept, the margin included; what
    /// [`SessionStore::purge`] must keep, too.
    pub fn keep(&self) -> Duration {
        self.settings.keep()
    }

    /// How much longer than tokens live entries are kept.
    pub(crate) fn margin(&self) -> Duration {
        self.settings.margin()
    }

    /// The longest lifetime of an access token that entries outlive.
    pub(crate) fn longest(&self) -> Duration {
        self.settings.longest
    }

    /// Whether both are the same snapshot, and not only of one store.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }

    /// Takes in one revocation at once, as after each that this process made.
    pub fn apply(&self, revocation: Revocation) {
        let now = self.clock.now();
        let changed = self.waiters.changed_by([&revocation]);
        let mut state = self.write();
        let everyone = state.everyone();
        state.apply(revocation, now, &self.settings);
        state.prune_when_doubled(now, &self.settings);
        let everyone = state.everyone() != everyone;
        let size = metrics::ARE_ON.then(|| state.size());
        drop(state);
        told::size(size);
        self.waiters.wake(changed, everyone);
    }

    /// Reads what was revoked since the last reading, by whichever process.
    ///
    /// # Errors
    ///
    /// When the store fails; the snapshot is as it was.
    pub async fn sync(&self) -> Result<(), StoreError> {
        let heard = self.read().heard;
        self.sync_since(heard).await
    }

    /// Reads everything that still matters, as if for the first time. Finds what
    /// [`sync`](Self::sync) cannot: a revocation whose transaction was hidden
    /// for more than a minute, or that bears the time of a clock which is far
    /// behind. To be called after a gap, and now and then.
    ///
    /// # Errors
    ///
    /// When the store fails; the snapshot is as it was.
    pub async fn sync_thoroughly(&self) -> Result<(), StoreError> {
        self.sync_since(None).await
    }

    async fn sync_since(&self, heard: Option<Timestamp>) -> Result<(), StoreError> {
        let asked_at = self.clock.now();
        let since = match heard {
            None => asked_at.saturating_sub(self.keep()),
            Some(heard) => heard.min(asked_at),
        };
        let read = self.store.revocations(since.saturating_sub(OVERLAP)).await;
        told::reading(&read);
        let revocations = read?;
        let changed = self.waiters.changed_by(&revocations);
        let mut state = self.write();
        let everyone = state.everyone();
        let oldest = asked_at.saturating_sub(self.keep());
        let was_away = state.heard.is_some_and(|heard| heard < oldest);
        if was_away {
            state.forget_live();
        }
        for revocation in revocations {
            state.apply(revocation, asked_at, &self.settings);
        }
        state.prune(asked_at, &self.settings);
        state.heard = Some(asked_at);
        let everyone = was_away || state.everyone() != everyone;
        let size = metrics::ARE_ON.then(|| state.size());
        drop(state);
        told::size(size);
        told::heard(asked_at, self.max_silence);
        self.waiters.wake(changed, everyone);
        Ok(())
    }

    /// A clock that was turned back says nothing about how old the snapshot is,
    /// so that a reading from the future counts as old, too.
    fn is_silent(&self, heard: Option<Timestamp>, now: Timestamp) -> bool {
        match (heard, self.max_silence) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(heard), Some(max)) => {
                now.saturating_duration_since(heard) > max
                    || heard.saturating_duration_since(now) > max
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Revocations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Revocations")
            .field("keep", &self.keep())
            .field("max_silence", &self.max_silence)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
