//! The tables, and their versions.

use portcullis::session::StoreError;
use sqlx::SqlitePool;

use super::error::unavailable;
use crate::migrations;

/// One entry per version, in order; what has been released never changes.
const MIGRATIONS: [&str; 6] = [
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_7.sql"),
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
