//! What would keep honest clients logged in where the rules do not.

use std::time::Duration;

use portcullis::{
    session::{RotationAttempt, RotationOutcome, SessionRecord, rules},
    time::Timestamp,
};

/// The rules, but for an attempt since which the current token was made: how old its own
/// token was when it set out, the row does not say. Nothing is decided then, and whoever
/// asks again sets out anew.
pub fn decide(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> (RotationOutcome, Option<SessionRecord>) {
    let has_window = attempt.rules.window() > Duration::ZERO;
    match rules::decide(row, attempt, now) {
        (RotationOutcome::Reused { .. }, Some(_))
            if has_window && row.rotated_at > attempt.set_out() =>
        {
            let by = Duration::ZERO;
            (RotationOutcome::Overdue { by }, None)
        }
        decided => decided,
    }
}
