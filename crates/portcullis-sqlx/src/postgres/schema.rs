//! The tables, and their versions.

use std::time::Duration;

use portcullis::session::StoreError;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{
    error::Failure,
    pool::{Pool, run},
};
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

/// The name of the lock that nodes which start at once wait for: "portcull".
const LOCK: i64 = i64::from_be_bytes(*b"portcull");

/// How long one step of work may take that no request waits for.
const LONG: Duration = Duration::from_secs(300);

/// Brings the tables up to date, whichever version they are of.
pub(super) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    run!(pool.long_call(LONG), |connection| bring_up_to_date(
        connection
    ))
}

async fn bring_up_to_date(connection: &mut PgConnection) -> Result<(), Failure> {
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    // Without a lock or the right to make tables, if they are there.
    if version(connection).await? == newest {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    take_time(&mut transaction).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await?;
    let version = version(&mut transaction).await?;
    for (step, sql) in migrations::missing(&MIGRATIONS, version)? {
        if step == 1 {
            sqlx::query("CREATE TABLE portcullis_schema (version bigint PRIMARY KEY)")
                .execute(&mut *transaction)
                .await?;
        }
        sqlx::raw_sql(sql).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO portcullis_schema (version) VALUES ($1)")
            .bind(step)
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}

async fn version(connection: &mut PgConnection) -> Result<i64, Failure> {
    // Not `to_regclass`, which remembers within a transaction that there was no
    // such table.
    let exists: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM pg_class \
         WHERE relname = 'portcullis_schema' AND pg_table_is_visible(oid))",
    )
    .fetch_one(&mut *connection)
    .await?;
    if !exists {
        return Ok(0);
    }
    Ok(
        sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM portcullis_schema")
            .fetch_one(&mut *connection)
            .await?,
    )
}

/// Lets the statements of this transaction take longer than those of requests.
async fn take_time(connection: &mut PgConnection) -> Result<(), Failure> {
    let statement = format!("SET LOCAL statement_timeout = {}", LONG.as_millis());
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut *connection)
        .await?;
    Ok(())
}
