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

mod doubts;
mod follow;
mod in_doubt;
mod live;
mod logout;
mod name;
mod progress;
mod questions;
mod reach;
mod reading;
mod realms;
mod shards;
mod state;
mod status;
mod thefts;
mod told;
mod waiters;
mod wheel;

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::Acquire},
    },
    time::Duration,
};

pub(super) use self::{doubts::Doubted, reach::own_session};
use self::{
    doubts::Doubts,
    live::LiveTokens,
    name::Names,
    progress::Progress,
    reach::Settings,
    realms::Realms,
    state::{Revoked, State},
    thefts::{Theft, Thefts},
    waiters::Waiters,
};
use super::{
    DynSessionStore, Revocation, RevocationReason, SessionId,
    events::{EventSender, Subscriber},
};
use crate::{
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};

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
    shared: Arc<Shared>,
    waiters: Arc<Waiters>,
    store: DynSessionStore,
    clock: SharedClock,
    max_silence: Option<Duration>,
    settings: Settings,
    subscriber: Subscriber,
}

/// What clones share. Those who ask about what was revoked one by one never wait for those
/// who change it; about application tokens, and in a realm that was cut off, only for as
/// long as one thing is looked up or put down.
struct Shared {
    names: Names,
    state: State,
    realms: Realms,
    live: LiveTokens,
    doubts: Doubts,
    thefts: Thefts,
    /// When the store was last read, in milliseconds; [`NEVER`] if it was not.
    heard: AtomicI64,
    progress: Progress,
}

/// In place of a time of which there is none.
const NEVER: i64 = i64::MIN;

impl Revocations {
    /// How long a snapshot may go without a reading by default.
    pub const DEFAULT_MAX_SILENCE: Duration = Duration::from_secs(30);

    /// How many revocations are kept one by one by default.
    pub const DEFAULT_LIMIT: usize = 1 << 20;

    /// How far clocks may be apart by default.
    pub const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(2);

    /// An empty snapshot of what `store` has revoked. `longest` is the longest
    /// lifetime of an access token, whoever issues it; entries are kept for two
    /// minutes more, which is for the verifiers' leeway and for clocks that are
    /// behind. Where both together may be more, `longest` must be longer by as
    /// much.
    pub fn new(store: DynSessionStore, clock: SharedClock, longest: Duration) -> Self {
        Self {
            shared: Arc::new(Shared {
                names: Names::default(),
                state: State::default(),
                realms: Realms::default(),
                live: LiveTokens::default(),
                doubts: Doubts::default(),
                thefts: Thefts::default(),
                heard: AtomicI64::new(NEVER),
                progress: Progress::default(),
            }),
            waiters: Arc::default(),
            store,
            clock,
            max_silence: Some(Self::DEFAULT_MAX_SILENCE),
            settings: Settings {
                longest,
                skew: Self::DEFAULT_CLOCK_SKEW,
                limit: Self::DEFAULT_LIMIT,
            },
            subscriber: Subscriber::default(),
        }
    }

    /// How long the snapshot may go without a reading before it says
    /// [`Status::Unknown`](crate::verify::Status::Unknown); 30 seconds unless set. This is the choice between
    /// refusing and accepting while the store cannot be read: for that long,
    /// tokens that were revoked on other nodes are still accepted here; after
    /// it, all are refused with 503.
    ///
    /// To be set before the snapshot is given to a task that reads: how old a proof of its
    /// store may be is a third of what that was told.
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

