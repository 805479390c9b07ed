//! The snapshot's tables: what is revoked, by name and until when.
//!
//! Up to a limit each revocation is an entry of its own. What comes when that is reached
//! leaves a hint: 24 bits of its name in a shard, which some that are not revoked share,
//! so that the store has to be asked. Whoever has no hint is not revoked. Of ten million
//! hints one name in four hundred has one by chance.

use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{
        AtomicUsize,
        Ordering::{Acquire, Relaxed, Release},
    },
};

use super::{
    name::{Kind, Name, TokenNames},
    reach::Settings,
    shards::{Entry, Shards},
    wheel::Wheel,
};
use crate::time::Timestamp;

/// In how many slots a hint may end; with more, old and new ones could not be told apart.
const HINT_SLOTS: i64 = 120;

/// How many shards with something that is over are written anew with each revocation.
const SWEPT_BESIDE: usize = 2;

/// Something that was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Revoked {
    pub(super) name: Name,
    /// When it ends; of a subject, when it was logged out everywhere.
    pub(super) time: Timestamp,
}

impl Entry for Revoked {
    type Key = Name;

    #[inline]
    fn key(&self) -> Name {
        self.name
    }

    #[inline]
    fn rank(name: &Name) -> u64 {
        name.rank()
    }
}

#[derive(Default)]
pub(super) struct State {
    entries: Shards<Revoked>,
    hints: Shards<Hint>,
    /// How many entries there are of each kind, or more, while some go.
    counts: [AtomicUsize; Kind::COUNT],
    hint_count: AtomicUsize,
    books: Mutex<Option<Wheel>>,
}

/// Three bytes of a name, and in the lowest one the slot in which it ends.
#[derive(Clone, Copy)]
struct Hint(u32);

impl Entry for Hint {
    type Key = u32;

    fn key(&self) -> u32 {
        self.0 >> 8
    }

    fn rank(key: &u32) -> u64 {
        u64::from(*key)
    }
}

impl State {
    /// Whether the token was revoked by its name, or its session was.
    #[inline]
    pub(super) fn is_revoked_by_name(&self, token: &TokenNames<'_>, now: Timestamp) -> bool {
        let ends = |found: Option<Revoked>| found.is_some_and(|found| found.time > now);
        ends(self.find(Kind::Session, || token.session()))
            || ends(self.find(Kind::SessionElsewhere, || token.session_elsewhere()))
            || ends(self.find(Kind::Token, || token.token()))
    }

    /// When this subject was logged out everywhere.
    #[inline]
    pub(super) fn logged_out(&self, name: impl FnOnce() -> Option<Name>) -> Option<Timestamp> {
        self.find(Kind::Subject, name).map(|found| found.time)
    }

    /// The name is made only where there is something to find.
    #[inline]
    fn find(&self, kind: Kind, name: impl FnOnce() -> Option<Name>) -> Option<Revoked> {
        if self.counts[kind as usize].load(Acquire) == 0 {
            return None;
        }
        let name = name()?;
        self.entries.find(name.shard(), &name)
    }

    /// Whether this has an entry.
    pub(super) fn knows(&self, name: Name) -> bool {
        self.entries.find(name.shard(), &name).is_some()
    }

    /// Whether there is any hint at all.
    #[inline]
    pub(super) fn has_hints(&self) -> bool {
        self.hint_count.load(Acquire) != 0
    }

    /// Whether this may have been revoked though it has no entry.
    pub(super) fn is_hinted(&self, name: Name) -> bool {
        self.hints.find(name.shard(), &name.hint()).is_some()
    }

    /// How many entries there are of a kind.
    pub(super) fn count(&self, kind: Kind) -> usize {
        self.counts[kind as usize].load(Relaxed)
    }

    /// How many have no entry, only a hint.
    pub(super) fn hint_count(&self) -> usize {
        self.hint_count.load(Relaxed)
    }

    /// Takes in what was revoked, and sorts it. `is_distinct` says what must be told from
    /// all others, as far as possible; `told` is called with what was not known.
    pub(super) fn take_in(
        &self,
        revoked: &mut [Revoked],
        now: Timestamp,
        settings: &Settings,
        is_distinct: impl Fn(Name) -> bool,
        mut told: impl FnMut(Name),
    ) {
        revoked.sort_unstable_by_key(|it| (it.name, it.time));
        for of_shard in revoked.chunk_by(|one, other| one.name.shard() == other.name.shard()) {
            let mut writer = self.writer(now, settings);
            writer.take_in(of_shard, &is_distinct, &mut told);
            // Or revocations of this process alone would never be forgotten.
            writer.sweep(SWEPT_BESIDE);
        }
    }

    /// Forgets what no living token can be concerned by.
    pub(super) fn sweep(&self, now: Timestamp, settings: &Settings) {
        // Whoever has something to tell meanwhile comes in between.
        while self.writer(now, settings).sweep(8) {}
    }

    fn writer<'s>(&'s self, now: Timestamp, settings: &'s Settings) -> Writer<'s> {
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let wheel = books.get_or_insert_with(|| Wheel::new(settings.keep(), now));
        wheel.turn(now);
        Writer {
            state: self,
            books,
            now,
            settings,
        }
    }
}

/// Whoever changes the tables; there is one at a time.
struct Writer<'s> {
    state: &'s State,
    books: MutexGuard<'s, Option<Wheel>>,
    now: Timestamp,
    settings: &'s Settings,
}

