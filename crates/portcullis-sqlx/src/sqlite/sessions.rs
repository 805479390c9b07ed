//! The sessions themselves.

use std::time::Duration;

use portcullis::{
    session::{
        Created, LoginTicket, RefusalReason, ReplayPolicy, RevocationReason, RevokedAll,
        RotationAttempt, RotationOutcome, SessionId, SessionRecord, StoreError, rules,
    },
    subject::Subject,
    time::Timestamp,
};
use sqlx::{Connection, Row as _, SqliteConnection};

use super::{
    error::unavailable,
    row::{self, session_columns, signed},
};

/// Begins a session unless a log-out overtook the ticket: one statement.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    session: SessionRecord,
    ticket: LoginTicket,
) -> Result<Created, StoreError> {
    let created = sqlx::query(concat!(
        "INSERT INTO portcullis_sessions (",
        session_columns!(),
        ") SELECT ?1, ?2, ?3, ?4, 0, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
           NULL, 0, NULL, NULL, NULL, NULL \
         WHERE NOT EXISTS (SELECT 1 FROM portcullis_log_outs \
                           WHERE realm = ?2 AND name = ?3 AND number > ?13) \
           AND (SELECT forgotten FROM portcullis_order) <= ?13"
    ))
    .bind(session.id.as_str())
    .bind(session.subject.realm())
    .bind(session.subject.name())
    .bind(session.client.as_deref())
    .bind(session.created_at.as_millis())
    .bind(session.idle_deadline.as_millis())
    .bind(session.absolute_deadline.as_millis())
    .bind(&session.secret_digest.as_bytes()[..])
    .bind(session.refresh_key.as_str())
    .bind(session.grant.to_json()?)
    .bind(session.device.user_agent.as_deref())
    .bind(session.device.address.map(|address| address.to_string()))
    .bind(signed(ticket.sequence()))
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    Ok(match created.rows_affected() {
        0 => Created::LoggedOutMeanwhile,
        _ => Created::Session(Box::new(session)),
    })
}

/// All checks but those on scope and generation hold.
macro_rules! good {
    () => {
        "realm = ?2 AND name = ?3 AND secret_digest = ?4 AND revoked_at IS NULL \
         AND ?5 < idle_deadline AND ?5 < absolute_deadline AND (?6 IS NULL OR client = ?6)"
    };
}

/// The presented token is the current one, or newer than the store.
macro_rules! advances {
    () => {
        concat!("(", good!(), " AND ?7 >= generation)")
    };
}

/// The presented token was exchanged before, by another attempt, and the grace
/// window does not cover that.
macro_rules! second_use {
    () => {
        concat!(
            "(",
            good!(),
            " AND ?7 < generation \
             AND NOT (generation = ?7 + 1 AND rotated_by IS NOT DISTINCT FROM ?8) \
             AND NOT (generation = ?7 + 1 AND ?9 > 0 AND ?5 - rotated_at < ?9))"
        )
    };
}

/// The late retry of a predecessor is free, or was this attempt's.
macro_rules! late {
    () => {
        "(generation = ?7 + 1 AND ?10 AND (late_retry_by IS NULL OR late_retry_by = ?8))"
    };
}

macro_rules! reused {
    () => {
        concat!("(", second_use!(), " AND NOT ", late!(), ")")
    };
}

macro_rules! retried_late {
    () => {
        concat!(
            "(",
            second_use!(),
            " AND ",
            late!(),
            " AND (NOT ?11 OR user_agent IS NOT DISTINCT FROM ?12))"
        )
    };
}

