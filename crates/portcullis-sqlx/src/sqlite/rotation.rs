//! The SQL of rotation on SQLite.

use portcullis::{
    session::{
        Grant, RefusalReason, RotationAttempt, RotationOutcome, SessionRecord, StoreError, rules,
    },
    time::Timestamp,
};
use sqlx::SqliteConnection;

use super::{error::unavailable, sessions};
use crate::{
    log_out::{goes_on, row_that_goes_on},
    rotation::{self, Change, TRIES},
    row::{self, Columns},
};

/// A statement that changes a row if a condition holds.
macro_rules! change {
    ($assignments:expr, $condition:expr, $returned:expr) => {
        concat!(
            "UPDATE portcullis_sessions SET ",
            $assignments,
            " WHERE id = $1 AND ",
            $condition,
            " AND ",
            goes_on!(),
            " RETURNING ",
            $returned
        )
    };
}

/// All of a row.
macro_rules! whole_row {
    () => {
        concat!("id, ", row_that_goes_on!())
    };
}

/// Presents a token.
pub(super) async fn rotate(
    connection: &mut SqliteConnection,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Result<RotationOutcome, StoreError> {
    let mut next = Change::Advance;
    // More than once only if another process writes at the same time.
    for _ in 0..TRIES {
        if let Some(row) = make(connection, next, attempt, now).await? {
            return rotation::outcome(&row, attempt, now);
        }
        let Some(row) = sessions::session(connection, &attempt.session).await? else {
            return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
        };
        match rules::decide(&row, attempt, now) {
            (outcome, None) => return Ok(outcome),
            (outcome, Some(_)) => next = Change::leading_to(&outcome),
        }
    }
    Err(rotation::restless())
}

/// Presents a token that cannot change anything: nothing is written.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Result<RotationOutcome, StoreError> {
    Ok(
        match sessions::session(connection, &attempt.session).await? {
            Some(row) => rules::decide(&row, attempt, now).0,
            None => RotationOutcome::Refused(RefusalReason::Unknown),
        },
    )
}

/// Makes a change if the rules make it: the row as it is then. Where they do not, nothing is
/// written, and nobody waits for the disk.
async fn make(
    connection: &mut SqliteConnection,
    change: Change,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Result<Option<SessionRecord>, StoreError> {
    let statement = match change {
        Change::Advance => change!(
            rotation::advance!("$5", "max", "min"),
            rotation::advances!("$5"),
            "rotated_at, idle_deadline, absolute_deadline, rotated_from"
        ),
        Change::ForgiveLate => change!(
            "late_retry_by = $8",
            rotation::retried_late!("$5"),
            whole_row!()
        ),
        Change::Revoke => change!(
            rotation::revoke!("$5"),
            rotation::reused!("$5"),
            whole_row!()
        ),
    };
    let rows = rotation::bind!(sqlx::query(statement), attempt, now.as_millis())
        // Not `fetch_optional`, which stops before the statement has committed.
        .fetch_all(&mut *connection)
        .await
        .map_err(unavailable)?;
    let row = rows.first().map(|row| match change {
        Change::Advance => exchanged(row, attempt),
        Change::ForgiveLate | Change::Revoke => row::session(row),
    });
    row.transpose()
}

/// The row that an exchange has left, as far as the attempt does not say it; without what is no matter any more:
/// the statement has found all checks to hold.
fn exchanged(row: &impl Columns, attempt: &RotationAttempt) -> Result<SessionRecord, StoreError> {
    let rotated_at = row::time(row, "rotated_at")?;
    Ok(SessionRecord {
        id: attempt.session.clone(),
        subject: attempt.subject.clone(),
        client: attempt.client.clone(),
        generation: attempt.generation + 1,
        created_at: rotated_at,
        rotated_at,
        idle_deadline: row::time(row, "idle_deadline")?,
        absolute_deadline: row::time(row, "absolute_deadline")?,
        secret_digest: attempt.secret_digest,
        refresh_key: attempt.refresh_key.clone(),
        grant: Grant::new(),
        device: attempt.device.clone(),
        rotated_by: Some(attempt.id),
        rotated_from: row::unsigned(row::integer(row, "rotated_from")?)?,
        late_retry_by: None,
        revoked: None,
    })
}
