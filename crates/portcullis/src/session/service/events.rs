//! What is told to logs about sessions and the use of refresh tokens.
//!
//! What goes as it should is told on the level of debugging, so that whoever wants
//! the whole life of a session can have it. No event has a secret, or says whose
//! the session is.

use std::time::Duration;

use crate::{
    metrics,
    session::{
        RefusalReason, RevocationReason, RotationAttempt, RotationOutcome, SessionId, StoreError,
    },
};

/// Reports that a login has opened a session.
pub(super) fn opened(session: &SessionId) {
    metrics::SESSIONS_OPENED.count(["login"]);
    tracing::debug!(
        event = "session_opened",
        session.id = session.as_str(),
        "a session was opened"
    );
}

/// Reports that somebody has ended a session, which had not been ended before.
pub(super) fn ended(session: &SessionId, reason: RevocationReason) {
    metrics::SESSIONS_ENDED.count([reason.as_str()]);
    tracing::debug!(
        event = "session_ended",
        session.id = session.as_str(),
        reason = reason.as_str(),
        "a session was ended"
    );
}

/// Reports that everybody of a realm was logged out.
pub(super) fn everybody_logged_out(realm: &str) {
    tracing::info!(
        event = "everybody_logged_out",
        realm,
        "everybody of a realm was logged out"
    );
}

/// Reports how the presentation of a refresh token ended.
pub(super) fn report(attempt: &RotationAttempt, outcome: &RotationOutcome) {
    let refusal = match outcome {
        RotationOutcome::Refused(reason) => reason.as_str(),
        _ => metrics::NONE,
    };
    metrics::ROTATIONS.count([outcome.as_str(), refusal]);
    let session = attempt.session.as_str();
    let generation = attempt.generation;
    match outcome {
        RotationOutcome::Rested {
            elapsed,
            device_changed,
            ..
        } => tracing::info!(
            event = "refresh_rested",
            session.id = session,
            generation,
            elapsed_ms = millis(*elapsed),
            device_changed,
            "a refresh token was presented right after it was made, and given again"
        ),
        RotationOutcome::Replayed {
            elapsed,
            late,
            device_changed,
            ..
        } => tracing::info!(
            event = "refresh_replayed",
            session.id = session,
            generation,
            elapsed_ms = millis(*elapsed),
            late,
            device_changed,
            "a refresh token was presented again and forgiven"
        ),
        RotationOutcome::Reused {
            elapsed,
            device_changed,
        } => {
            metrics::SESSIONS_ENDED.count([RevocationReason::Reuse.as_str()]);
            tracing::warn!(
                event = "refresh_reused",
                session.id = session,
                generation,
                elapsed_ms = millis(*elapsed),
                device_changed,
                "a refresh token that had been used up was presented: its session is revoked"
            );
        }
        RotationOutcome::RolledBack(_) => tracing::error!(
            event = "store_rolled_back",
            session.id = session,
            generation,
            "a refresh token is newer than the store, which must have lost writes"
        ),
        RotationOutcome::Refused(RefusalReason::SecretMismatch) => tracing::error!(
            event = "refresh_secret_mismatch",
            session.id = session,
            generation,
            "a refresh token with a good signature and a wrong secret: the refresh key has leaked"
        ),
        RotationOutcome::Refused(reason) => tracing::debug!(
            event = "refresh_refused",
            session.id = session,
            generation,
            reason = reason.as_str(),
            "a refresh token was refused"
        ),
        RotationOutcome::Overdue { by } => tracing::warn!(
            event = "refresh_overdue",
            session.id = session,
            generation,
            overdue_ms = millis(*by),
            "a refresh reached the store after its deadline, and changed nothing"
        ),
        RotationOutcome::Rotated(_) => tracing::debug!(
            event = "refresh_rotated",
            session.id = session,
            generation,
            "a refresh token was exchanged for the next one"
        ),
        RotationOutcome::Valid { .. } => tracing::debug!(
            event = "refresh_valid",
            session.id = session,
            generation,
            "a refresh token was presented that stays as it is"
        ),
    }
}

/// Reports that a refresh token was refused before the store was asked: it is another
/// client's, or bound to a key.
pub(super) fn refused_unasked(session: &SessionId, reason: RefusalReason) {
    metrics::ROTATIONS.count(["refused", reason.as_str()]);
    tracing::debug!(
        event = "refresh_refused",
        session.id = session.as_str(),
        reason = reason.as_str(),
        "a refresh token was refused to whoever sent it"
    );
}

/// Reports that the store could not say how one ended.
pub(super) fn undecided(error: &StoreError) {
    metrics::ROTATIONS.count(["failed", error.kind().as_str()]);
}

/// Reports that a credential of single use has opened a session, or has been
/// presented again, so long after, and was forgiven.
pub(super) fn single_use_opened(purpose: &str, session: &SessionId, again: Option<Duration>) {
    let session = session.as_str();
    match again {
        None => {
            metrics::SESSIONS_OPENED.count(["single_use"]);
            tracing::info!(
                event = "single_use_opened",
                purpose,
                session.id = session,
                "a session was opened by a credential that is good once"
            );
        }
        Some(elapsed) => tracing::info!(
            event = "single_use_repeated",
            purpose,
            session.id = session,
            elapsed_ms = millis(elapsed),
            "a credential that is good once was presented again and forgiven"
        ),
    }
}

/// Reports that a credential of single use came too late a second time: somebody
/// else may have it.
pub(super) fn single_use_refused(purpose: &str, session: &SessionId, elapsed: Duration) {
    metrics::SINGLE_USE_REFUSALS.count([]);
    tracing::warn!(
        event = "single_use_refused",
        purpose,
        session.id = session.as_str(),
        elapsed_ms = millis(elapsed),
        "a credential that is good once was presented again and refused"
    );
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
