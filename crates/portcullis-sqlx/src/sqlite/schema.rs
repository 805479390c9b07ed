//! The tables, their versions, and forgetting.

use portcullis::{session::StoreError, time::Timestamp};
use sqlx::{Connection, SqliteConnection, SqlitePool};

use super::error::unavailable;
use crate::{cut_off::cut_off, migrations};

/// One entry per version, in order; what has been released never changes.
const MIGRATIONS: [&str; 5] = [
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
];

/// Brings the tables up to date, whichever version they are of. Processes that
/// start at once wait for each other.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    sqlx::query(
        "CREATE TABLE IF NOT EXISTS portcullis_schema (version INTEGER PRIMARY KEY) STRICT",
    )
    .execute(&mut *transaction)
    .await
    .map_err(unavailable)?;
    let version: i64 =
        sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM portcullis_schema")
            .fetch_one(&mut *transaction)
            .await
            .map_err(unavailable)?;
    for (step, sql) in migrations::missing(&MIGRATIONS, version)? {
        sqlx::raw_sql(sql)
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
        sqlx::query("INSERT INTO portcullis_schema (version) VALUES (?1)")
            .bind(step)
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
    }
    transaction.commit().await.map_err(unavailable)
}

/// Forgets what has been over since before `since`; how many rows went.
pub(super) async fn purge(
    connection: &mut SqliteConnection,
    now: Timestamp,
    since: Timestamp,
) -> Result<u64, StoreError> {
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    sqlx::query(
        "UPDATE portcullis_order SET forgotten = max(forgotten, \
         coalesce((SELECT max(number) FROM portcullis_log_outs WHERE at < ?1), 0))",
    )
    .bind(since.as_millis())
    .execute(&mut *transaction)
    .await
    .map_err(unavailable)?;
    let mut gone = 0;
    for (sql, limit) in [
        (
            "DELETE FROM portcullis_sessions \
             WHERE idle_deadline < ?1 OR absolute_deadline < ?1 OR revoked_at < ?1",
            since,
        ),
        (
            "DELETE FROM portcullis_application_tokens WHERE removed_at < ?1",
            since,
        ),
        // Apart: no row of a realm that was never cut off is looked at.
        (
            concat!(
                "DELETE FROM portcullis_application_tokens \
                 WHERE realm IN (SELECT realm FROM portcullis_cut_offs WHERE at < ?1) \
                 AND removed_at IS NULL AND ",
                cut_off!("portcullis_application_tokens"),
                " < ?1"
            ),
            since,
        ),
        ("DELETE FROM portcullis_log_outs WHERE at < ?1", since),
        (
            "DELETE FROM portcullis_revoked_tokens WHERE until <= ?1",
            now,
        ),
        ("DELETE FROM portcullis_once WHERE expires <= ?1", now),
    ] {
        gone += sqlx::query(sql)
            .bind(limit.as_millis())
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?
            .rows_affected();
    }
    transaction.commit().await.map_err(unavailable)?;
    Ok(gone)
}
