//! The tables, and their versions.

use std::time::Duration;

use portcullis::session::StoreError;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::time::sleep;

use super::{
    beforehand,
    error::Failure,
    pool::{Pool, run},
};
use crate::migrations::{Dialect, Migration, Tables};

const DIALECT: Dialect = Dialect {
    integer: "bigint",
    strict: "",
};

/// One entry per version, in order; what has been released never changes.
pub(super) static MIGRATIONS: [Migration; 7] = [
    Migration::alone(1, include_str!("schema_1.sql"), DIALECT),
    Migration::alone(2, include_str!("schema_2.sql"), DIALECT),
    Migration::alone(3, include_str!("schema_3.sql"), DIALECT),
    Migration::alone(4, include_str!("schema_4.sql"), DIALECT),
    Migration::alone(5, include_str!("schema_5.sql"), DIALECT),
    Migration::beside(6, 5, include_str!("schema_6.sql"), DIALECT),
    Migration::beside(7, 5, include_str!("schema_7.sql"), DIALECT),
];

/// The name of the lock that nodes which start at once wait for: "portcull".
const LOCK: i64 = i64::from_be_bytes(*b"portcull");

/// How long one step of work may take that no request waits for.
const LONG: Duration = Duration::from_secs(300);

/// How long a step waits for a lock: others wait behind it, and calls not much longer.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long those have then until the step is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// How often it is tried.
const TRIES: u32 = 60;

/// Brings the tables up to date, whichever version they are of.
pub(super) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    let schema = pool.settings().schema();
    for _ in 0..TRIES {
        let call = pool.long_call(LONG);
        if run!(call, |connection| bring_up_to_date(connection, schema))? {
            return Ok(());
        }
        sleep(PAUSE).await;
    }
    Err(StoreError::unavailable(
        "the tables cannot be brought up to date while somebody's transaction holds them: end it, \
         see pg_stat_activity",
    ))
}

/// That the tables are as this version needs them.
pub(super) async fn check(pool: &Pool) -> Result<(), StoreError> {
    run!(pool.call(), |connection| tables(connection))?.check(&MIGRATIONS)
}

/// Whether that was done: not if somebody else holds the tables.
async fn bring_up_to_date(
    connection: &mut PgConnection,
    schema: Option<&str>,
) -> Result<bool, Failure> {
    // Without a lock or the right to make tables, if they are there.
    if tables(connection).await?.missing(&MIGRATIONS)?.is_empty() {
        return Ok(true);
    }
    let mut transaction = connection.begin().await?;
    match make_steps(&mut transaction, schema).await {
        Ok(()) => transaction.commit().await?,
        Err(failure) if failure.is_locked_out() => {
            transaction.rollback().await?;
            return Ok(false);
        }
        Err(failure) => return Err(failure),
    }
    Ok(true)
}

async fn make_steps(connection: &mut PgConnection, schema: Option<&str>) -> Result<(), Failure> {
    take_time(connection).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *connection)
        .await?;
    if let Some(schema) = schema {
        make_schema(connection, schema).await?;
    }
    let tables = tables(connection).await?;
    let steps = tables.missing(&MIGRATIONS)?;
    have_no_patience(connection).await?;
    beforehand::look(connection, steps).await?;
    for step in steps {
        sqlx::raw_sql(AssertSqlSafe(step.sql()))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Makes the schema, if it is not there: else who may not make one is not asked to.
async fn make_schema(connection: &mut PgConnection, schema: &str) -> Result<(), Failure> {
    let is_there: bool = sqlx::query_scalar("SELECT current_schema() IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !is_there {
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA {schema}")))
            .execute(connection)
            .await?;
    }
    Ok(())
}

async fn tables(connection: &mut PgConnection) -> Result<Tables, Failure> {
    // Not `to_regclass`, which remembers within a transaction that there was no
    // such table.
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT relname::text FROM pg_class \
         WHERE relname IN ('portcullis_schema', 'portcullis_versions') \
         AND pg_table_is_visible(oid)",
    )
    .fetch_all(&mut *connection)
    .await?;
    let Some(sql) = Tables::notes(&tables) else {
        return Ok(Tables::default());
    };
    let notes: Vec<(i64, i64)> = sqlx::query_as(sql).fetch_all(&mut *connection).await?;
    Ok(Tables::from_notes(&notes))
}

/// Lets the statements of this transaction take longer than those of requests.
async fn take_time(connection: &mut PgConnection) -> Result<(), Failure> {
    let statement = format!("SET LOCAL statement_timeout = {}", LONG.as_millis());
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Has the statements of this transaction fail rather than let others wait behind them.
async fn have_no_patience(connection: &mut PgConnection) -> Result<(), Failure> {
    let statement = format!("SET LOCAL lock_timeout = {}", PATIENCE.as_millis());
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut *connection)
        .await?;
    Ok(())
}
