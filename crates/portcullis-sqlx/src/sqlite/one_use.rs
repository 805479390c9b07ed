//! What may be used once.

use std::time::Duration;

use portcullis::{
    session::{AttemptId, OneUse, SecretDigest, StoreError},
    time::Timestamp,
};
use sqlx::SqliteConnection;

use super::error::unavailable;
use crate::row;

/// Uses a value, or finds who did: one statement. A use that has expired gives
/// its place to the next.
pub(super) async fn use_once(
    connection: &mut SqliteConnection,
    value: &SecretDigest,
    attempt: AttemptId,
    now: Timestamp,
    keep: Duration,
) -> Result<OneUse, StoreError> {
    let rows = sqlx::query(
        "INSERT INTO portcullis_once AS old (digest, first, at, expires) \
         VALUES (?1, ?2, ?3, ?3 + ?4) ON CONFLICT (digest) DO UPDATE SET \
             first = CASE WHEN old.expires <= ?3 THEN excluded.first ELSE old.first END, \
             at = CASE WHEN old.expires <= ?3 THEN excluded.at ELSE old.at END, \
             expires = CASE WHEN old.expires <= ?3 THEN excluded.expires ELSE old.expires END \
         RETURNING first, max(?3 - at, 0) AS elapsed",
    )
    .bind(&value.as_bytes()[..])
    .bind(&attempt.as_bytes()[..])
    .bind(now.as_millis())
    .bind(row::millis(keep))
    // Not `fetch_one`, which stops before the statement has committed.
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    let row = rows
        .first()
        .ok_or_else(|| unavailable(sqlx::Error::RowNotFound))?;
    row::one_use(row, attempt)
}
