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
    log_out::{goes_on, row_that_goes_on, session_row},
    rotation::{self, Change, TRIES},
    row,
};

/// A statement that changes a row if a condition holds. Of two that meet, the later waits
/// for the row and is decided on what the earlier left.
macro_rules! change {
    ($assignments:expr, $condition:expr, $returned:expr) => {
        concat!(
            "UPDATE portcullis_sessions SET ",
            $assignments,
            " FROM ",
            clock!("$5"),
            " WHERE id = $1::uuid AND ",
            $condition,
            " AND ",
            goes_on!(),
            " RETURNING clock.now, ",
            $returned
        )
    };
}

/// All of a row, and what else is returned.
macro_rules! whole_row {
    ($told:expr) => {
        concat!("id::text AS id, ", $told, ", ", row_that_goes_on!())
    };
}

/// Presents a token.
pub(super) async fn rotate(
    connection: &mut PgConnection,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<RotationOutcome, Failure> {
    let mut next = Change::Advance;
    for _ in 0..TRIES {
        if let Some((row, now)) = make(connection, next, attempt, clock).await? {
            return Ok(rotation::outcome(&row, attempt, now)?);
        }
        let Some((row, now)) = read(connection, attempt, clock).await? else {
            return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
        };
        match rules::decide(&row, attempt, now) {
            (outcome, None) => return Ok(outcome),
            (outcome, Some(_)) => next = Change::leading_to(&outcome),
        }
    }
    Err(rotation::restless().into())
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

/// Makes a change if the rules make it: the row as it is then, and the time.
async fn make(
    connection: &mut PgConnection,
    change: Change,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<Option<(SessionRecord, Timestamp)>, Failure> {
    let statement = match change {
        Change::Advance => change!(
            rotation::advance!("clock.now", "greatest", "least"),
            rotation::advances!("clock.now"),
            rotation::advanced!()
        ),
        Change::ForgiveLate => change!(
            "late_retry_by = $8",
            rotation::retried_late!("clock.now"),
            whole_row!("false AS told")
        ),
        Change::Revoke => change!(
            rotation::revoke!("clock.now"),
            rotation::reused!("clock.now"),
            whole_row!(concat!(tell!("revoked_at"), " AS told"))
        ),
    };
    let rows = rotation::bind!(sqlx::query(statement), attempt, clock.told())
        // Not `fetch_optional`, which stops before the statement has committed.
        .fetch_all(&mut *connection)
        .await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let now = row::time(row, "now")?;
    clock.heard(now);
    let row = match change {
        Change::Advance => rotation::exchanged(row, attempt)?,
        Change::ForgiveLate | Change::Revoke => row::session(row)?,
    };
    Ok(Some((row, now)))
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
