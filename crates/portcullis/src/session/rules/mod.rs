//! The rotation rules, as a function that needs no store.
//!
//! [`decide`] says what an attempt does to a row:
//!
//! | presented generation | outcome |
//! |---|---|
//! | the current one, made within the grace window, and not the first | [`Rested`]: the same token again |
//! | the current one otherwise | [`Rotated`]: the next one |
//! | the one before, within the window | [`Replayed`]: the current one again |
//! | an older one, or the one before later than that | [`Reused`]: the session is revoked, unless the current one was made after the attempt set out: [`Overdue`] |
//! | a newer one: the store lost writes | [`RolledBack`]: the next one |
//!
//! A token rests for as long as its predecessor is forgiven, so that at most one
//! generation lies in the window: whatever a client sends at once, and in
//! whatever order it arrives, none of it is two generations old. What an attempt
//! finds to be younger than the window is what was so when it
//! [set out](RotationAttempt::set_out): one that is held up between node and
//! store revokes nothing that was forgiven, and exchanges no token that rested
//! and was given to others meanwhile. If the current token is younger than the
//! attempt, the row does not tell what was forgiven then, and nothing is decided.
//!
//! It is idempotent: the same attempt on the row that it left gives the same
//! outcome and changes nothing more. So a store may write by any means that
//! follow the rules, and read the outcome off the row afterwards; and an attempt
//! whose answer was lost can be made again within the window, whoever came in
//! between. An attempt that arrives after its deadline changes nothing:
//! [`Overdue`].
//!
//! [`Rested`]: RotationOutcome::Rested
//! [`Rotated`]: RotationOutcome::Rotated
//! [`Replayed`]: RotationOutcome::Replayed
//! [`Reused`]: RotationOutcome::Reused
//! [`RolledBack`]: RotationOutcome::RolledBack
//! [`Overdue`]: RotationOutcome::Overdue

use std::time::Duration;

pub use super::attempt::MAX_GENERATION;
use super::{
    RefusalReason, ReplayPolicy, RevocationReason, Revoked, RotationAttempt, RotationMode,
    RotationOutcome, SessionRecord, Successor,
};
use crate::time::Timestamp;

