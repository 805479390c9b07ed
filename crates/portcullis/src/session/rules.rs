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
    if row.id != attempt.session || row.subject != attempt.subject {
        return refused(RefusalReason::Unknown);
    }
    if row.secret_digest != attempt.secret_digest {
        return refused(RefusalReason::SecretMismatch);
    }
    if let Some(revoked) = row.revoked {
        let outcome = if revoked.by == Some(attempt.id) {
            reused(row, attempt, now)
        } else {
            RotationOutcome::Refused(RefusalReason::Revoked)
        };
        return (outcome, None);
    }
    if answered_before(row, attempt) {
        return (advanced(row, attempt), None);
    }
    if let Some(reason) = refusal(row, attempt, now) {
        return refused(reason);
    }
    match attempt.mode {
        RotationMode::Keep if row.generation == attempt.generation => {
            let outcome = RotationOutcome::Valid {
                idle_deadline: row.idle_deadline,
                absolute_deadline: row.absolute_deadline,
            };
            (outcome, None)
        }
        // A kept token is presented again and again by design, so an old
        // generation is no sign of theft.
        RotationMode::Keep => refused(RefusalReason::Generation),
        RotationMode::Rotate if attempt.generation >= MAX_GENERATION => {
            refused(RefusalReason::Generation)
        }
        RotationMode::Rotate if attempt.generation >= row.generation => advance(row, attempt, now),
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

/// Exchanges the presented token for the next one.
fn advance(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> (RotationOutcome, Option<SessionRecord>) {
    let rotated_at = now.max(row.rotated_at);
    let next = SessionRecord {
        generation: attempt.generation + 1,
        rotated_at,
        idle_deadline: rotated_at
            .saturating_add(attempt.idle_ttl)
            .min(row.absolute_deadline),
        refresh_key: attempt.refresh_key.clone(),
        device: attempt.device.clone(),
        rotated_by: Some(attempt.id),
        rotated_from: row.generation,
        late_retry_by: None,
        ..row.clone()
    };
    (advanced(&next, attempt), Some(next))
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
fn second_use(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> (RotationOutcome, Option<SessionRecord>) {
    let elapsed = elapsed(row, now);
    let predecessor = attempt.generation + 1 == row.generation;
    let in_window = predecessor && elapsed < attempt.rules.window();
    let retried = row.late_retry_by == Some(attempt.id);
    let late = predecessor
        && !in_window
        && attempt.rules.until_used
        && (retried || row.late_retry_by.is_none());
    if !in_window && !late {
        let next = SessionRecord {
            revoked: Some(Revoked {
                at: now,
                reason: RevocationReason::Reuse,
                by: Some(attempt.id),
            }),
            ..row.clone()
        };
        return (reused(&next, attempt, now), Some(next));
    }
    let device_changed = attempt.device.differs_from(&row.device);
    if device_changed && attempt.rules.replay == ReplayPolicy::SameDevice {
        return refused(RefusalReason::OtherDevice);
    }
    let outcome = RotationOutcome::Replayed {
        successor: successor(row),
        elapsed,
        late,
        device_changed,
    };
    let change = (late && !retried).then(|| SessionRecord {
        late_retry_by: Some(attempt.id),
        ..row.clone()
    });
    (outcome, change)
}

fn reused(row: &SessionRecord, attempt: &RotationAttempt, now: Timestamp) -> RotationOutcome {
    RotationOutcome::Reused {
        elapsed: elapsed(row, now),
        device_changed: attempt.device.differs_from(&row.device),
    }
}

fn refused(reason: RefusalReason) -> (RotationOutcome, Option<SessionRecord>) {
    (RotationOutcome::Refused(reason), None)
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
