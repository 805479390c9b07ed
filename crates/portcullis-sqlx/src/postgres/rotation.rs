//! The SQL of rotation on PostgreSQL.

use portcullis::session::{RefusalReason, RotationAttempt, RotationOutcome, rules};
use sqlx::PgConnection;

use super::{
    announce::tell,
    clock::{ServerClock, clock},
    error::Failure,
};
use crate::{
    rotation::{self, assignments},
    row::{self, session_columns},
};

/// Presents a token. The one statement decides and writes, so that no other
/// comes between: of two that meet, the later waits for the row and is decided
/// on what the earlier left. The outcome is read off the row.
pub(super) async fn rotate(
    connection: &mut PgConnection,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<RotationOutcome, Failure> {
    let statement = sqlx::query(concat!(
        "UPDATE portcullis_sessions SET ",
        assignments!("clock.now", "greatest", "least"),
        " FROM ",
        clock!("$5"),
        " WHERE id = $1::uuid RETURNING clock.now, id::text AS id, \
         CASE WHEN revoked_by = $8 THEN ",
        tell!("revoked_at"),
        " END, ",
        session_columns!()
    ));
    let rows = rotation::bind!(statement, attempt, clock.told())
        // Not `fetch_optional`, which stops before the statement has committed.
        .fetch_all(&mut *connection)
        .await?;
    let Some(row) = rows.first() else {
        return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
    };
    let now = row::time(row, "now")?;
    clock.heard(now);
    Ok(rotation::outcome(&row::session(row)?, attempt, now)?)
}

/// Presents a token that cannot change anything: nothing is written.
pub(super) async fn check(
    connection: &mut PgConnection,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<RotationOutcome, Failure> {
    let row = sqlx::query(concat!(
        "SELECT clock.now, id::text AS id, ",
        session_columns!(),
        " FROM portcullis_sessions, ",
        clock!("$2"),
        " WHERE id = $1::uuid"
    ))
    .bind(attempt.session.as_str())
    .bind(clock.told())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else {
        return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
    };
    let now = row::time(&row, "now")?;
    clock.heard(now);
    Ok(rules::decide(&row::session(&row)?, attempt, now).0)
}
