//! What may be revoked, though no answer has said so yet.
//!
//! A call that revokes something may have done so though its answer is lost, or nobody
//! waits for it any more. So what it is about is in doubt before the call, and settled
//! when the answer is in the snapshot: in between the store is asked, and never is
//! something taken for good that may be over.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{
            AtomicBool, AtomicI64, AtomicUsize,
            Ordering::{Acquire, Relaxed, Release},
        },
    },
    time::Duration,
};

use super::{
    name::{Kind, Name, Names},
    shards::{Entry as Keyed, Shards},
};
use crate::{session::SessionId, subject::Subject, time::Timestamp};

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
    pub(super) fn name(self, names: &Names) -> Name {
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
    pub(super) settling: AtomicBool,
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

    pub(super) fn begin(&self, name: Name) {
        let mut books = self.books();
        books.entry(name).or_default().open += 1;
        self.show(name);
    }

    /// A call has ended: with an answer that is in the snapshot, or at `left` without.
    pub(super) fn end(&self, name: Name, left: Option<Timestamp>) {
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
            self.hide(&mut [name]);
        }
    }

    /// Notes that a call about this ended at `left` without an answer, of which nothing
    /// was known before.
    pub(super) fn leave(&self, name: Name, left: Timestamp) {
        let mut books = self.books();
        let doubt = books.entry(name).or_default();
        doubt.left = doubt.left.max(Some(left));
        self.ripens(Some(left));
        self.show(name);
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
        self.hide(&mut settled);
    }

    /// Settles sessions and tokens that are known to be revoked. Of a subject or a realm
    /// something else may still be in doubt.
    pub(super) fn settle_revoked(&self, names: &[Name]) {
        if !self.any() {
            return;
        }
        let is_one = |name: &Name| !matches!(name.kind(), Kind::Subject | Kind::Realm);
        let doubted = names.iter().copied();
        let doubted =
            doubted.filter(|name| is_one(name) && self.contain(name.kind(), || Some(*name)));
        let mut settled: Vec<_> = doubted.collect();
        if settled.is_empty() {
            return;
        }
        let mut books = self.books();
        settled.retain(|name| {
            let Entry::Occupied(mut entry) = books.entry(*name) else {
                return false;
            };
            entry.get_mut().left = None;
            let is_over = entry.get().open == 0;
            if is_over {
                entry.remove();
            }
            is_over
        });
        self.hide(&mut settled);
    }

    /// Whether something is left that a reading at `now` would settle.
    pub(super) fn is_ripe(&self, now: Timestamp) -> bool {
        now.as_millis() >= self.ripe_at.load(Relaxed)
    }

    /// After a reading at `now`, which may have failed: nobody need try again at once.
    pub(super) fn put_off(&self, now: Timestamp) {
        let next = now.saturating_add(Duration::from_secs(1));
        self.ripe_at.fetch_max(next.as_millis(), Relaxed);
    }

    fn ripens(&self, left: Option<Timestamp>) {
        if let Some(left) = left {
            self.ripe_at.fetch_min(ripe_at(left).as_millis(), Relaxed);
        }
    }

    /// Puts a name where readers see it. The books are locked.
    fn show(&self, name: Name) {
        let shard = name.shard();
        if self.names.find(shard, &name).is_none() {
            self.names.rebuild(shard, &[name], |_| true);
            self.counts[name.kind() as usize].fetch_add(1, Release);
            self.count.fetch_add(1, Release);
        }
    }

    /// Takes names away that are shown, and writes each shard once. The books are locked.
    fn hide(&self, names: &mut [Name]) {
        names.sort_unstable();
        for of_shard in names.chunk_by(|one, other| one.shard() == other.shard()) {
            let Some(first) = of_shard.first() else {
                continue;
            };
            let mut gone = [0; Kind::COUNT];
            self.names.rebuild(first.shard(), &[], |name| {
                let stays = of_shard.binary_search(name).is_err();
                gone[name.kind() as usize] += usize::from(!stays);
                stays
            });
            for (count, gone) in self.counts.iter().zip(gone) {
                count.fetch_sub(gone, Release);
            }
            self.count.fetch_sub(gone.iter().sum(), Release);
        }
    }

    fn books(&self) -> MutexGuard<'_, HashMap<Name, Doubt>> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ripe_at(left: Timestamp) -> Timestamp {
    left.saturating_add(LONGEST_CALL)
}
