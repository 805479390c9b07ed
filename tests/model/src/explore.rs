//! Exploring, and what was found.

use std::{collections::BTreeMap, sync::Arc};

use stateright::{Checker, Model};

use crate::{
    promise::Promise,
    setting::{Bounds, Cast, Fault, Setting},
    world::{Judge, World},
};

/// What was found about a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing happens that could break it.
    NotTested,
    /// It holds, whatever happens.
    Holds,
    /// There is a way to break it.
    Broken,
}

/// What came of exploring one fault under one setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// What was found about each promise that concerns the setting.
    pub verdicts: BTreeMap<Promise, Verdict>,
    /// How many states there are.
    pub states: usize,
}

/// Explores everything that can happen with this fault, whoever takes part.
pub fn explore(judge: &Arc<Judge>, setting: Setting, fault: Fault, bounds: Bounds) -> Found {
    let mut found = Found::default();
    for cast in Cast::ALL {
        let world = world(judge, setting, fault, cast, bounds, None);
        // Depth first: the way is not asked for, and this takes less memory.
        let checker = world.checker().spawn_dfs().join();
        let broken = checker.discoveries();
        found.states += checker.unique_state_count();
        for promise in Promise::ALL {
            if promise.concerns(setting, cast) {
                let verdict = if broken.contains_key(promise.name()) {
                    Verdict::Broken
                } else if checker.model().has_tested(promise) {
                    Verdict::Holds
                } else {
                    Verdict::NotTested
                };
                let worst = found.verdicts.entry(promise).or_insert(verdict);
                *worst = verdict.max(*worst);
            }
        }
    }
    found
}

/// The shortest way in which `promise` is broken, if there is one.
pub fn counterexample(
    judge: &Arc<Judge>,
    setting: Setting,
    fault: Fault,
    bounds: Bounds,
    promise: Promise,
) -> Option<Vec<String>> {
    let casts = Cast::ALL.into_iter();
    let mut casts = casts.filter(|cast| promise.concerns(setting, *cast));
    casts.find_map(|cast| {
        let world = world(judge, setting, fault, cast, bounds, Some(promise));
        let checker = world.checker().spawn_bfs().join();
        let path = checker.discovery(promise.name())?;
        let actions = path.into_actions().into_iter();
        Some(actions.map(|action| format!("{action:?}")).collect())
    })
}

fn world(
    judge: &Arc<Judge>,
    setting: Setting,
    fault: Fault,
    cast: Cast,
    bounds: Bounds,
    promise: Option<Promise>,
) -> World {
    World {
        judge: Arc::clone(judge),
        setting,
        fault,
        cast,
        bounds: bounds.of(fault),
        promise,
        tested: Default::default(),
    }
}