/// What `attempt` does to `row` at `now`, by the clock of the store: the
/// outcome, and the row as it must be afterwards if it changes.
///
/// The first check that fails decides: secret, revocation, deadlines, client,
/// scope, generation. Only the generation can revoke; and nothing changes from
/// the attempt's deadline on.
pub fn decide(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> (RotationOutcome, Option<SessionRecord>) {
    match judge(row, attempt, now) {
        Verdict::Stays(outcome) => (outcome, None),
        Verdict::Changes(change) => {
            let mut next = row.clone();
            let outcome = change.make(&mut next, attempt, now);
            (outcome, Some(next))
        }
    }
}

/// As [`decide`], for a row that can be changed where it is.
pub(super) fn apply(
    row: &mut SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> RotationOutcome {
    match judge(row, attempt, now) {
        Verdict::Stays(outcome) => outcome,
        Verdict::Changes(change) => change.make(row, attempt, now),
    }
}

enum Verdict {
    Stays(RotationOutcome),
    Changes(Change),
}

/// What can happen to a row.
enum Change {
    /// The presented token is exchanged for the next one.
    Advance,
    /// The token before the current one is forgiven after the grace window.
    ForgiveLate,
    /// The session is revoked.
    Revoke,
}

fn judge(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Verdict {
    match judge_in_time(row, attempt, now) {
        Verdict::Changes(_) if now >= attempt.deadline => Verdict::Stays(overdue(attempt, now)),
        verdict => verdict,
    }
}

/// What becomes of an attempt that was not held up.
fn judge_in_time(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Verdict {
    if row.id != attempt.session || row.subject != attempt.subject {
        return refused(RefusalReason::Unknown);
    }
    if row.secret_digest != attempt.secret_digest {
        return refused(RefusalReason::SecretMismatch);
    }
    match row.revoked {
        Some(revoked) if revoked.by == Some(attempt.id) => {
            return Verdict::Stays(reused(row, attempt, now));
        }
        Some(_) => return refused(RefusalReason::Revoked),
        None => {}
    }
    if answered_before(row, attempt) {
        return Verdict::Stays(advanced(row, attempt));
    }
    if let Some(reason) = refusal(row, attempt, now) {
        return refused(reason);
    }
    match attempt.mode {
        RotationMode::Keep if row.generation == attempt.generation => {
            Verdict::Stays(RotationOutcome::Valid {
                idle_deadline: row.idle_deadline,
                absolute_deadline: row.absolute_deadline,
            })
        }
        // A kept token is presented again and again by design, so an old
        // generation is no sign of theft.
        RotationMode::Keep => refused(RefusalReason::Generation),
        RotationMode::Rotate if attempt.generation >= MAX_GENERATION => {
            refused(RefusalReason::Generation)
        }
        RotationMode::Rotate if rests(row, attempt, now) => {
            Verdict::Stays(rested(row, attempt, now))
        }
        RotationMode::Rotate if attempt.generation >= row.generation => {
            Verdict::Changes(Change::Advance)
        }
        RotationMode::Rotate => second_use(row, attempt, now),
    }
}

/// The checks that change nothing, after those on secret and revocation.
fn refusal(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Option<RefusalReason> {
    if now >= row.absolute_deadline {
        return Some(RefusalReason::AbsoluteDeadline);
    }
    if now >= row.idle_deadline {
        return Some(RefusalReason::IdleDeadline);
    }
    if attempt.client != row.client {
        return Some(RefusalReason::Client);
    }
    (!attempt.scope_allowed).then_some(RefusalReason::Scope)
}

/// Whether the row's current generation is this attempt's own work.
fn answered_before(row: &SessionRecord, attempt: &RotationAttempt) -> bool {
    row.rotated_by == Some(attempt.id) && attempt.generation.checked_add(1) == Some(row.generation)
}

/// Whether the presented token is the current one, and its predecessor still
/// forgiven. The first token has none.
fn rests(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> bool {
    attempt.generation == row.generation && row.generation > 0 && is_young(row, attempt, now)
}

/// Whether the current token was made within the grace window, by when the
/// attempt set out unless it comes too late.
fn is_young(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> bool {
    let asked_at = match now < attempt.deadline {
        true => now.min(attempt.set_out()),
        false => now,
    };
    elapsed(row, asked_at) < attempt.rules.window()
}

impl Change {
    /// Changes the row, and says how the attempt ended.
    fn make(
        self,
        row: &mut SessionRecord,
        attempt: &RotationAttempt,
        now: Timestamp,
    ) -> RotationOutcome {
        match self {
            Self::Advance => {
                advance(row, attempt, now);
                advanced(row, attempt)
            }
            Self::ForgiveLate => {
                row.late_retry_by = Some(attempt.id);
                replayed(row, attempt, now, true)
            }
            Self::Revoke => {
                row.revoked = Some(Revoked {
                    at: now,
                    reason: RevocationReason::Reuse,
                    by: Some(attempt.id),
                });
                reused(row, attempt, now)
            }
        }
    }
}

/// Exchanges the presented token for the next one.
fn advance(row: &mut SessionRecord, attempt: &RotationAttempt, now: Timestamp) {
    row.rotated_from = row.generation;
    row.generation = attempt.generation + 1;
    row.rotated_at = now.max(row.rotated_at);
    row.idle_deadline = row
        .rotated_at
        .saturating_add(attempt.idle_ttl)
        .min(row.absolute_deadline);
    row.refresh_key = attempt.refresh_key.clone();
    row.device.clone_from(&attempt.device);
    row.rotated_by = Some(attempt.id);
    row.late_retry_by = None;
}

/// The outcome for the attempt that made the row's current generation.
fn advanced(row: &SessionRecord, attempt: &RotationAttempt) -> RotationOutcome {
    if attempt.generation > row.rotated_from {
        RotationOutcome::RolledBack(Successor::of(row))
    } else {
        RotationOutcome::Rotated(Successor::of(row))
    }
}

/// A token that has been exchanged before: forgiven or theft.
fn second_use(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Verdict {
    let predecessor = attempt.generation + 1 == row.generation;
    let in_window = predecessor && is_young(row, attempt, now);
    let retried = row.late_retry_by == Some(attempt.id);
    let late = predecessor
        && !in_window
        && attempt.rules.until_used
        && (retried || row.late_retry_by.is_none());
    if !in_window && !late {
        return match is_overtaken(row, attempt) {
            true => Verdict::Stays(overdue(attempt, now)),
            false => Verdict::Changes(Change::Revoke),
        };
    }
    if attempt.device.differs_from(&row.device) && attempt.rules.replay == ReplayPolicy::SameDevice
    {
        return refused(RefusalReason::OtherDevice);
    }
    if late && !retried {
        return Verdict::Changes(Change::ForgiveLate);
    }
    Verdict::Stays(replayed(row, attempt, now, late))
}

/// Whether the current token was made since the attempt set out. How old its own token was
/// then, the row does not say any more: forgiven, perhaps. Whoever asks again sets out
/// anew, and a thief gets nothing.
fn is_overtaken(row: &SessionRecord, attempt: &RotationAttempt) -> bool {
    attempt.rules.window() > Duration::ZERO && row.rotated_at > attempt.set_out()
}

fn rested(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> RotationOutcome {
    RotationOutcome::Rested {
        current: Successor::of(row),
        elapsed: elapsed(row, now),
        device_changed: attempt.device.differs_from(&row.device),
    }
}

fn replayed(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
    late: bool,
) -> RotationOutcome {
    RotationOutcome::Replayed {
        successor: Successor::of(row),
        elapsed: elapsed(row, now),
        late,
        device_changed: attempt.device.differs_from(&row.device),
    }
}

fn reused(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> RotationOutcome {
    RotationOutcome::Reused {
        elapsed: elapsed(row, now),
        device_changed: attempt.device.differs_from(&row.device),
    }
}

fn overdue(attempt: &RotationAttempt, now: Timestamp) -> RotationOutcome {
    RotationOutcome::Overdue {
        by: now.saturating_duration_since(attempt.deadline),
    }
}

fn refused(reason: RefusalReason) -> Verdict {
    Verdict::Stays(RotationOutcome::Refused(reason))
}

fn elapsed(row: &SessionRecord, now: Timestamp) -> Duration {
    now.saturating_duration_since(row.rotated_at)
}

#[cfg(test)]
mod tests;
