//! Rules that are wrong in one way, to show that the model notices.

use std::time::Duration;

use portcullis::{
    session::{
        RefusalReason, RevocationReason, Revoked, RotationAttempt, RotationOutcome, SessionRecord,
        Successor, rules::decide,
    },
    time::Timestamp,
};

use crate::{
    promise::Promise,
    setting::{Fault, Setting},
    world::Decide,
};

/// Rules that are wrong in one way, and the cell of the table that says so.
pub struct Mutant {
    /// What is wrong.
    pub wrong: &'static str,
    /// The rules.
    pub decide: Decide,
    /// Where it is seen.
    pub setting: Setting,
    /// What happens then.
    pub fault: Fault,
    /// The promise that is kept or broken then, and should not be.
    pub promise: Promise,
}

type Decided = (RotationOutcome, Option<SessionRecord>);

/// All of them.
pub const MUTANTS: [Mutant; 14] = [
    Mutant {
        wrong: "a young token does not rest",
        decide: without_rest,
        setting: Setting::Grace,
        fault: Fault::Delayed,
        promise: Promise::SameAnswer,
    },
    Mutant {
        wrong: "every retry extends the window",
        decide: with_an_extending_window,
        setting: Setting::Grace,
        fault: Fault::None,
        promise: Promise::ElseUnchanged,
    },
    Mutant {
        wrong: "the predecessor is never forgiven",
        decide: without_forgiving,
        setting: Setting::Grace,
        fault: Fault::Lost,
        promise: Promise::ClientStays,
    },
    Mutant {
        wrong: "the predecessor is forgiven for ever",
        decide: with_an_endless_window,
        setting: Setting::Grace,
        fault: Fault::None,
        promise: Promise::TheftIsFound,
    },
    Mutant {
        wrong: "reuse is refused, and the session goes on",
        decide: without_revoking,
        setting: Setting::NoGrace,
        fault: Fault::None,
        promise: Promise::TheftIsFound,
    },
    Mutant {
        wrong: "a session that has ended goes on",
        decide: blind_to_revocation,
        setting: Setting::Grace,
        fault: Fault::None,
        promise: Promise::EndedStaysEnded,
    },
    Mutant {
        wrong: "an attempt that comes after its deadline counts",
        decide: blind_to_deadlines,
        setting: Setting::Grace,
        fault: Fault::Delayed,
        promise: Promise::ElseUnchanged,
    },
    Mutant {
        wrong: "an attempt that was overtaken is reuse",
        decide: blind_to_overtaking,
        setting: Setting::Grace,
        fault: Fault::Delayed,
        promise: Promise::ClientStays,
    },
    Mutant {
        wrong: "an attempt does not know its own work",
        decide: blind_to_own_work,
        setting: Setting::NoGrace,
        fault: Fault::Lost,
        promise: Promise::SameAnswer,
    },
    Mutant {
        wrong: "a successor that is given again is made anew",
        decide: with_a_fork,
        setting: Setting::Grace,
        fault: Fault::Lost,
        promise: Promise::OneSuccessor,
    },
    Mutant {
        wrong: "the rotation time goes back with the clock",
        decide: with_time_that_goes_back,
        setting: Setting::NoGrace,
        fault: Fault::Back,
        promise: Promise::NeverBack,
    },
    Mutant {
        wrong: "a token newer than the store is reuse",
        decide: blind_to_lost_writes,
        setting: Setting::Grace,
        fault: Fault::LostWrites,
        promise: Promise::ClientStays,
    },
    Mutant {
        wrong: "late retries are forgiven as often as they come",
        decide: forgiving_late_for_ever,
        setting: Setting::UntilUsed,
        fault: Fault::Silence,
        promise: Promise::LateOnce,
    },
    Mutant {
        wrong: "a token outlives its session",
        decide: with_tokens_that_outlive,
        setting: Setting::Grace,
        fault: Fault::None,
        promise: Promise::WithinSession,
    },
];

/// Asks the rules about a changed attempt.
fn changed(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
    change: impl FnOnce(&mut RotationAttempt),
) -> Decided {
    let mut attempt = attempt.clone();
    change(&mut attempt);
    decide(row, &attempt, now)
}

