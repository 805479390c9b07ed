//! Where the nodes of key rings meet.

use portcullis::{
    session::{StoreError, StoredRing},
    time::Timestamp,
};
use sqlx::SqliteConnection;

use super::error::unavailable;
use crate::row::{signed, unsigned};

pub(super) async fn key_ring(
    connection: &mut SqliteConnection,
    name: &str,
    now: Timestamp,
) -> Result<StoredRing, StoreError> {
    let found: Option<(i64, String)> =
        sqlx::query_as("SELECT version, record FROM portcullis_key_rings WHERE name = ?1")
            .bind(name)
            .fetch_optional(connection)
            .await
            .map_err(unavailable)?;
    let (version, record) = found.unwrap_or_default();
    Ok(StoredRing {
        version: unsigned(version)?,
        record,
        now,
    })
}

pub(super) async fn replace_key_ring(
    connection: &mut SqliteConnection,
    name: &str,
    version: u64,
    record: &str,
) -> Result<bool, StoreError> {
    let sql = match version {
        0 => {
            "INSERT INTO portcullis_key_rings (name, version, record) VALUES (?1, ?2 + 1, ?3) \
             ON CONFLICT (name) DO NOTHING"
        }
        _ => {
            "UPDATE portcullis_key_rings SET version = version + 1, record = ?3 \
             WHERE name = ?1 AND version = ?2"
        }
    };
    let result = sqlx::query(sql)
        .bind(name)
        .bind(signed(version))
        .bind(record)
        .execute(connection)
        .await
        .map_err(unavailable)?;
    Ok(result.rows_affected() == 1)
}
