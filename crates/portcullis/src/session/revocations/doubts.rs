//! What may be revoked, though no answer has said so yet.
//!
//! A call that revokes something may have done so though its answer is lost, or nobody
//! waits for it any more. So what it is about is in doubt before the call, and settled
//! when the answer is in the snapshot: in between the store is asked, and never is
//! something taken for good that may be over.

use std::{
    collections::{HashMap, hash_map::Entry},
    future::Future,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicI64, AtomicUsize,
            Ordering::{AcqRel, Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use super::{
    Revocations,
    name::{Kind, Name, Names},
    shards::{Entry as Keyed, Shards},
    told,
};
use crate::{
    session::{SessionId, StoreError, StoreErrorKind},
    subject::Subject,
    time::{Clock, Timestamp},
};

/// How long a call may go on in the store after nobody waits for it any more.
const LONGEST_CALL: Duration = Duration::from_secs(60);

/// Something about which there can be doubt.
#[derive(Clone, Copy)]
pub(in crate::session) enum Doubted<'a> {
    Session(&'a SessionId),
    /// By its `jti`, in the subject's realm.
    Token(&'a Subject, &'a str),
    ApplicationToken(&'a str),
    /// All that this subject has.
    Subject(&'a Subject),
    /// All that anybody of this realm has.
    Realm(&'a str),
}

impl Doubted<'_> {
    fn name(self, names: &Names) -> Name {
        match self {
            Self::Session(id) => names.session(id.as_str()),
            Self::Token(subject, id) => names.kept_token(subject, id),
            Self::ApplicationToken(id) => names.application_token(id),
            Self::Subject(subject) => names.subject(subject.realm(), subject.name()),
            Self::Realm(realm) => names.realm(realm),
        }
    }
}

/// The names that are in doubt. Readers never wait.
pub(super) struct Doubts {
    names: Shards<Name>,
    counts: [AtomicUsize; Kind::COUNT],
    count: AtomicUsize,
    books: Mutex<HashMap<Name, Doubt>>,
    /// From when on a reading settles something that was left, in milliseconds; perhaps
    /// earlier.
    ripe_at: AtomicI64,
    /// Whether somebody is reading the store to settle those that were left.
    settling: AtomicBool,
}

#[derive(Default)]
struct Doubt {
    /// Calls that are on their way.
    open: usize,
    /// When the last call ended without an answer.
    left: Option<Timestamp>,
}

impl Keyed for Name {
    type Key = Self;

    fn key(&self) -> Self {
        *self
    }

    fn rank(name: &Self) -> u64 {
        Self::rank(*name)
    }
}

impl Default for Doubts {
    fn default() -> Self {
        Self {
            names: Shards::default(),
            counts: Default::default(),
            count: AtomicUsize::new(0),
            books: Mutex::default(),
            ripe_at: AtomicI64::new(i64::MAX),
            settling: AtomicBool::new(false),
        }
    }
}

impl Doubts {
    /// Whether this is in doubt. The name is made only where something is.
    #[inline]
    pub(super) fn contain(&self, kind: Kind, name: impl FnOnce() -> Option<Name>) -> bool {
        self.counts[kind as usize].load(Acquire) != 0
            && name().is_some_and(|name| self.names.find(name.shard(), &name).is_some())
    }

    /// Whether anything is in doubt.
    #[inline]
    pub(super) fn any(&self) -> bool {
        self.count.load(Acquire) != 0
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Relaxed)
    }

    fn begin(&self, name: Name) {
        let mut books = self.books();
        books.entry(name).or_default().open += 1;
        self.show(name, true);
    }

    /// A call has ended: with an answer that is in the snapshot, or at `left` without.
    fn end(&self, name: Name, left: Option<Timestamp>) {
        let mut books = self.books();
        let Entry::Occupied(mut entry) = books.entry(name) else {
            return;
        };
        let doubt = entry.get_mut();
        doubt.open = doubt.open.saturating_sub(1);
        doubt.left = left.max(doubt.left);
        self.ripens(left);
        if doubt.open == 0 && doubt.left.is_none() {
            entry.remove();
            self.show(name, false);
        }
    }

    /// Notes that a call about this ended at `left` without an answer, of which nothing
    /// was known before.
    fn leave(&self, name: Name, left: Timestamp) {
        let mut books = self.books();
        let doubt = books.entry(name).or_default();
        doubt.left = doubt.left.max(Some(left));
        self.ripens(Some(left));
        self.show(name, true);
    }

    /// Settles what was left so long before `read`, when the store was read, that
    /// nothing can come of it any more.
    pub(super) fn settle(&self, read: Timestamp) {
        if !self.any() {
            return;
        }
        let mut settled = Vec::new();
        let mut books = self.books();
        self.ripe_at.store(i64::MAX, Relaxed);
        books.retain(|name, doubt| {
            doubt.left = doubt.left.filter(|left| ripe_at(*left) > read);
            self.ripens(doubt.left);
            let stays = doubt.open > 0 || doubt.left.is_some();
            if !stays {
                settled.push(*name);
            }
            stays
        });
        settled.into_iter().for_each(|name| self.show(name, false));
    }

    /// Settles sessions and tokens that are known to be revoked. Of a subject or a realm
    /// something else may still be in doubt.
    pub(super) fn settle_revoked(&self, names: &[Name]) {
        if !self.any() {
            return;
        }
        for name in names {
            let kind = name.kind();
            let many = matches!(kind, Kind::Subject | Kind::Realm);
            if many || !self.contain(kind, || Some(*name)) {
                continue;
            }
            let mut books = self.books();
            if let Some(doubt) = books.get_mut(name) {
                doubt.left = None;
                if doubt.open == 0 {
                    books.remove(name);
                    self.show(*name, false);
                }
            }
        }
    }

    /// Whether something is left that a reading at `now` would settle.
    fn is_ripe(&self, now: Timestamp) -> bool {
        now.as_millis() >= self.ripe_at.load(Relaxed)
    }

    fn ripens(&self, left: Option<Timestamp>) {
        if let Some(left) = left {
            self.ripe_at.fetch_min(ripe_at(left).as_millis(), Relaxed);
        }
    }

    /// Puts a name where readers see it, or takes it away. The books are locked.
    fn show(&self, name: Name, shown: bool) {
        let shard = name.shard();
        let count = &self.counts[name.kind() as usize];
        if self.names.find(shard, &name).is_some() == shown {
            return;
        }
        if shown {
            self.names.rebuild(shard, &[name], |_| true);
            count.fetch_add(1, Release);
            self.count.fetch_add(1, Release);
        } else {
            self.names.rebuild(shard, &[], |other| *other != name);
            count.fetch_sub(1, Release);
            self.count.fetch_sub(1, Release);
        }
    }

    fn books(&self) -> MutexGuard<'_, HashMap<Name, Doubt>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Revocations {
    /// Makes a call that revokes `what`, which is in doubt until `note` has been called
    /// with the answer. It stays so when there is none, or nobody waits for it.
    pub(in crate::session) async fn revoking<T>(
        &self,
        what: Doubted<'_>,
        call: impl Future<Output = Result<T, StoreError>>,
        note: impl FnOnce(&T),
    ) -> Result<T, StoreError> {
        let doubt = self.begin_doubt(what);
        let result = call.await;
        match &result {
            Ok(answer) => {
                note(answer);
                doubt.settle();
            }
            Err(error) if error.kind() == StoreErrorKind::Unsupported => doubt.settle(),
            Err(_) => drop(doubt),
        }
        result
    }

    fn begin_doubt(&self, what: Doubted<'_>) -> InDoubt {
        let name = what.name(&self.shared.names);
        self.shared.doubts.begin(name);
        InDoubt {
            revocations: self.clone(),
            name,
            is_settled: false,
        }
    }

    /// To be kept while a refresh token of this session is presented: its use may end
    /// the session, of which nobody learns who waits no longer.
    pub(in crate::session) fn unanswered(&self, session: &SessionId) -> Unanswered<'_> {
        Unanswered {
            revocations: self,
            session: Some(session.clone()),
        }
    }

    /// Takes in that the store has refused a refresh token because its session is over:
    /// whoever ended it may not have heard the answer. Why it did is asked with the next
    /// of its access tokens.
    pub(in crate::session) fn has_been_refused(&self, session: &SessionId) {
        let shared = &*self.shared;
        let name = shared.names.session(session.as_str());
        if !shared.state.knows(name) {
            shared.doubts.leave(name, self.clock.now());
            self.left_in_doubt(name);
        }
    }

    /// Reads the store if that settles what was left in doubt, unless somebody does so
    /// already: where nobody else writes, nobody else reads.
    pub(super) async fn settle_doubts(&self) {
        let doubts = &self.shared.doubts;
        if !doubts.is_ripe(self.clock.now()) || doubts.settling.swap(true, AcqRel) {
            return;
        }
        let _settling = Settling(&doubts.settling);
        if let Err(error) = self.sync().await {
            tracing::warn!(error = error.cause(), "cannot settle what is in doubt");
        }
    }

    fn left_in_doubt(&self, name: Name) {
        told::size(self);
        self.waiters.wake([name], name.kind() == Kind::Realm);
    }
}

/// The doubt about something while a call is on its way.
struct InDoubt {
    revocations: Revocations,
    name: Name,
    is_settled: bool,
}

impl InDoubt {
    fn settle(mut self) {
        self.is_settled = true;
        self.revocations.shared.doubts.end(self.name, None);
    }
}

impl Drop for InDoubt {
    fn drop(&mut self) {
        if !self.is_settled {
            let now = self.revocations.clock.now();
            self.revocations.shared.doubts.end(self.name, Some(now));
            self.revocations.left_in_doubt(self.name);
        }
    }
}

/// A session about which the store has been asked something that may end it.
#[must_use = "the session is in doubt when this is dropped"]
pub(in crate::session) struct Unanswered<'r> {
    revocations: &'r Revocations,
    session: Option<SessionId>,
}

impl Unanswered<'_> {
    /// The store has answered, or failed.
    pub(in crate::session) fn answered(mut self) {
        self.session = None;
    }
}

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(session) = &self.session {
            let shared = &self.revocations.shared;
            let name = shared.names.session(session.as_str());
            shared.doubts.leave(name, self.revocations.clock.now());
            self.revocations.left_in_doubt(name);
        }
    }
}

struct Settling<'a>(&'a AtomicBool);

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        self.0.store(false, Release);
    }
}

fn ripe_at(left: Timestamp) -> Timestamp {
    left.saturating_add(LONGEST_CALL)
}