/// Presents a token. The one statement decides and writes, so that no other
/// comes between; the outcome is read off the row that it leaves.
pub(super) async fn rotate(
    connection: &mut SqliteConnection,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Result<RotationOutcome, StoreError> {
    let rows = sqlx::query(concat!(
        "UPDATE portcullis_sessions SET \
         generation = CASE WHEN ",
        advances!(),
        " THEN ?7 + 1 ELSE generation END, \
         rotated_at = CASE WHEN ",
        advances!(),
        " THEN max(?5, rotated_at) ELSE rotated_at END, \
         idle_deadline = CASE WHEN ",
        advances!(),
        " \
            THEN min(max(?5, rotated_at) + ?13, absolute_deadline) ELSE idle_deadline END, \
         refresh_key = CASE WHEN ",
        advances!(),
        " THEN ?14 ELSE refresh_key END, \
         user_agent = CASE WHEN ",
        advances!(),
        " THEN ?12 ELSE user_agent END, \
         address = CASE WHEN ",
        advances!(),
        " THEN ?15 ELSE address END, \
         rotated_by = CASE WHEN ",
        advances!(),
        " THEN ?8 ELSE rotated_by END, \
         rotated_from = CASE WHEN ",
        advances!(),
        " THEN generation ELSE rotated_from END, \
         late_retry_by = CASE WHEN ",
        advances!(),
        " THEN NULL \
            WHEN ",
        retried_late!(),
        " THEN ?8 ELSE late_retry_by END, \
         revoked_at = CASE WHEN ",
        reused!(),
        " THEN ?5 ELSE revoked_at END, \
         revoked_reason = CASE WHEN ",
        reused!(),
        " THEN ?16 ELSE revoked_reason END, \
         revoked_by = CASE WHEN ",
        reused!(),
        " THEN ?8 ELSE revoked_by END \
         WHERE id = ?1 RETURNING ",
        session_columns!()
    ))
    .bind(attempt.session.as_str())
    .bind(attempt.subject.realm())
    .bind(attempt.subject.name())
    .bind(&attempt.secret_digest.as_bytes()[..])
    .bind(now.as_millis())
    .bind(attempt.client.as_deref())
    .bind(signed(attempt.generation))
    .bind(&attempt.id.as_bytes()[..])
    .bind(millis(attempt.rules.grace))
    .bind(attempt.rules.until_used)
    .bind(attempt.rules.replay == ReplayPolicy::SameDevice)
    .bind(attempt.device.user_agent.as_deref())
    .bind(millis(attempt.idle_ttl))
    .bind(attempt.refresh_key.as_str())
    .bind(attempt.device.address.map(|address| address.to_string()))
    .bind(RevocationReason::Reuse.as_str())
    // Not `fetch_optional`, which stops before the statement has committed.
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    let Some(row) = rows.first() else {
        return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
    };
    match rules::decide(&row::session(row)?, attempt, now) {
        (outcome, None) => Ok(outcome),
        (_, Some(_)) => Err(StoreError::corrupt(
            "the statement does not follow the rules",
        )),
    }
}

/// Presents a token that cannot change anything: nothing is written.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Result<RotationOutcome, StoreError> {
    Ok(match session(connection, &attempt.session).await? {
        Some(row) => rules::decide(&row, attempt, now).0,
        None => RotationOutcome::Refused(RefusalReason::Unknown),
    })
}

pub(super) async fn session(
    connection: &mut SqliteConnection,
    id: &SessionId,
) -> Result<Option<SessionRecord>, StoreError> {
    sqlx::query(concat!(
        "SELECT ",
        session_columns!(),
        " FROM portcullis_sessions WHERE id = ?1"
    ))
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await
    .map_err(unavailable)?
    .as_ref()
    .map(row::session)
    .transpose()
}

pub(super) async fn sessions(
    connection: &mut SqliteConnection,
    subject: &Subject,
    now: Timestamp,
) -> Result<Vec<SessionRecord>, StoreError> {
    sqlx::query(concat!(
        "SELECT ",
        session_columns!(),
        " FROM portcullis_sessions WHERE realm = ?1 AND name = ?2 AND revoked_at IS NULL \
         AND ?3 < idle_deadline AND ?3 < absolute_deadline ORDER BY created_at, id"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?
    .iter()
    .map(row::session)
    .collect()
}

pub(super) async fn revoke(
    connection: &mut SqliteConnection,
    id: &SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let revoked = sqlx::query(
        "UPDATE portcullis_sessions SET revoked_at = ?2, revoked_reason = ?3 \
         WHERE id = ?1 AND revoked_at IS NULL",
    )
    .bind(id.as_str())
    .bind(now.as_millis())
    .bind(RevocationReason::Logout.as_str())
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    Ok(revoked.rows_affected() > 0)
}

/// Numbers the log-out, ends the sessions and removes the application tokens,
/// in one transaction.
pub(super) async fn revoke_all(
    connection: &mut SqliteConnection,
    subject: &Subject,
    now: Timestamp,
) -> Result<RevokedAll, StoreError> {
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    sqlx::query("UPDATE portcullis_order SET number = number + 1")
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
    sqlx::query(
        "INSERT INTO portcullis_log_outs (realm, name, number, at) \
         SELECT ?1, ?2, number, ?3 FROM portcullis_order WHERE true \
         ON CONFLICT (realm, name) DO UPDATE SET number = excluded.number, at = excluded.at",
    )
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .execute(&mut *transaction)
    .await
    .map_err(unavailable)?;
    let sessions = sqlx::query(
        "UPDATE portcullis_sessions SET revoked_at = ?3, revoked_reason = ?4 \
         WHERE realm = ?1 AND name = ?2 AND revoked_at IS NULL RETURNING id",
    )
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .bind(RevocationReason::LogoutEverywhere.as_str())
    .fetch_all(&mut *transaction)
    .await
    .map_err(unavailable)?;
    let tokens = sqlx::query(
        "UPDATE portcullis_application_tokens SET removed_at = ?3 \
         WHERE realm = ?1 AND name = ?2 AND removed_at IS NULL RETURNING id",
    )
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .fetch_all(&mut *transaction)
    .await
    .map_err(unavailable)?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(RevokedAll {
        sessions: sessions
            .iter()
            .map(row::session_id)
            .collect::<Result<_, _>>()?,
        application_tokens: tokens
            .iter()
            .map(|row| row.try_get("id").map_err(unavailable))
            .collect::<Result<_, _>>()?,
    })
}

/// Whole milliseconds, at most some 36 million years: sums with a time do not
/// overflow.
fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).map_or(1 << 60, |millis| millis.min(1 << 60))
}
