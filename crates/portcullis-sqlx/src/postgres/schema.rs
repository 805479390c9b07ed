//! The tables, their versions, and forgetting.

use std::time::Duration;

use portcullis::session::StoreError;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{
    clock::clock,
    error::Failure,
    pool::{Pool, run},
};
use crate::{
    cut_off::cut_off,
    migrations::{Dialect, Migration, Tables},
    row,
};

const DIALECT: Dialect = Dialect {
    integer: "bigint",
    strict: "",
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

/// The name of the lock that nodes which start at once wait for: "portcull".
const LOCK: i64 = i64::from_be_bytes(*b"portcull");

/// How long one step of work may take that no request waits for.
const LONG: Duration = Duration::from_secs(300);

/// How many rows one transaction forgets.
const BATCH: i64 = 5000;

/// Brings the tables up to date, whichever version they are of.
pub(super) async fn migrate(pool: &Pool) -> Result<(), StoreError> {
    run!(pool.long_call(LONG), |connection| bring_up_to_date(
        connection
    ))
}

/// That the tables are as this version needs them.
pub(super) async fn check(pool: &Pool) -> Result<(), StoreError> {
    run!(pool.call(), |connection| tables(connection))?.check(&MIGRATIONS)
}

async fn bring_up_to_date(connection: &mut PgConnection) -> Result<(), Failure> {
    // Without a lock or the right to make tables, if they are there.
    if tables(connection).await?.missing(&MIGRATIONS)?.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    take_time(&mut transaction).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await?;
    for step in tables(&mut transaction).await?.missing(&MIGRATIONS)? {
        sqlx::raw_sql(AssertSqlSafe(step.sql()))
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
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

/// Forgets what has been over for longer than `keep`; how many rows went. Rows
/// that somebody else has locked are left for the next time.
pub(super) async fn purge(
    pool: &Pool,
    keep: Duration,
    now: Option<i64>,
) -> Result<u64, StoreError> {
    let now = run!(pool.call(), |connection| time(connection, now))?;
    let since = now.saturating_sub(row::millis(keep));
    let mut gone = 0;
    for (sql, limit) in [
        (
            "DELETE FROM portcullis_sessions WHERE id = ANY (ARRAY( \
                 SELECT id FROM portcullis_sessions WHERE idle_deadline < $2 \
                     OR absolute_deadline < $2 OR revoked_at < $2 \
                 LIMIT $1 FOR UPDATE SKIP LOCKED))",
            since,
        ),
        (
            "DELETE FROM portcullis_application_tokens WHERE id = ANY (ARRAY( \
                 SELECT id FROM portcullis_application_tokens WHERE removed_at < $2 \
                 LIMIT $1 FOR UPDATE SKIP LOCKED))",
            since,
        ),
        // Apart: no row of a realm that was never cut off is looked at.
        (
            concat!(
                "DELETE FROM portcullis_application_tokens WHERE id = ANY (ARRAY( \
                     SELECT id FROM portcullis_application_tokens \
                     WHERE realm IN (SELECT realm FROM portcullis_cut_offs WHERE at < $2) \
                     AND removed_at IS NULL AND ",
                cut_off!("portcullis_application_tokens"),
                " < $2 LIMIT $1 FOR UPDATE SKIP LOCKED))"
            ),
            since,
        ),
        (
            "DELETE FROM portcullis_revoked_tokens WHERE (realm, id) IN ( \
                 SELECT realm, id FROM portcullis_revoked_tokens WHERE until <= $2 \
                 LIMIT $1 FOR UPDATE SKIP LOCKED)",
            now,
        ),
        (
            "DELETE FROM portcullis_once WHERE digest = ANY (ARRAY( \
                 SELECT digest FROM portcullis_once WHERE expires <= $2 \
                 LIMIT $1 FOR UPDATE SKIP LOCKED))",
            now,
        ),
        // The log-outs, whose numbers are remembered in the same transaction.
        (
            "WITH gone AS (DELETE FROM portcullis_subjects WHERE (realm, name) IN ( \
                 SELECT realm, name FROM portcullis_subjects WHERE at < $2 \
                 LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING number), \
             kept AS (UPDATE portcullis_order SET forgotten = greatest(forgotten, \
                 (SELECT max(number) FROM gone)) WHERE EXISTS (SELECT 1 FROM gone)) \
             SELECT number FROM gone",
            since,
        ),
    ] {
        gone += in_batches(pool, sql, Some(limit)).await?;
    }
    // What is left of subjects that have nothing any more is no row that anyone
    // would count.
    in_batches(
        pool,
        "DELETE FROM portcullis_subjects WHERE (realm, name) IN ( \
             SELECT realm, name FROM portcullis_subjects AS subject \
             WHERE at IS NULL AND NOT EXISTS (SELECT 1 \
                 FROM portcullis_sessions AS session \
                 WHERE session.realm = subject.realm AND session.name = subject.name) \
             LIMIT $1 FOR UPDATE SKIP LOCKED)",
        None,
    )
    .await?;
    Ok(gone)
}

async fn time(connection: &mut PgConnection, now: Option<i64>) -> Result<i64, Failure> {
    Ok(
        sqlx::query_scalar(concat!("SELECT clock.now FROM ", clock!("$1")))
            .bind(now)
            .fetch_one(&mut *connection)
            .await?,
    )
}

async fn in_batches(pool: &Pool, sql: &'static str, limit: Option<i64>) -> Result<u64, StoreError> {
    let mut gone = 0;
    loop {
        let batch = run!(pool.long_call(LONG), |connection| batch(
            connection, sql, limit
        ))?;
        gone += batch;
        if batch < BATCH.unsigned_abs() {
            return Ok(gone);
        }
    }
}

async fn batch(
    connection: &mut PgConnection,
    sql: &'static str,
    limit: Option<i64>,
) -> Result<u64, Failure> {
    let mut transaction = connection.begin().await?;
    take_time(&mut transaction).await?;
    let mut statement = sqlx::query(sql).bind(BATCH);
    if let Some(limit) = limit {
        statement = statement.bind(limit);
    }
    let result = statement.execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(result.rows_affected())
}

/// Lets the statements of this transaction take longer than those of requests.
async fn take_time(connection: &mut PgConnection) -> Result<(), Failure> {
    let statement = format!("SET LOCAL statement_timeout = {}", LONG.as_millis());
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut *connection)
        .await?;
    Ok(())
}
