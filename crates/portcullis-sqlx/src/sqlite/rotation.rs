//! The SQL of rotation on SQLite.

use portcullis::{
    session::{RefusalReason, RotationAttempt, RotationOutcome, StoreError, rules},
    time::Timestamp,
};
use sqlx::SqliteConnection;

use super::{error::unavailable, sessions};
use crate::{
    cut_off::{session_row, stands},
    rotation::{self, assignments},
    row,
};

/// Presents a token. The one statement decides and writes, so that no other
/// comes between; the outcome is read off the row that it leaves.
pub(super) async fn rotate(
    connection: &mut SqliteConnection,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Result<RotationOutcome, StoreError> {
    let statement = sqlx::query(concat!(
        "UPDATE portcullis_sessions SET ",
        assignments!("$5", "max", "min"),
        " WHERE id = $1 AND ",
        stands!("portcullis_sessions"),
        " RETURNING id, ",
        session_row!()
    ));
    let rows = rotation::bind!(statement, attempt, now.as_millis())
        // Not `fetch_optional`, which stops before the statement has committed.
        .fetch_all(&mut *connection)
        .await
        .map_err(unavailable)?;
    match rows.first() {
        Some(row) => rotation::outcome(&row::session(row)?, attempt, now),
        // There is no such session, or a cut-off has ended it.
        None => match sessions::session(connection, &attempt.session).await? {
            Some(row) => rotation::outcome(&row, attempt, now),
            None => Ok(RotationOutcome::Refused(RefusalReason::Unknown)),
        },
    }
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