    /// How many revocations are kept one by one, of sessions, tokens and subjects
    /// together; 1,048,576 unless set, which take 25 MB. Those that come when there are
    /// as many leave a hint of four bytes each, until they no longer matter: of ten
    /// million hints one name in four hundred has one by chance. The store is asked
    /// about tokens with a hint, of which those that were not revoked are good. Thefts, which
    /// are told, have room for as many again.
    ///
    /// As many sessions are remembered after a log-out of everybody, so that the store is
    /// asked once about each.
    #[must_use = "returns the changed snapshot"]
    pub fn with_limit(mut self, revocations: usize) -> Self {
        self.settings.limit = revocations;
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
    /// [`SessionStore::purge`](super::SessionStore::purge) must keep, too.
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
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Takes in one revocation at once, as after each that this process made.
    pub fn apply(&self, revocation: Revocation) {
        self.apply_all([revocation]);
    }

    fn apply_all(&self, revocations: impl IntoIterator<Item = Revocation>) {
        let (now, shared) = (self.clock.now(), &*self.shared);
        let (mut revoked, mut changed) = (Vec::new(), Vec::new());
        let mut thefts = HashMap::new();
        let mut everyone = false;
        for revocation in revocations {
            let (name, time) = match revocation {
                Revocation::Session {
                    id,
                    subject,
                    at,
                    reason,
                } => {
                    let name = shared.names.session(id.as_str());
                    if reason == RevocationReason::Reuse {
                        let session = id;
                        thefts.insert(
                            name,
                            Theft {
                                session,
                                subject,
                                at,
                            },
                        );
                    }
                    (name, at.saturating_add(self.keep()))
                }
                Revocation::Token {
                    id,
                    subject,
                    at,
                    until,
                } => {
                    let name = shared.names.kept_token(&subject, &id);
                    (name, at.saturating_add(self.keep()).max(until))
                }
                Revocation::Subject { subject, at } => {
                    (shared.names.subject(subject.realm(), subject.name()), at)
                }
                Revocation::Realm { realm, at } => {
                    everyone |= self.cut_off(&realm, at, now);
                    continue;
                }
                Revocation::ApplicationToken { id, .. } => {
                    shared.live.remove(&id);
                    changed.push(shared.names.application_token(&id));
                    continue;
                }
            };
            changed.push(name);
            revoked.push(Revoked { name, time });
        }
        let is_theft = |name| thefts.contains_key(&name);
        let hear = |name| {
            if let Some(theft) = thefts.get(&name) {
                shared.thefts.hear(Theft::clone(theft));
            }
        };
        let settings = &self.settings;
        shared
            .state
            .take_in(&mut revoked, now, settings, is_theft, hear);
        shared.doubts.settle_revoked(&changed);
        self.tell_size();
        self.waiters.wake(changed, everyone);
    }

    /// As [`apply`](Self::apply), for a theft that a request here has found and told.
    pub(super) fn apply_theft(&self, subject: &Subject, session: &SessionId, at: Timestamp) {
        self.apply(Revocation::Session {
            id: session.clone(),
            subject: subject.clone(),
            at,
            reason: RevocationReason::Reuse,
        });
        drop(self.shared.thefts.take(session));
    }

    fn tell_size(&self) {
        let shared = &*self.shared;
        told::size(&shared.state, &shared.live, &shared.doubts);
    }

    /// True if it is news, and not as old as what is forgotten.
    fn cut_off(&self, realm: &str, at: Timestamp, now: Timestamp) -> bool {
        let ends = self.settings.forgotten(at, self.settings.doubt_skew());
        let is_news = ends > now && self.shared.realms.cut_off(realm, at);
        if is_news {
            self.shared.live.forget();
        }
        is_news
    }

    /// Whether all that is revoked is revoked by this process.
    pub(super) fn is_sole_writer(&self) -> bool {
        self.max_silence.is_none()
    }

    /// Whether the snapshot has not been read for too long, or never.
    pub(super) fn is_silent_now(&self) -> bool {
        self.is_silent(self.clock.now())
    }

    /// A clock that was turned back says nothing about how old the snapshot is,
    /// so that a reading from the future counts as old, too.
    #[inline]
    fn is_silent(&self, now: Timestamp) -> bool {
        let heard = self.shared.heard.load(Acquire);
        let Some(max) = self.max_silence else {
            return heard == NEVER;
        };
        let heard_at = Timestamp::from_millis(heard);
        heard == NEVER
            || now.saturating_duration_since(heard_at) > max
            || heard_at.saturating_duration_since(now) > max
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
