//! The ring of a process.

use std::{
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::{ArcSwap, Guard};

use super::{
    directory,
    health::{RingHealth, RingProblem},
    loaded::LoadedKey,
    record::{KeyRecord, RingRecord},
    rules::{self, Report},
    state::{Heard, State},
};
use crate::{
    jose::{Algorithm, KeySet},
    metrics,
    time::{Clock, SharedClock, Timestamp},
    verify::{KeySource, KeyTerms, KeysUnavailable, LiveKeys, MissingKey},
};

/// How much longer than tokens live their keys verify: for verifiers' leeway and
/// for clocks that differ.
const MARGIN: Duration = Duration::from_secs(120);

/// How much longer than verifiers may remember a key set a key is announced
/// before it signs.
const NOTICE: Duration = Duration::from_secs(60);

/// The keys of an issuer, which roll over while it runs. Cheap to clone; clones
/// are the same ring.
///
/// Key material comes from a directory that each node has; the store only knows
/// ids and times, so that whoever reads it can sign nothing. A key file that is
/// put there is **announced**: every node verifies with it and publishes it. It
/// **signs** once every node has had it for as long as foreign verifiers may
/// remember an older key set, and a minute more. The key before it goes on
/// verifying until its last token has expired, and is then **retired**.
///
/// Two things have to be done every [`interval`](Self::interval), by a task of
/// the application: [`scan`](Self::scan), which reads the directory and blocks,
/// and [`sync`](Self::sync) with the store. Both once before the first request:
/// until then nothing is signed, and verifiers answer 503.
///
/// ```no_run
/// use portcullis::{issue::{KeyRing, TokenIssuer}, session::{DynSessionStore, MemoryStore}};
/// use portcullis::time::SharedClock;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let store = DynSessionStore::new(MemoryStore::new(SharedClock::default()));
/// let ring = KeyRing::of_access_keys("/run/secrets/access-keys").build()?;
/// let issuer = TokenIssuer::builder(ring.clone())
///     .issuer("https://issuer.example")
///     .audience("https://api.example")
///     .build()?;
/// let verifier = issuer.verifier().build()?; // follows the ring
///
/// let task = ring.clone();
/// tokio::spawn(async move {
///     loop {
///         let scan = task.clone();
///         let _ = tokio::task::spawn_blocking(move || scan.scan()).await;
///         // What goes wrong is logged, and in the ring's health.
///         let _ = task.sync(&store).await;
///         tokio::time::sleep(task.interval()).await;
///     }
/// });
/// # Ok(())
/// # }
/// ```
///
/// How to roll a key over, step by step: `docs/keys.md`.
#[derive(Clone)]
pub struct KeyRing(Arc<Inner>);

struct Inner {
    settings: Settings,
    /// For how long the tokens live that the keys sign, in milliseconds.
    covers: AtomicU64,
    state: Mutex<State>,
    current: ArcSwap<Snapshot>,
    live: LiveKeys,
}

/// How a ring is set up.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) name: String,
    pub(super) node: String,
    pub(super) directory: PathBuf,
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) max_age: Duration,
    pub(super) lease: Duration,
    pub(super) silence: Duration,
    pub(super) never_retires: bool,
    pub(super) clock: SharedClock,
}

/// What is signed and verified with, until the next look.
pub(crate) struct Snapshot {
    signing: Option<LoadedKey>,
    verifying: Vec<LoadedKey>,
    keys: KeySet,
    silence: Duration,
    heard: Option<Heard>,
    /// Whether every key is here that tokens are signed with.
    is_complete: bool,
}

impl KeyRing {
    pub(super) fn new(settings: Settings) -> Self {
        let current = Snapshot {
            signing: None,
            verifying: Vec::new(),
            keys: KeySet::new([]),
            silence: settings.silence,
            heard: None,
            is_complete: false,
        };
        Self(Arc::new(Inner {
            live: LiveKeys::new(&settings.algorithms),
            settings,
            covers: AtomicU64::new(0),
            state: Mutex::default(),
            current: ArcSwap::from_pointee(current),
        }))
    }

    /// Reads the directory. **Blocks**: not to be called on a thread that serves
    /// requests.
    ///
    /// A file that cannot be used is left out, logged once, and in the
    /// [health](Self::health); so is one that somebody is still writing, until
    /// the next time. Files whose names begin with a dot are not looked at.
    pub fn scan(&self) {
        let settings = &self.0.settings;
        let before = Arc::clone(&self.lock().found);
        let found = directory::scan(&settings.directory, &settings.algorithms, &before);
        let mut state = self.lock();
        state.take_files(found);
        self.publish(&mut state);
    }

    /// How often [`scan`](Self::scan) and [`sync`](Self::sync) are to be called:
    /// several times per [lease](super::KeyRingBuilder::lease).
    pub fn interval(&self) -> Duration {
        self.0.settings.lease / 6
    }

    /// How it is, as this node sees it.
    pub fn health(&self) -> RingHealth {
        let Settings {
            node,
            silence,
            clock,
            ..
        } = &self.0.settings;
        self.lock().health(node, *silence, clock.now())
    }

