//! The scripts that bring subjects over from an older layout, and whose turn it is.

use std::hash::{DefaultHasher, Hash, Hasher};

use portcullis::subject::Subject;
use tokio::sync::{Mutex, MutexGuard};

use crate::script::Step;

/// The steps of moving.
pub(crate) struct Moving {
    pub(crate) give: Step,
    pub(crate) take: Step,
    pub(crate) drop: Step,
    pub(crate) cut_off: Step,
    /// Held by whoever moves a subject here, by its name.
    turns: [Mutex<()>; 16],
}

impl Moving {
    pub(crate) fn new() -> Self {
        Self {
            give: Step::new(include_str!("lua/give.lua")),
            take: Step::new(concat!(
                include_str!("lua/clock.lua"),
                include_str!("lua/shard.lua"),
                include_str!("lua/subject.lua"),
                include_str!("lua/take.lua")
            )),
            drop: Step::new(include_str!("lua/drop.lua")),
            cut_off: Step::new(include_str!("lua/cut_off.lua")),
            turns: Default::default(),
        }
    }

    /// The turn of one that moves this subject: of many that come at once on this node, the
    /// others wait and find it done.
    pub(crate) async fn turn(&self, subject: &Subject) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        subject.hash(&mut hasher);
        let turn = usize::try_from(hasher.finish() % 16).unwrap_or(0);
        self.turns[turn].lock().await
    }
}
