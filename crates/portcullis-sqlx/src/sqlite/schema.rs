//! The tables, their versions, and forgetting.

use portcullis::{session::StoreError, time::Timestamp};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, SqlitePool};

use super::error::unavailable;
use crate::{
    cut_off::cut_off,
    migrations::{Dialect, Migration, Tables},
};

const DIALECT: Dialect = Dialect {
    integer: "INTEGER",
    strict: " STRICT",
};

/// One entry per version, in order; what has been released never changes.
pub(super) static MIGRATIONS: [Migration; 5] = [
    Migration::alone(1, include_str!("schema_1.sql"), DIALECT),
    Migration::alone(2, include_str!("schema_2.sql"), DIALECT),
    Migration::alone(3, include_str!("schema_3.sql"), DIALECT),
    Migration::alone(4, include_str!("schema_4.sql"), DIALECT),
    Migration::alone(5, include_str!("schema_5.sql"), DIALECT),
];

/// Brings the tables up to date, whichever version they are of. Processes that
/// start at once wait for each other.
pub(super) async fn migrate(pool: &SqlitePool) -> Result<(), StoreError> {
    let mut transaction = pool
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    for step in tables(&mut transaction).await?.missing(&MIGRATIONS)? {
        sqlx::raw_sql(AssertSqlSafe(step.sql()))
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
    }
    transaction.commit().await.map_err(unavailable)
}

/// That the tables are as this version needs them.
pub(super) async fn check(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    tables(connection).await?.check(&MIGRATIONS)
}

async fn tables(connection: &mut SqliteConnection) -> Result<Tables, StoreError> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_master WHERE type = 'table' \
         AND name IN ('portcullis_schema', 'portcullis_versions')",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    let Some(sql) = Tables::notes(&tables) else {
        return Ok(Tables::default());
    };
    let notes: Vec<(i64, i64)> = sqlx::query_as(sql)
        .fetch_all(&mut *connection)
        .await
        .map_err(unavailable)?;
    Ok(Tables::from_notes(&notes))
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