    /// The keys that verify now: those announced, the one that signs, and those
    /// before it. Only [public](KeySet::public_jwks) ones are to be published.
    pub fn public_keys(&self) -> KeySet {
        self.0.current.load().keys.clone()
    }

    /// How long verifiers may remember a published key set:
    /// `Cache-Control: max-age` of the route that serves it.
    pub fn max_age(&self) -> Duration {
        self.0.settings.max_age
    }

    /// What the store knows the ring by.
    pub fn name(&self) -> &str {
        &self.0.settings.name
    }

    /// The name of this node in the ring, unlike that of any other process.
    pub fn node(&self) -> &str {
        &self.0.settings.node
    }

    /// Whether both are clones of one ring.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Its clock.
    pub(crate) fn clock(&self) -> &SharedClock {
        &self.0.settings.clock
    }

    pub(crate) fn algorithms(&self) -> &[Algorithm] {
        &self.0.settings.algorithms
    }

    /// Whether its keys are good for tokens that never expire.
    pub(crate) fn never_retires(&self) -> bool {
        self.0.settings.never_retires
    }

    /// Keeps keys for as long as tokens live that live for `ttl`.
    pub(crate) fn cover(&self, ttl: Duration) {
        let millis = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        self.0.covers.fetch_max(millis, Ordering::Relaxed);
    }

    /// Whether the store was ever read.
    pub(crate) fn is_read(&self) -> bool {
        self.lock().heard.is_some()
    }

    /// What is signed and verified with now.
    pub(crate) fn current(&self) -> Guard<Arc<Snapshot>> {
        self.0.current.load()
    }

    /// What the ring's record becomes when this node reports at the store's time
    /// `now`. The first reading of an empty store begins with what this node
    /// remembers: the store may have lost its memory.
    ///
    /// # Errors
    ///
    /// When the record cannot be read.
    pub(crate) fn report(
        &self,
        record: Option<&str>,
        now: Timestamp,
    ) -> Result<Change, serde_json::Error> {
        let state = self.lock();
        let settings = &self.0.settings;
        let before = match record {
            Some(record) => RingRecord::parse(record)?,
            None => state.record.clone(),
        };
        let covers = Duration::from_millis(self.0.covers.load(Ordering::Relaxed));
        let lasts = match settings.never_retires {
            true => Duration::MAX,
            false => covers
                .saturating_add(settings.silence)
                .saturating_add(MARGIN),
        };
        let report = Report {
            node: &settings.node,
            loaded: &state.reported(),
            lease: settings.lease,
            wait: settings.max_age.saturating_add(NOTICE),
            lasts,
        };
        let mut from = before.clone();
        rules::keep_withdrawn(&mut from, &state.record);
        let after = rules::advance(&from, &report, now);
        Change::new(record.is_some().then_some(&before), after)
    }

    /// What the ring's record becomes without this node.
    pub(crate) fn without_this_node(&self, record: &str) -> Result<Change, serde_json::Error> {
        let before = RingRecord::parse(record)?;
        let after = rules::leave(&before, self.node());
        Change::new(Some(&before), after)
    }

    /// What the ring's record becomes without the key of this id; `None` if there
    /// is none.
    pub(crate) fn without_key(
        &self,
        record: &str,
        id: &str,
        now: Timestamp,
    ) -> Result<Option<Change>, serde_json::Error> {
        let before = RingRecord::parse(record)?;
        rules::withdraw(&before, id, now)
            .map(|after| Change::new(Some(&before), after))
            .transpose()
    }

    /// Goes by what the store has after a change, which was asked for at
    /// `asked_at` by this node's clock, when the store's time was `now`.
    pub(crate) fn adopt(&self, mut change: Change, asked_at: Timestamp, now: Timestamp) {
        let mut state = self.lock();
        rules::keep_withdrawn(&mut change.after, &state.record);
        let mut nodes = change.after.nodes.iter();
        let own = nodes.find(|node| node.name == self.node());
        let left = own.map(|node| node.until.0.saturating_duration_since(now));
        let heard = Heard {
            at: asked_at,
            lease: asked_at.saturating_add(left.unwrap_or_default()),
        };
        tell_changes(&state.record, &change.after, self.name());
        state.adopt(change.after, self.node(), heard);
        self.publish(&mut state);
    }

    /// Lets signers and verifiers have what follows from the state.
    fn publish(&self, state: &mut State) {
        let settings = &self.0.settings;
        if let Some(heard) = state.heard {
            let decision = state.decide();
            let verifying = state.keys_at(&decision.verifying);
            let keys: KeySet = verifying
                .iter()
                .map(|key| key.key.verifying_key())
                .collect();
            let is_complete = decision.missing.is_empty();
            let terms = KeyTerms {
                settled_until: match is_complete {
                    true => heard.lease,
                    false => Timestamp::from_millis(i64::MIN),
                },
                good_until: heard.at.saturating_add(settings.silence),
            };
            // Before it signs with one of them.
            self.0.live.publish(keys.clone(), terms);
            let signing = decision.signing.and_then(|at| state.held.get(at));
            self.0.current.store(Arc::new(Snapshot {
                signing: signing.map(|held| held.key.clone()),
                verifying,
                keys,
                silence: settings.silence,
                heard: state.heard,
                is_complete,
            }));
        }
        let now = settings.clock.now();
        let problems = state.health(&settings.node, settings.silence, now).problems;
        tell_problems(&state.shown, &problems, self.name());
        state.shown = problems;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in here panics half-way through a change.
        let state = self.0.state.lock();
        state.unwrap_or_else(PoisonError::into_inner)
    }
}

