//! The rotation rules, as a function that needs no store.
//!
//! [`decide`] says what an attempt does to a row. It is idempotent: the same
//! attempt on the row that it left gives the same outcome and changes nothing
//! more. So a store may write by any means that follow the rules, and read the
//! outcome off the row afterwards; and an attempt whose answer was lost can be
//! made again.

use std::time::Duration;

use super::{
    RefusalReason, ReplayPolicy, RevocationReason, Revoked, RotationAttempt, RotationMode,
    RotationOutcome, SessionRecord, Successor,
};
use crate::time::Timestamp;

/// The highest generation there is: what JSON numbers keep exactly
/// (RFC 8259 section 6). A refresh every second reaches it in 285 million years.
pub const MAX_GENERATION: u64 = (1 << 53) - 1;

/// What `attempt` does to `row` at `now`, by the clock of the store: the
/// outcome, and the row as it must be afterwards if it changes.
///
/// The first check that fails decides: secret, revocation, deadlines, client,
/// scope, generation. Only the generation can revoke.
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
        RotationOutcome::RolledBack(successor(row))
    } else {
        RotationOutcome::Rotated(successor(row))
    }
}

/// A token that has been exchanged before: forgiven or theft.
fn second_use(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> Verdict {
    let predecessor = attempt.generation + 1 == row.generation;
    let in_window = predecessor && elapsed(row, now) < attempt.rules.window();
    let retried = row.late_retry_by == Some(attempt.id);
    let late = predecessor
        && !in_window
        && attempt.rules.until_used
        && (retried || row.late_retry_by.is_none());
    if !in_window && !late {
        return Verdict::Changes(Change::Revoke);
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

fn replayed(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
    late: bool,
) -> RotationOutcome {
    RotationOutcome::Replayed {
        successor: successor(row),
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

fn refused(reason: RefusalReason) -> Verdict {
    Verdict::Stays(RotationOutcome::Refused(reason))
}

fn elapsed(row: &SessionRecord, now: Timestamp) -> Duration {
    now.saturating_duration_since(row.rotated_at)
}

fn successor(row: &SessionRecord) -> Successor {
    Successor {
        generation: row.generation,
        rotated_at: row.rotated_at,
        idle_deadline: row.idle_deadline,
        absolute_deadline: row.absolute_deadline,
        refresh_key: row.refresh_key.clone(),
    }
}

#[cfg(test)]
mod tests;
