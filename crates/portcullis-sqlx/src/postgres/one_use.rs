//! What may be used once.

use std::time::Duration;

use portcullis::session::{AttemptId, OneUse, SecretDigest};
use sqlx::PgConnection;

use super::{clock::clock, error::Failure};
use crate::row;

/// Uses a value, or finds who did: one statement. A use that has expired gives
/// its place to the next.
///
/// Of two that come at once, the second waits until the first is committed, and
/// then finds its row.
pub(super) async fn use_once(
    connection: &mut PgConnection,
    value: &SecretDigest,
    attempt: AttemptId,
    keep: Duration,
    now: Option<i64>,
) -> Result<OneUse, Failure> {
    let rows = sqlx::query(concat!(
        "INSERT INTO portcullis_once AS old (digest, first, at, expires) \
         SELECT $1, $2, clock.now, clock.now + $3 FROM ",
        clock!("$4"),
        " ON CONFLICT (digest) DO UPDATE SET \
             first = CASE WHEN old.expires <= excluded.at \
                 THEN excluded.first ELSE old.first END, \
             at = CASE WHEN old.expires <= excluded.at THEN excluded.at ELSE old.at END, \
             expires = CASE WHEN old.expires <= excluded.at \
                 THEN excluded.expires ELSE old.expires END \
         RETURNING first, greatest((SELECT clock.now FROM ",
        clock!("$4"),
        ") - at, 0) AS elapsed"
    ))
    .bind(&value.as_bytes()[..])
    .bind(&attempt.as_bytes()[..])
    .bind(row::millis(keep))
    .bind(now)
    // Not `fetch_one`, which stops before the statement has committed.
    .fetch_all(&mut *connection)
    .await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(row::one_use(row, attempt)?)
}