fn without_rest(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    match decide(row, attempt, now) {
        (RotationOutcome::Rested { .. }, None) if now < attempt.deadline => {
            changed(row, attempt, now, |attempt| {
                attempt.rules.grace = Duration::ZERO
            })
        }
        decided => decided,
    }
}

fn with_an_extending_window(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Decided {
    match decide(row, attempt, now) {
        (outcome @ RotationOutcome::Rested { .. }, None) => {
            let mut next = row.clone();
            next.rotated_at = now.max(row.rotated_at);
            let changed = (next != *row).then_some(next);
            (outcome, changed)
        }
        decided => decided,
    }
}

fn without_forgiving(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    match decide(row, attempt, now) {
        (RotationOutcome::Replayed { .. }, None) if row.rotated_by != Some(attempt.id) => {
            changed(row, attempt, now, |attempt| {
                attempt.rules.grace = Duration::ZERO
            })
        }
        decided => decided,
    }
}

fn with_an_endless_window(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Decided {
    let is_predecessor = attempt.generation + 1 == row.generation;
    match decide(row, attempt, now) {
        (RotationOutcome::Reused { .. }, Some(_)) if is_predecessor => {
            changed(row, attempt, now, |attempt| {
                attempt.rules.grace = Duration::from_secs(1 << 20);
            })
        }
        decided => decided,
    }
}

fn without_revoking(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    match decide(row, attempt, now) {
        (RotationOutcome::Reused { .. }, _) => {
            (RotationOutcome::Refused(RefusalReason::Generation), None)
        }
        decided => decided,
    }
}

fn blind_to_revocation(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    let mut row = row.clone();
    row.revoked = None;
    decide(&row, attempt, now)
}

fn blind_to_deadlines(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    changed(row, attempt, now, |attempt| {
        attempt.deadline = now.saturating_add(attempt.rules.attempt_limit());
    })
}

fn blind_to_overtaking(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    match decide(row, attempt, now) {
        (RotationOutcome::Overdue { .. }, None) if now < attempt.deadline => {
            revoked(row, attempt, now)
        }
        decided => decided,
    }
}

fn blind_to_own_work(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    let mut blind = row.clone();
    blind.rotated_by = None;
    let (outcome, next) = decide(&blind, attempt, now);
    let next = next.map(|next| SessionRecord {
        rotated_by: next.rotated_by.or(row.rotated_by),
        ..next
    });
    (outcome, next)
}

fn with_a_fork(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    let mut decided = decide(row, attempt, now);
    if let RotationOutcome::Replayed { successor, .. } = &mut decided.0 {
        successor.rotated_at = now;
    }
    decided
}

fn with_time_that_goes_back(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Decided {
    match decide(row, attempt, now) {
        (RotationOutcome::Rotated(_), Some(mut next)) => {
            next.rotated_at = now;
            (RotationOutcome::Rotated(Successor::of(&next)), Some(next))
        }
        decided => decided,
    }
}

fn blind_to_lost_writes(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    match decide(row, attempt, now) {
        (RotationOutcome::RolledBack(_), Some(_)) => revoked(row, attempt, now),
        decided => decided,
    }
}

/// What reuse does.
fn revoked(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Decided {
    let mut next = row.clone();
    next.revoked = Some(Revoked {
        at: now,
        reason: RevocationReason::Reuse,
        by: Some(attempt.id),
    });
    let outcome = RotationOutcome::Reused {
        elapsed: now.saturating_duration_since(row.rotated_at),
        device_changed: false,
    };
    (outcome, Some(next))
}

fn forgiving_late_for_ever(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Decided {
    let mut blind = row.clone();
    blind.late_retry_by = None;
    match decide(&blind, attempt, now) {
        (outcome @ RotationOutcome::Replayed { .. }, changed) => (outcome, changed),
        _ => decide(row, attempt, now),
    }
}

fn with_tokens_that_outlive(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Decided {
    match decide(row, attempt, now) {
        (RotationOutcome::Rotated(_), Some(mut next)) => {
            next.idle_deadline = next.rotated_at.saturating_add(attempt.idle_ttl);
            (RotationOutcome::Rotated(Successor::of(&next)), Some(next))
        }
        decided => decided,
    }
}
