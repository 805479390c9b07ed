//! What is told about sessions and the use of refresh tokens: to logs, to metrics, and to
//! the application's subscriber.
//!
//! What goes as it should is told to the log on the level of debugging, so that whoever
//! wants the whole life of a session can have it. Nothing there has a secret, or says
//! whose the session is; that is for the subscriber, who is told last, and may miss it.

use std::time::Duration;

use super::Sessions;
use crate::{
    metrics,
    session::{
        Device, RefusalReason, RevocationReason, RevokedAll, RotationAttempt, RotationOutcome,
        SessionId, SessionRecord, StoreError,
        events::{SessionEvent, SessionEventKind},
        refresh::RefreshClaims,
    },
    subject::Subject,
};

impl Sessions {
    /// Tells the application's subscriber, if there is one.
    fn tell(
        &self,
        kind: impl FnOnce() -> SessionEventKind,
        about: impl FnOnce(SessionEvent) -> SessionEvent,
    ) {
        let subscriber = self.revocations().subscriber();
        subscriber.tell(|| about(SessionEvent::new(kind(), self.now())));
    }

    /// Reports that a login has opened a session.
    pub(super) fn report_opened(&self, row: &SessionRecord) {
        metrics::SESSIONS_OPENED.count(["login"]);
        tracing::debug!(
            event = "session_opened",
            session.id = row.id.as_str(),
            "a session was opened"
        );
        self.tell(|| SessionEventKind::Opened, |event| event.about(row));
    }

    /// Reports that somebody has ended a session, which had not been ended before.
    pub(super) fn report_ended(
        &self,
        subject: &Subject,
        session: &SessionId,
        reason: RevocationReason,
    ) {
        metrics::SESSIONS_ENDED.count([reason.as_str()]);
        tracing::debug!(
            event = "session_ended",
            session.id = session.as_str(),
            reason = reason.as_str(),
            "a session was ended"
        );
        self.tell(
            || SessionEventKind::Ended { reason },
            |event| event.session(session).subject(subject),
        );
    }

    /// Reports that somebody was logged out everywhere.
    pub(super) fn report_logged_out_everywhere(&self, subject: &Subject, revoked: &RevokedAll) {
        for session in &revoked.sessions {
            self.report_ended(subject, session, RevocationReason::LogoutEverywhere);
        }
        self.tell(
            || SessionEventKind::LoggedOutEverywhere {
                sessions: revoked.sessions.len(),
                application_tokens: revoked.application_tokens.len(),
            },
            |event| event.subject(subject),
        );
    }

    /// Reports that a subject was logged out everywhere and forgotten.
    pub(super) fn report_erased(&self, subject: &Subject, revoked: &RevokedAll) {
        for session in &revoked.sessions {
            self.report_ended(subject, session, RevocationReason::LogoutEverywhere);
        }
        tracing::info!(event = "subject_erased", "a subject was erased");
        self.tell(
            || SessionEventKind::Erased {
                sessions: revoked.sessions.len(),
                application_tokens: revoked.application_tokens.len(),
            },
            |event| event.subject(subject),
        );
    }

    /// Reports that everybody of a realm was logged out.
    pub(super) fn report_everybody_logged_out(&self, realm: &str) {
        tracing::info!(
            event = "everybody_logged_out",
            realm,
            "everybody of a realm was logged out"
        );
        let kind = || SessionEventKind::EverybodyLoggedOut {
            realm: realm.to_owned(),
        };
        self.tell(kind, |event| event);
    }

    /// Reports that an application token was issued.
    pub(super) fn report_application_token(&self, subject: &Subject, id: &str) {
        let kind = || SessionEventKind::ApplicationTokenIssued { id: id.to_owned() };
        self.tell(kind, |event| event.subject(subject));
    }

    /// Reports that an application token was taken off the live list.
    pub(super) fn report_application_token_removed(&self, subject: &Subject, id: &str) {
        let kind = || SessionEventKind::ApplicationTokenRemoved { id: id.to_owned() };
        self.tell(kind, |event| event.subject(subject));
    }

