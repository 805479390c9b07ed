//! The SQL of rotation on PostgreSQL.

use portcullis::{
    session::{RefusalReason, RotationAttempt, RotationOutcome, SessionRecord, rules},
    time::Timestamp,
};
use sqlx::PgConnection;

use super::{
    announce::tell,
    clock::{ServerClock, clock},
    error::Failure,
};
use crate::{
    cut_off::{session_row, stands},
    rotation::{self, assignments},
    row,
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
        " WHERE id = $1::uuid AND ",
        stands!("portcullis_sessions"),
        " RETURNING clock.now, id::text AS id, \
         CASE WHEN revoked_by = $8 THEN ",
        tell!("revoked_at"),
        " END, ",
        session_row!()
    ));
    let rows = rotation::bind!(statement, attempt, clock.told())
        // Not `fetch_optional`, which stops before the statement has committed.
        .fetch_all(&mut *connection)
        .await?;
    let Some(row) = rows.first() else {
        return explain(connection, attempt, clock).await;
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
    Ok(match read(connection, attempt, clock).await? {
        Some((row, now)) => rules::decide(&row, attempt, now).0,
        None => RotationOutcome::Refused(RefusalReason::Unknown),
    })
}

/// Says why there was nothing to change: there is no such session, or a cut-off has ended
/// it.
async fn explain(
    connection: &mut PgConnection,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<RotationOutcome, Failure> {
    Ok(match read(connection, attempt, clock).await? {
        Some((row, now)) => rotation::outcome(&row, attempt, now)?,
        None => RotationOutcome::Refused(RefusalReason::Unknown),
    })
}

async fn read(
    connection: &mut PgConnection,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<Option<(SessionRecord, Timestamp)>, Failure> {
    let row = sqlx::query(concat!(
        "SELECT clock.now, id::text AS id, ",
        session_row!(),
        " FROM portcullis_sessions, ",
        clock!("$2"),
        " WHERE id = $1::uuid"
    ))
    .bind(attempt.session.as_str())
    .bind(clock.told())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let now = row::time(&row, "now")?;
    clock.heard(now);
    Ok(Some((row::session(&row)?, now)))
}