/// The own tokens' keys. One that is not among them is none, unless this node
/// lacks a key that others sign with, or has not read the store for a lease.
impl KeySource for KeyRing {
    fn keys(&self) -> &LiveKeys {
        &self.0.live
    }

    fn missing(&self) -> MissingKey {
        match self.current().is_settled(self.clock().now()) {
            true => MissingKey::Absent,
            false => MissingKey::Unavailable(KeysUnavailable {
                retry_after: self.interval(),
            }),
        }
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("name", &self.name())
            .field("node", &self.node())
            .finish_non_exhaustive()
    }
}

impl Snapshot {
    /// The key to sign with at `now`. None when the store has not been read for
    /// too long: another key may have been signing since, and this one be
    /// retired.
    pub(crate) fn signing(&self, now: Timestamp) -> Option<&LoadedKey> {
        self.signing.as_ref().filter(|_| self.is_good(now))
    }

    /// The keys that verify.
    pub(crate) fn verifying(&self) -> &[LoadedKey] {
        &self.verifying
    }

    /// Whether it may still be gone by at `now`.
    pub(crate) fn is_good(&self, now: Timestamp) -> bool {
        self.heard
            .is_some_and(|heard| heard.is_good(self.silence, now))
    }

    /// Whether at `now` a key that is not in it is known to be none.
    pub(crate) fn is_settled(&self, now: Timestamp) -> bool {
        self.is_complete && self.is_good(now) && self.heard.is_some_and(|h| now < h.lease)
    }
}

/// A ring's record, changed.
pub(crate) struct Change {
    after: RingRecord,
    /// What is to be written, unless nothing has changed.
    pub(crate) text: Option<String>,
}

impl Change {
    fn new(before: Option<&RingRecord>, after: RingRecord) -> Result<Self, serde_json::Error> {
        let text = match before == Some(&after) {
            true => None,
            false => Some(after.to_json()?),
        };
        Ok(Self { after, text })
    }
}

/// Logs what has become of keys.
fn tell_changes(before: &RingRecord, after: &RingRecord, ring: &str) {
    for key in &after.keys {
        let older = before.key(&key.id);
        let id = key.id.as_str();
        let is_now = |is: fn(&KeyRecord) -> bool| is(key) && !older.is_some_and(is);
        if is_now(|key| key.withdrawn_at.is_some()) {
            tracing::warn!(
                event = "ring_key_withdrawn",
                ring,
                key = id,
                "a key was withdrawn"
            );
        } else if is_now(|key| key.retired_at.is_some()) {
            tracing::info!(
                event = "ring_key_retired",
                ring,
                key = id,
                "a key was retired: its file can go"
            );
        } else if is_now(|key| key.signs()) {
            tracing::info!(event = "ring_key_signs", ring, key = id, "a key signs");
        } else if is_now(|key| key.is_new() && key.announced_at.is_some()) {
            tracing::info!(
                event = "ring_key_announced",
                ring,
                key = id,
                "every node has a new key"
            );
        } else if key.is_new() && key.announced_at.is_none() {
            let lacking: Vec<_> = after.lacking(id).collect();
            if older.is_none_or(|_| before.lacking(id).ne(lacking.iter().copied())) {
                tracing::warn!(
                    event = "ring_key_waits",
                    ring,
                    key = id,
                    nodes = ?lacking,
                    "a new key waits for nodes that have no file of it"
                );
            }
        }
    }
}

/// Logs what is wrong now and was not before, and what is right again; and counts it.
fn tell_problems(before: &[RingProblem], now: &[RingProblem], ring: &str) {
    count_problems(before, now);
    for problem in now.iter().filter(|problem| !before.contains(problem)) {
        match problem.is_serious() {
            true => tracing::error!(event = "ring_problem", ring, "{problem}"),
            false => tracing::warn!(event = "ring_problem", ring, "{problem}"),
        }
    }
    if now.is_empty() && !before.is_empty() {
        tracing::info!(
            event = "ring_well",
            ring,
            "nothing is wrong with the key ring any more"
        );
    }
}

/// By how many more or fewer it is than before: the gauge is of all rings.
fn count_problems(before: &[RingProblem], now: &[RingProblem]) {
    for (severity, serious) in [("serious", true), ("minor", false)] {
        let number = |problems: &[RingProblem]| {
            let problems = problems.iter().filter(|it| it.is_serious() == serious);
            problems.count() as f64
        };
        metrics::KEY_RING_PROBLEMS.add(number(now) - number(before), [severity]);
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let state = self.state.get_mut();
        let state = state.unwrap_or_else(PoisonError::into_inner);
        count_problems(&state.shown, &[]);
    }
}
