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

mod state;
mod status;

use std::{
    fmt,
    future::Future,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use self::state::{Limits, State};
use super::{DynSessionStore, Revocation, SessionId, SessionStore, StoreError};
use crate::{
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};

/// How far behind its last reading the snapshot reads again: longer than any
/// transaction of a store, and than the clocks of two nodes differ.
const OVERLAP: Duration = Duration::from_secs(60);

/// How much longer than asked entries are kept: a verifier on another machine
/// accepts a token for its leeway after the token has expired, by a clock that
/// may be behind.
const MARGIN: Duration = Duration::from_secs(120);

/// The snapshot of one process. Cheap to clone; clones are the same snapshot.
///
/// Somebody has to call [`sync`](Self::sync): once before the first request and
/// then every few seconds, from a task of the application. The crates of the
/// stores have such tasks, which also listen to what is announced. A snapshot that
/// was never read, or not for [`max_silence`](Self::with_max_silence), says
/// [`Checked::Unknown`], which is answered 503.
///
/// ```
/// use std::time::Duration;
/// use portcullis::{
///     session::{Checked, DynSessionStore, MemoryStore, Revocations, TokenFacts},
///     time::SharedClock,
/// };
///
/// # async fn example() -> Result<(), portcullis::session::StoreError> {
/// let clock = SharedClock::default();
/// let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
/// let longest_access_token = Duration::from_secs(3600);
/// let revocations = Revocations::new(store, clock, longest_access_token);
/// revocations.sync().await?;
/// let token = TokenFacts {
///     subject: None,
///     session: Some("936da01f-9abd-4d9d-80c7-02af85c822a8"),
///     token_id: None,
///     issued_at: None,
///     application: false,
/// };
/// assert!(matches!(revocations.check(&token), Checked::Clear));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Revocations {
    state: Arc<RwLock<State>>,
    store: DynSessionStore,
    clock: SharedClock,
    keep: Duration,
    max_silence: Option<Duration>,
    limits: Limits,
}

/// What the check needs to know about an access token that is good otherwise.
#[derive(Clone, Copy, Debug)]
pub struct TokenFacts<'a> {
    /// Whom it speaks for.
    pub subject: Option<&'a Subject>,
    /// Its `sid`. A token that has one is judged by its session.
    pub session: Option<&'a str>,
    /// Its `jti`.
    pub token_id: Option<&'a str>,
    /// Its `iat`.
    pub issued_at: Option<Timestamp>,
    /// Whether it has no expiry and is good only while it is listed.
    pub application: bool,
}

/// What the snapshot knows about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It has not been revoked.
    Clear,
    /// It has been revoked.
    Revoked,
    /// The snapshot is too old to say.
    Unknown,
    /// Only the store can say: see [`Revocations::ask`].
    AskStore(Question),
}

/// What to ask the store about a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    about: About,
    /// How many removals the snapshot had seen: an answer that a removal may
    /// have overtaken is not remembered.
    removals: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum About {
    Session(Option<SessionId>),
    ApplicationToken(Subject, String),
}

impl Revocations {
    /// How long a snapshot may go without a reading by default.
    pub const DEFAULT_MAX_SILENCE: Duration = Duration::from_secs(30);

    /// An empty snapshot of what `store` has revoked. `longest` is the longest
    /// lifetime of an access token; entries are kept for two minutes more, which
    /// is for the verifiers' leeway and for clocks that differ. Where both
    /// together may be more, `longest` must be longer by as much.
    pub fn new(store: DynSessionStore, clock: SharedClock, longest: Duration) -> Self {
        Self {
            state: Arc::default(),
            store,
            clock,
            keep: longest.saturating_add(MARGIN),
            max_silence: Some(Self::DEFAULT_MAX_SILENCE),
            limits: Limits::default(),
        }
    }

    /// How long the snapshot may go without a reading before it says
    /// [`Checked::Unknown`]; 30 seconds unless set. This is the choice between
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

    /// How many revocations are kept one by one: of one subject, and how many
    /// subjects. Beyond that the older ones become a point in time, and tokens
    /// from before it are asked about at the store.
    #[must_use = "returns the changed snapshot"]
    pub fn with_limits(mut self, per_subject: usize, subjects: usize) -> Self {
        self.limits = Limits {
            per_subject,
            subjects,
        };
        self
    }

    /// The store that it is a snapshot of.
    pub fn store(&self) -> &DynSessionStore {
        &self.store
    }

    /// How long entries are kept, the margin included; what
    /// [`SessionStore::purge`] must keep, too.
    pub fn keep(&self) -> Duration {
        self.keep
    }

    /// The longest lifetime of an access token that entries outlive.
    pub(crate) fn longest(&self) -> Duration {
        self.keep.saturating_sub(MARGIN)
    }

    /// Whether both are the same snapshot, and not only of one store.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.state, &other.state)
    }

    /// What is known about `token`, without waiting.
    pub fn check(&self, token: &TokenFacts<'_>) -> Checked {
        let now = self.clock.now();
        let state = self.read();
        let silent = self.is_silent(state.heard, now);
        if token.application {
            let (Some(subject), Some(id)) = (token.subject, token.token_id) else {
                return Checked::Revoked;
            };
            if !silent && state.is_live(subject, id) {
                return Checked::Clear;
            }
            return Checked::AskStore(Question {
                about: About::ApplicationToken(subject.clone(), id.to_owned()),
                removals: state.removals,
            });
        }
        if state.is_revoked(token) {
            return Checked::Revoked;
        }
        if silent {
            return Checked::Unknown;
        }
        match token.session {
            Some(session) if state.is_in_doubt(token) => Checked::AskStore(Question {
                about: About::Session(SessionId::parse(session)),
                removals: state.removals,
            }),
            _ => Checked::Clear,
        }
    }

    /// Asks the store what the snapshot could not say: whether the token is
    /// still good.
    ///
    /// # Errors
    ///
    /// When the store fails; the request is answered 503.
    pub fn ask(
        &self,
        question: Question,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send + use<> {
        let this = self.clone();
        async move {
            match question.about {
                About::Session(None) => Ok(false),
                About::Session(Some(id)) => {
                    let session = this.store.session(&id).await?;
                    Ok(session.is_some_and(|session| session.revoked.is_none()))
                }
                About::ApplicationToken(subject, id) => {
                    let live = this.store.application_token_is_live(&subject, &id).await?;
                    if live {
                        this.write().remember_live(subject, id, question.removals);
                    }
                    Ok(live)
                }
            }
        }
    }

    /// Takes in one revocation at once, as after each that this process made.
    pub fn apply(&self, revocation: Revocation) {
        let now = self.clock.now();
        let mut state = self.write();
        state.apply(revocation, now, self.keep, &self.limits);
        state.prune_when_doubled(now, self.keep);
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
            None => asked_at.saturating_sub(self.keep),
            Some(heard) => heard.min(asked_at),
        };
        let revocations = self
            .store
            .revocations(since.saturating_sub(OVERLAP))
            .await?;
        let mut state = self.write();
        for revocation in revocations {
            state.apply(revocation, asked_at, self.keep, &self.limits);
        }
        state.prune(asked_at, self.keep);
        state.heard = Some(asked_at);
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
            .field("keep", &self.keep)
            .field("max_silence", &self.max_silence)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