impl Writer<'_> {
    fn take_in(
        &mut self,
        revoked: &[Revoked],
        is_distinct: &impl Fn(Name) -> bool,
        told: &mut impl FnMut(Name),
    ) {
        let Some(shard) = revoked.first().map(|first| first.name.shard()) else {
            return;
        };
        let (mut entries, mut hints) = (Vec::new(), Vec::new());
        let mut added = [0; Kind::COUNT];
        let mut room = self.settings.limit.saturating_sub(self.entry_count());
        let most = self.settings.limit.saturating_mul(2);
        let mut reserve = most.saturating_sub(self.entry_count());
        for of_name in revoked.chunk_by(|one, other| one.name == other.name) {
            // The last one is the latest.
            let Some(revoked) = of_name.last().filter(|it| self.ends(it) > self.now) else {
                continue;
            };
            let known = self.state.entries.find(shard, &revoked.name);
            if known.is_some_and(|known| known.time >= revoked.time) {
                continue;
            }
            let hint = self.hint(revoked);
            if known.is_none() {
                let has_room = room > 0 || reserve > 0 && is_distinct(revoked.name);
                if let Some(hint) = hint.filter(|_| !has_room) {
                    hints.push(hint);
                    continue;
                }
                room = room.saturating_sub(1);
                reserve = reserve.saturating_sub(1);
                added[revoked.name.kind() as usize] += 1;
                told(revoked.name);
            }
            entries.push(*revoked);
        }
        self.add_hints(shard, hints);
        if entries.is_empty() {
            return;
        }
        for entry in &entries {
            self.note(shard, self.ends(entry));
        }
        self.state.entries.rebuild(shard, &entries, |_| true);
        for (count, added) in self.state.counts.iter().zip(added) {
            count.fetch_add(added, Release);
        }
    }

    /// Of two hints that are the same the later one stays.
    fn add_hints(&mut self, shard: usize, mut hints: Vec<(Hint, Timestamp)>) {
        hints.sort_unstable_by_key(|(hint, end)| (hint.key(), *end));
        let mut news = Vec::with_capacity(hints.len());
        let mut added = 0;
        for same in hints.chunk_by(|(one, _), (other, _)| one.key() == other.key()) {
            let Some((hint, end)) = same.last() else {
                continue;
            };
            let known = self.state.hints.find(shard, &hint.key());
            if known.is_some_and(|known| self.slots_left(known) >= self.slots_left(*hint)) {
                continue;
            }
            added += usize::from(known.is_none());
            self.note(shard, *end);
            news.push(*hint);
        }
        if !news.is_empty() {
            self.state.hints.rebuild(shard, &news, |_| true);
            self.state.hint_count.fetch_add(added, Release);
        }
    }

    /// Writes at most `limit` shards anew without what is over. False if that was all.
    fn sweep(&mut self, limit: usize) -> bool {
        for _ in 0..limit {
            let due = self.books.as_mut().and_then(Wheel::next_due);
            let Some(shard) = due else {
                return false;
            };
            self.sweep_shard(shard);
        }
        true
    }

    fn sweep_shard(&mut self, shard: usize) {
        let state = self.state;
        let (mut slots, mut over) = (Vec::new(), [0; Kind::COUNT]);
        state.entries.rebuild(shard, &[], |entry| {
            let end = self.ends(entry);
            let stays = end > self.now;
            match stays {
                true => slots.push(self.slot(end)),
                false => over[entry.name.kind() as usize] += 1,
            }
            stays
        });
        let mut hints_over = 0;
        state.hints.rebuild(shard, &[], |hint| {
            let left = self.slots_left(*hint);
            match left >= 0 {
                true => slots.push(self.now_slot() + left),
                false => hints_over += 1,
            }
            left >= 0
        });
        for (count, over) in state.counts.iter().zip(over) {
            count.fetch_sub(over, Release);
        }
        state.hint_count.fetch_sub(hints_over, Release);
        for slot in slots {
            self.note_slot(shard, slot);
        }
    }

    /// When a revocation no longer matters.
    fn ends(&self, revoked: &Revoked) -> Timestamp {
        match revoked.name.kind() {
            Kind::Subject => self.settings.forgotten(revoked.time, self.settings.skew),
            _ => revoked.time,
        }
    }

    /// `None` for what ends too late for a hint.
    fn hint(&self, revoked: &Revoked) -> Option<(Hint, Timestamp)> {
        let end = self.ends(revoked);
        let slot = self.slot(end);
        let left = slot.saturating_sub(self.now_slot());
        let hint = Hint(revoked.name.hint() << 8 | (slot & 0xff) as u32);
        (left <= HINT_SLOTS).then_some((hint, end))
    }

    /// In how many slots a hint is over.
    fn slots_left(&self, hint: Hint) -> i64 {
        let slot = (hint.0 & 0xff) as u8;
        let now = (self.now_slot() & 0xff) as u8;
        i64::from(slot.wrapping_sub(now).cast_signed())
    }

    fn entry_count(&self) -> usize {
        let counts = self.state.counts.iter();
        counts.map(|count| count.load(Relaxed)).sum()
    }

    fn now_slot(&self) -> i64 {
        self.books.as_ref().map_or(0, Wheel::now)
    }

    fn slot(&self, time: Timestamp) -> i64 {
        self.books.as_ref().map_or(0, |wheel| wheel.slot(time))
    }

    fn note(&mut self, shard: usize, end: Timestamp) {
        let slot = self.slot(end);
        self.note_slot(shard, slot);
    }

    fn note_slot(&mut self, shard: usize, slot: i64) {
        if let Some(wheel) = self.books.as_mut() {
            wheel.note(shard, slot);
        }
    }
}