    /// Reports how the presentation of a refresh token ended.
    pub(super) fn report_rotation(&self, attempt: &RotationAttempt, outcome: &RotationOutcome) {
        let refusal = match outcome {
            RotationOutcome::Refused(reason) => reason.as_str(),
            _ => metrics::NONE,
        };
        metrics::ROTATIONS.count([outcome.as_str(), refusal]);
        if let RotationOutcome::Reused { .. } = outcome {
            metrics::SESSIONS_ENDED.count([RevocationReason::Reuse.as_str()]);
        }
        log_rotation(attempt, outcome);
        self.tell(
            || kind(attempt.generation, outcome),
            |event| {
                let event = event.session(&attempt.session).subject(&attempt.subject);
                event
                    .client(attempt.client.as_deref())
                    .device(&attempt.device)
            },
        );
    }

    /// Reports that a refresh token was refused before the store was asked: it is another
    /// client's, or bound to a key.
    pub(super) fn report_refused_unasked(
        &self,
        presented: &RefreshClaims,
        device: &Device,
        reason: RefusalReason,
    ) {
        let family = &presented.family;
        metrics::ROTATIONS.count(["refused", reason.as_str()]);
        tracing::debug!(
            event = "refresh_refused",
            session.id = family.session.as_str(),
            generation = presented.generation,
            reason = reason.as_str(),
            "a refresh token was refused to whoever sent it"
        );
        self.tell(
            || SessionEventKind::Refused {
                reason,
                generation: presented.generation,
            },
            |event| {
                let event = event.session(&family.session).subject(&family.subject);
                event.client(family.client.as_deref()).device(device)
            },
        );
    }

    /// Reports that a credential of single use has opened a session, or has been
    /// presented again, so long after, and was forgiven.
    pub(super) fn report_single_use(
        &self,
        purpose: &str,
        row: &SessionRecord,
        again: Option<Duration>,
    ) {
        let session = row.id.as_str();
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
        let purpose = || purpose.to_owned();
        let kind = || match again {
            None => SessionEventKind::SingleUseOpened { purpose: purpose() },
            Some(elapsed) => SessionEventKind::SingleUseRepeated {
                purpose: purpose(),
                elapsed,
            },
        };
        self.tell(kind, |event| event.about(row));
    }

    /// Reports that a credential of single use came too late a second time: somebody
    /// else may have it.
    pub(super) fn report_single_use_refused(
        &self,
        purpose: &str,
        session: &SessionId,
        subject: &Subject,
        device: &Device,
        elapsed: Duration,
    ) {
        metrics::SINGLE_USE_REFUSALS.count([]);
        tracing::warn!(
            event = "single_use_refused",
            purpose,
            session.id = session.as_str(),
            elapsed_ms = millis(elapsed),
            "a credential that is good once was presented again and refused"
        );
        let kind = || SessionEventKind::SingleUseRefused {
            purpose: purpose.to_owned(),
            elapsed,
        };
        self.tell(kind, |event| {
            event.session(session).subject(subject).device(device)
        });
    }
}

/// Reports that the store could not say how one ended.
pub(super) fn undecided(error: &StoreError) {
    metrics::ROTATIONS.count(["failed", error.kind().as_str()]);
}

/// What the log says about it.
fn log_rotation(attempt: &RotationAttempt, outcome: &RotationOutcome) {
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
            "a refresh reached the store after its deadline, or the session was refreshed past \
             it on its way, and it changed nothing"
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

/// What the subscriber is told about it.
fn kind(generation: u64, outcome: &RotationOutcome) -> SessionEventKind {
    match *outcome {
        RotationOutcome::Rotated(_) => SessionEventKind::Rotated { generation },
        RotationOutcome::RolledBack(_) => SessionEventKind::StoreRolledBack { generation },
        RotationOutcome::Rested {
            elapsed,
            device_changed,
            ..
        } => SessionEventKind::Rested {
            generation,
            elapsed,
            device_changed,
        },
        RotationOutcome::Replayed {
            elapsed,
            late,
            device_changed,
            ..
        } => SessionEventKind::Replayed {
            generation,
            elapsed,
            late,
            device_changed,
        },
        RotationOutcome::Valid { .. } => SessionEventKind::Valid { generation },
        RotationOutcome::Reused {
            elapsed,
            device_changed,
        } => SessionEventKind::Reused {
            generation,
            elapsed,
            device_changed,
        },
        RotationOutcome::Refused(RefusalReason::SecretMismatch) => {
            SessionEventKind::SecretMismatch { generation }
        }
        RotationOutcome::Refused(reason) => SessionEventKind::Refused { reason, generation },
        RotationOutcome::Overdue { by } => SessionEventKind::Overdue { generation, by },
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
