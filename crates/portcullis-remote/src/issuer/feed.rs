//! Keys of one issuer, between the requests that need them and the worker that
//! fetches them.

use std::{
    collections::HashMap,
    fmt,
    future::ready,
    hash::{BuildHasher, RandomState},
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use portcullis::{
    jose::KeySet,
    metrics::family::ARE_ON,
    time::{Clock, SharedClock, Timestamp},
    verify::{KeyTerms, KeysUnavailable, LiveKeys, MissingKey},
};
use tokio::sync::{Notify, oneshot, watch};

use super::{
    health::IssuerHealth,
    log,
    told::{Keys, Told},
};
use crate::{
    FetchError, FetchErrorKind, Fetched, Metadata, Worker,
    schedule::{Action, Answer, Event, JITTER, Moment, Report, Rules, Schedule, Ticket, Timeline},
};

/// What those who verify share, and the worker looks after while they do.
pub(crate) struct Feed {
    issuer: Arc<str>,
    keys: LiveKeys,
    clock: SharedClock,
    started: Instant,
    state: Mutex<State>,
    told: Told,
    /// Ends with the last feed.
    _worker: Worker,
    /// Rouses the worker.
    wake: Arc<Notify>,
    /// How often keys came to begin with, or a fetch ended.
    ended: watch::Sender<u64>,
}

struct State {
    schedule: Schedule,
    timeline: Timeline,
    /// A fetch that the worker has not begun yet.
    wants_fetch: bool,
    /// A set that has not been published yet.
    arrived: Option<KeySet>,
    waiting: HashMap<Ticket, oneshot::Sender<Verdict>>,
    tickets: u64,
    last_error: Option<FetchError>,
    metadata: Option<Arc<Metadata>>,
}

type Verdict = Result<(), KeysUnavailable>;

/// What is done once the lock is released: wakers and logs are other people's
/// code.
#[derive(Default)]
struct After {
    answers: Vec<(oneshot::Sender<Verdict>, Verdict)>,
    /// With why the last fetch failed, if it did.
    reports: Vec<(Report, Option<FetchError>)>,
    /// The keys, if they are others than before.
    changed: Option<KeySet>,
    /// How the keys are now.
    keys: Option<Keys>,
    wakes: bool,
}

/// What the worker does next.
pub(super) struct Next {
    pub(super) fetch: bool,
    pub(super) sleep: Duration,
}

/// The clocks are looked at as often as this, in case one of them was set.
const LOOK_AT_CLOCKS: Duration = Duration::from_secs(30);

impl Feed {
    pub(super) fn new(
        issuer: Arc<str>,
        keys: LiveKeys,
        clock: SharedClock,
        rules: Rules,
        worker: Worker,
        told: Told,
    ) -> Self {
        let state = State {
            schedule: Schedule::new(rules),
            timeline: Timeline::new(Duration::ZERO, clock.now()),
            wants_fetch: false,
            arrived: None,
            waiting: HashMap::new(),
            tickets: 0,
            last_error: None,
            metadata: None,
        };
        Self {
            issuer,
            keys,
            clock,
            started: Instant::now(),
            state: Mutex::new(state),
            told,
            _worker: worker,
            wake: Arc::new(Notify::new()),
            ended: watch::Sender::new(0),
        }
    }

    pub(super) fn issuer(&self) -> &Arc<str> {
        &self.issuer
    }

    pub(super) fn keys(&self) -> &LiveKeys {
        &self.keys
    }

    pub(super) fn clock(&self) -> &SharedClock {
        &self.clock
    }

    pub(super) fn waker(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    pub(super) fn metadata(&self) -> Option<Arc<Metadata>> {
        self.lock().metadata.clone()
    }

    /// Keys to begin with, until others come.
    pub(super) fn seed(&self, keys: KeySet) {
        let mut state = self.lock();
        if state.schedule.status().loaded.is_none() {
            state.arrived = Some(keys);
        }
        self.happens(state, Event::Seeded);
        self.ended.send_modify(|ended| *ended += 1);
    }

    /// The application needs keys, or knows that they have changed.
    pub(super) fn nudge(&self, event: Event) {
        self.happens(self.lock(), event);
    }

    /// What shall become of a token whose key is missing.
    pub(super) fn missing(self: &Arc<Self>) -> MissingKey {
        let (sender, mut verdict) = oneshot::channel();
        let mut state = self.lock();
        state.tickets += 1;
        let ticket = Ticket(state.tickets);
        state.waiting.insert(ticket, sender);
        self.happens(state, Event::Asked(ticket));
        match verdict.try_recv() {
            Ok(Err(unavailable)) => MissingKey::Unavailable(unavailable),
            Ok(Ok(())) => MissingKey::Wait(Box::pin(ready(Ok(())))),
            Err(_) => MissingKey::Wait(Box::pin(Waiting {
                verdict,
                feed: self.clone(),
                ticket,
            })),
        }
    }

    /// Waits until there are keys, or until an attempt has failed.
    pub(super) async fn ready(&self) -> Result<(), FetchError> {
        let mut ended = self.ended.subscribe();
        self.nudge(Event::Wanted);
        loop {
            if let Some(result) = self.is_ready() {
                return result;
            }
            // The sender is with us.
            let _ = ended.changed().await;
        }
    }

    fn is_ready(&self) -> Option<Result<(), FetchError>> {
        let state = self.lock();
        let status = state.schedule.status();
        if status.good_until.is_some() {
            return Some(Ok(()));
        }
        let failed = state.last_error.clone();
        failed.filter(|_| !status.is_fetching).map(Err)
    }

    pub(super) fn health(&self) -> IssuerHealth {
        let mut state = self.lock();
        // Time has passed that nothing else may have noticed.
        let (now, after) = self.step(&mut state, Event::Tick);
        let status = state.schedule.status();
        let last_error = state.last_error.clone();
        drop(state);
        self.finish(after);
        IssuerHealth::new(status, now, self.keys.keys().len(), last_error)
    }

    /// For the worker: what is due.
    pub(super) fn next(&self) -> Next {
        let mut state = self.lock();
        let (now, after) = self.step(&mut state, Event::Tick);
        let due = state.schedule.wake_at();
        let next = Next {
            fetch: mem::take(&mut state.wants_fetch),
            sleep: due.map_or(LOOK_AT_CLOCKS, |due| {
                due.saturating_sub(now).min(LOOK_AT_CLOCKS)
            }),
        };
        drop(state);
        self.finish(After {
            wakes: false,
            ..after
        });
        next
    }

    /// From the worker: how a fetch went.
    pub(super) fn land(&self, result: Result<Fetched, FetchError>) {
        let jitter = jitter();
        let result = result.and_then(|fetched| match fetched.keys().is_empty() {
            true => Err(FetchError::new(
                FetchErrorKind::EmptySet,
                "the source of the keys has none",
            )),
            false => Ok(fetched),
        });
        let mut state = self.lock();
        let event = match result {
            Ok(fetched) => {
                let event = Event::Fetched {
                    fresh_for: fetched.fresh_for(),
                    jitter,
                };
                state.arrived = Some(fetched.keys().clone());
                state.metadata = fetched.metadata().cloned();
                state.last_error = None;
                event
            }
            Err(error) => {
                tracing::debug!(issuer = %self.issuer, %error, "no keys from the issuer");
                let retry_after = error.retry_after();
                state.last_error = Some(error);
                Event::Failed {
                    retry_after,
                    jitter,
                }
            }
        };
        self.happens(state, event);
        self.ended.send_modify(|ended| *ended += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing is half done where somebody else's code could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn happens(&self, mut state: MutexGuard<'_, State>, event: Event) {
        let (_, after) = self.step(&mut state, event);
        drop(state);
        self.finish(after);
    }

    /// All that follows from an event and is done under the lock: keys are
    /// published before anybody is told that they are there.
    fn step(&self, state: &mut State, event: Event) -> (Moment, After) {
        let (now, was_set) = state
            .timeline
            .advance(self.started.elapsed(), self.clock.now());
        let (mut actions, mut after) = (Vec::new(), After::default());
        let due = state.schedule.wake_at();
        state.schedule.handle(now, event, &mut actions);
        if was_set {
            actions.insert(0, Action::Announce);
        }
        for action in actions {
            match action {
                Action::Fetch => state.wants_fetch = true,
                Action::Announce => self.announce(state, &mut after),
                Action::Answer(ticket, answer) => {
                    let verdict = match answer {
                        Answer::Look => Ok(()),
                        Answer::Unavailable { retry_after } => Err(KeysUnavailable { retry_after }),
                    };
                    let waiting = state.waiting.remove(&ticket);
                    after.answers.extend(waiting.map(|it| (it, verdict)));
                }
                Action::Report(report) => {
                    after.reports.push((report, state.last_error.clone()));
                }
            }
        }
        after.keys = ARE_ON.then(|| self.described(state));
        after.wakes = state.wants_fetch || earlier(state.schedule.wake_at(), due);
        (now, after)
    }

    fn described(&self, state: &State) -> Keys {
        let status = state.schedule.status();
        let loaded = status.loaded.map(|loaded| {
            let at = state.timeline.wall_at(loaded);
            at.as_millis() as f64 / 1000.0
        });
        Keys::new(&status, self.keys.keys().len(), loaded)
    }

    fn announce(&self, state: &mut State, after: &mut After) {
        let status = state.schedule.status();
        let wall_at = |moment: Option<Moment>| match moment {
            Some(moment) => state.timeline.wall_at(moment),
            None => Timestamp::from_millis(i64::MIN),
        };
        let terms = KeyTerms {
            settled_until: wall_at(status.settled_until),
            good_until: wall_at(status.good_until),
        };
        match state.arrived.take() {
            Some(keys) => {
                if self.keys.publish(keys.clone(), terms) {
                    after.changed = Some(keys);
                }
            }
            None => self.keys.extend(terms),
        }
    }

    fn finish(&self, after: After) {
        for (waiting, verdict) in after.answers {
            // Who has gone away needs no answer.
            let _ = waiting.send(verdict);
        }
        if after.wakes {
            self.wake.notify_one();
        }
        if let Some(keys) = after.keys {
            self.told.tell(keys, after.changed.is_some());
        }
        if let Some(keys) = after.changed {
            log::keys(&self.issuer, &keys);
        }
        for (report, error) in after.reports {
            log::report(&self.issuer, report, error.as_ref());
        }
    }

    fn leave(&self, ticket: Ticket) {
        let mut state = self.lock();
        if state.waiting.remove(&ticket).is_some() {
            self.happens(state, Event::Left(ticket));
        }
    }
}

/// Whether a time to wake is earlier than it was, so that the worker oversleeps.
fn earlier(new: Option<Moment>, old: Option<Moment>) -> bool {
    match (new, old) {
        (Some(new), Some(old)) => new < old,
        (new, _) => new.is_some(),
    }
}

/// Many processes that start at once are not to fetch at once for ever.
fn jitter() -> u32 {
    let random = RandomState::new().hash_one(());
    u32::try_from(random % u64::from(JITTER + 1)).unwrap_or(0)
}

impl Drop for Feed {
    fn drop(&mut self) {
        // The worker finds nobody any more.
        self.wake.notify_one();
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("issuer", &self.issuer)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// A request that waits for keys. Dropped, it makes room for another.
struct Waiting {
    verdict: oneshot::Receiver<Verdict>,
    feed: Arc<Feed>,
    ticket: Ticket,
}

impl Future for Waiting {
    type Output = Verdict;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Verdict> {
        let verdict = Pin::new(&mut self.verdict).poll(cx);
        // The sender is with the feed, until it answers.
        verdict.map(|verdict| {
            verdict.unwrap_or(Err(KeysUnavailable {
                retry_after: Duration::from_secs(1),
            }))
        })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.feed.leave(self.ticket);
    }
}
