//! When which shard has something that is over.
//!
//! Time is cut into slots, a hundredth of what is kept, and each slot knows the shards
//! in which something ends. So what is over is found without looking through everything,
//! and is gone a slot later.

use std::time::Duration;

use super::shards::SHARDS;
use crate::time::Timestamp;

/// How many slots there are. What ends later is looked at again when the last one comes.
const SLOTS: i64 = 128;

/// How many slots what is kept takes.
const PER_KEEP: u32 = 100;

/// The shards in which something ends, by slot.
pub(super) struct Wheel {
    /// Milliseconds of a slot.
    width: i64,
    /// The slot of now, or of the latest time that was seen.
    now: i64,
    slots: [ShardSet; SLOTS as usize],
    due: ShardSet,
}

impl Wheel {
    /// A wheel for what is kept this long.
    pub(super) fn new(keep: Duration, now: Timestamp) -> Self {
        let width = i64::try_from((keep / PER_KEEP).as_millis()).unwrap_or(i64::MAX);
        let width = width.max(1);
        Self {
            width,
            now: now.as_millis().div_euclid(width),
            slots: [ShardSet::default(); SLOTS as usize],
            due: ShardSet::default(),
        }
    }

    /// The slot in which `time` is.
    pub(super) fn slot(&self, time: Timestamp) -> i64 {
        time.as_millis().div_euclid(self.width)
    }

    /// The slot of now. It never goes back, whatever the clock does.
    pub(super) fn now(&self) -> i64 {
        self.now
    }

    /// Says that something of a shard ends in `slot`.
    pub(super) fn note(&mut self, shard: usize, slot: i64) {
        let slot = slot.clamp(self.now, self.now.saturating_add(SLOTS - 1));
        self.slots[slot.rem_euclid(SLOTS) as usize].insert(shard);
    }

    /// Goes on to `now`: the shards of all slots that are over are due.
    pub(super) fn turn(&mut self, now: Timestamp) {
        let now = self.slot(now);
        let passed = now.saturating_sub(self.now).min(SLOTS);
        for slot in (0..passed).map(|passed| self.now.saturating_add(passed)) {
            let slot = &mut self.slots[slot.rem_euclid(SLOTS) as usize];
            self.due.join(std::mem::take(slot));
        }
        self.now = self.now.max(now);
    }

    /// A shard that is due, until there is none.
    pub(super) fn next_due(&mut self) -> Option<usize> {
        self.due.pop()
    }
}

#[derive(Clone, Copy, Default)]
struct ShardSet([u64; SHARDS / 64]);

impl ShardSet {
    fn insert(&mut self, shard: usize) {
        self.0[shard / 64] |= 1 << (shard % 64);
    }

    fn join(&mut self, other: Self) {
        for (word, other) in self.0.iter_mut().zip(other.0) {
            *word |= other;
        }
    }

    fn pop(&mut self) -> Option<usize> {
        let index = self.0.iter().position(|word| *word != 0)?;
        let bit = self.0[index].trailing_zeros() as usize;
        self.0[index] &= self.0[index] - 1;
        Some(index * 64 + bit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn due(wheel: &mut Wheel, now: i64) -> Vec<usize> {
        wheel.turn(at(now));
        std::iter::from_fn(|| wheel.next_due()).collect()
    }

    #[test]
    fn shards_are_due_when_their_slot_is_over() {
        let mut wheel = Wheel::new(Duration::from_secs(1), at(1_000_003));
        for (shard, end) in [(0, 1_000_010), (255, 1_000_019), (64, 1_000_020)] {
            let slot = wheel.slot(at(end));
            wheel.note(shard, slot);
        }
        assert!(due(&mut wheel, 1_000_019).is_empty());
        assert_eq!(due(&mut wheel, 1_000_020), [0, 255]);
        // A clock that was set back, and one that leaps.
        assert!(due(&mut wheel, 5).is_empty());
        let slot = wheel.slot(at(6));
        wheel.note(1, slot);
        assert_eq!(due(&mut wheel, i64::MAX), [1, 64]);
    }

    #[test]
    fn what_ends_later_than_the_last_slot_is_looked_at_then() {
        let mut wheel = Wheel::new(Duration::from_secs(1), at(0));
        wheel.note(3, i64::MAX);
        assert!(due(&mut wheel, 1_279).is_empty());
        assert_eq!(due(&mut wheel, 1_280), [3]);
    }
}
