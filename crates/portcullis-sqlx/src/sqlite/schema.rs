//! The tables, and their versions.

use portcullis::session::StoreError;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::error::unavailable;
use crate::migrations::{Dialect, Migration, Tables};

const DIALECT: Dialect = Dialect {
    integer: "INTEGER",
    strict: " STRICT",
};

/// One entry per version, in order; what has been released never changes.
pub(super) static MIGRATIONS: [Migration; 6] = [
    Migration::alone(1, include_str!("schema_1.sql"), DIALECT),
    Migration::alone(2, include_str!("schema_2.sql"), DIALECT),
    Migration::alone(3, include_str!("schema_3.sql"), DIALECT),
    Migration::alone(4, include_str!("schema_4.sql"), DIALECT),
    Migration::alone(5, include_str!("schema_5.sql"), DIALECT),
    Migration::beside(6, 5, include_str!("schema_6.sql"), DIALECT),
];

/// Brings the tables up to date, whichever version they are of. Processes that
/// start at once wait for each other.
pub(super) async fn migrate(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let mut transaction = connection
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
