//! Where the nodes of key rings meet.

use portcullis::{session::StoredRing, time::Timestamp};
use sqlx::PgConnection;

use super::{clock::clock, error::Failure};
use crate::row;

pub(super) async fn key_ring(
    connection: &mut PgConnection,
    name: &str,
    now: Option<i64>,
) -> Result<StoredRing, Failure> {
    let (now, version, record): (i64, Option<i64>, Option<String>) = sqlx::query_as(concat!(
        "SELECT clock.now, ring.version, ring.record FROM ",
        clock!("$2"),
        " LEFT JOIN portcullis_key_rings AS ring ON ring.name = $1"
    ))
    .bind(name)
    .bind(now)
    .fetch_one(connection)
    .await?;
    Ok(StoredRing {
        version: row::unsigned(version.unwrap_or(0))?,
        record: record.unwrap_or_default(),
        now: Timestamp::from_millis(now),
    })
}

pub(super) async fn replace_key_ring(
    connection: &mut PgConnection,
    name: &str,
    version: u64,
    record: &str,
) -> Result<bool, Failure> {
    let sql = match version {
        0 => {
            "INSERT INTO portcullis_key_rings (name, version, record) VALUES ($1, $2 + 1, $3) \
             ON CONFLICT (name) DO NOTHING"
        }
        _ => {
            "UPDATE portcullis_key_rings SET version = version + 1, record = $3 \
             WHERE name = $1 AND version = $2"
        }
    };
    let result = sqlx::query(sql)
        .bind(name)
        .bind(row::signed(version))
        .bind(record)
        .execute(connection)
        .await?;
    Ok(result.rows_affected() == 1)
}
