//! Every cell of the table of promises by faults: what holds is tried in every way there
//! is within bounds, and what does not has a counterexample.

#![allow(clippy::unwrap_used)]

#[path = "table/mutants.rs"]
mod mutants;
#[path = "table/page.rs"]
mod page;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock},
};

use model::{
    expected::{expected, reason, verdict},
    explore::{Found, Verdict, explore},
    setting::{Bounds, Fault, Setting},
    world::Judge,
};
use portcullis::session::rules::decide;

/// What was found under one setting.
struct Explored {
    judge: Arc<Judge>,
    faults: BTreeMap<Fault, Found>,
}

/// Explores a setting, once for all tests.
fn explored(setting: Setting) -> &'static Explored {
    static ALL: [OnceLock<Explored>; 4] = [const { OnceLock::new() }; 4];
    ALL[setting as usize].get_or_init(|| {
        let judge = Arc::new(Judge::new(setting.rules(), decide));
        let found = |fault| (fault, explore(&judge, setting, fault, Bounds::TEST));
        let faults = Fault::ALL.into_iter().map(found).collect();
        Explored { judge, faults }
    })
}

fn cells_are_as_expected(setting: Setting) {
    let explored = explored(setting);
    let mut wrong = Vec::new();
    for (promise, cells) in expected(setting) {
        for (fault, letter) in cells {
            let found = explored.faults[&fault].verdicts[&promise];
            if found != verdict(letter) {
                let (promise, fault) = (promise.name(), fault.title());
                wrong.push(format!("{promise}, {fault}: {found:?}, not {letter}"));
            }
            let has_reason = reason(letter).is_some();
            assert_eq!(has_reason, verdict(letter) == Verdict::Broken);
        }
    }
    assert!(wrong.is_empty(), "{setting:?}\n{}", wrong.join("\n"));
}

#[test]
fn with_a_grace_window() {
    cells_are_as_expected(Setting::Grace);
}

#[test]
fn without_a_grace_window() {
    cells_are_as_expected(Setting::NoGrace);
}

#[test]
fn with_late_retries() {
    cells_are_as_expected(Setting::UntilUsed);
}

#[test]
fn with_a_window_for_the_same_device() {
    cells_are_as_expected(Setting::SameDevice);
}

/// Nothing holds for want of trying: every way in which an attempt can end, with and
/// without a change of the row, is among what was explored.
#[test]
fn every_outcome_is_explored() {
    let mut seen = BTreeSet::new();
    for setting in Setting::ALL {
        seen.extend(explored(setting).judge.seen());
    }
    let expected = [
        "Overdue, unchanged",
        // A credential that is no longer current.
        "Refused(Generation), unchanged",
        "Refused(OtherDevice), unchanged",
        "Refused(Revoked), unchanged",
        "Refused(SecretMismatch), unchanged",
        "Replayed, unchanged",
        "ReplayedLate, changed",
        "ReplayedLate, unchanged",
        "Rested, unchanged",
        "Reused, changed",
        "Reused, unchanged",
        "RolledBack, changed",
        "RolledBack, unchanged",
        "Rotated, changed",
        "Rotated, unchanged",
        "Valid, unchanged",
    ];
    assert_eq!(seen, expected.map(str::to_owned).into());
}
