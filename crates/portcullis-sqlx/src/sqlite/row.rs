//! Rows as records.

use portcullis::{
    session::{
        AttemptId, Device, Grant, RevocationReason, Revoked, SecretDigest, SessionId,
        SessionRecord, StoreError,
    },
    subject::Subject,
    time::Timestamp,
};
use sqlx::{
    Decode, Row as _, Type,
    sqlite::{Sqlite, SqliteRow},
};

use super::error::unavailable;

/// The columns of a session, for `SELECT` and `RETURNING`.
macro_rules! session_columns {
    () => {
        "id, realm, name, client, generation, created_at, rotated_at, idle_deadline, \
         absolute_deadline, secret_digest, refresh_key, granted, user_agent, address, \
         rotated_by, rotated_from, late_retry_by, revoked_at, revoked_reason, revoked_by"
    };
}
pub(super) use session_columns;

/// Reads a row that has [`session_columns`].
pub(super) fn session(row: &SqliteRow) -> Result<SessionRecord, StoreError> {
    Ok(SessionRecord {
        id: session_id(row)?,
        subject: subject(row)?,
        client: get(row, "client")?,
        generation: unsigned(get(row, "generation")?)?,
        created_at: time(row, "created_at")?,
        rotated_at: time(row, "rotated_at")?,
        idle_deadline: time(row, "idle_deadline")?,
        absolute_deadline: time(row, "absolute_deadline")?,
        secret_digest: SecretDigest::from_bytes(bytes(get(row, "secret_digest")?)?),
        refresh_key: get(row, "refresh_key")?,
        grant: Grant::from_json(get(row, "granted")?)?,
        device: device(row)?,
        rotated_by: attempt_id(row, "rotated_by")?,
        rotated_from: unsigned(get(row, "rotated_from")?)?,
        late_retry_by: attempt_id(row, "late_retry_by")?,
        revoked: revoked(row)?,
    })
}

pub(super) fn session_id(row: &SqliteRow) -> Result<SessionId, StoreError> {
    SessionId::parse(get(row, "id")?).ok_or_else(|| StoreError::corrupt("not a session id"))
}

pub(super) fn subject(row: &SqliteRow) -> Result<Subject, StoreError> {
    let realm: &str = get(row, "realm")?;
    let name: &str = get(row, "name")?;
    Ok(Subject::new(realm, name))
}

pub(super) fn reason(row: &SqliteRow) -> Result<RevocationReason, StoreError> {
    RevocationReason::from_name(get(row, "revoked_reason")?)
        .ok_or_else(|| StoreError::corrupt("not a reason for a revocation"))
}

pub(super) fn time(row: &SqliteRow, column: &'static str) -> Result<Timestamp, StoreError> {
    get(row, column).map(Timestamp::from_millis)
}

pub(super) fn get<'r, T>(row: &'r SqliteRow, column: &'static str) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(column).map_err(unavailable)
}

pub(super) fn unsigned(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(StoreError::corrupt)
}

/// As the database keeps it. No generation or number of ours is as high as the
/// limit.
pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn device(row: &SqliteRow) -> Result<Device, StoreError> {
    let address: Option<&str> = get(row, "address")?;
    let address = address
        .map(str::parse)
        .transpose()
        .map_err(StoreError::corrupt)?;
    Ok(Device::new(get(row, "user_agent")?, address))
}

fn revoked(row: &SqliteRow) -> Result<Option<Revoked>, StoreError> {
    let Some(at) = get(row, "revoked_at")? else {
        return Ok(None);
    };
    Ok(Some(Revoked {
        at: Timestamp::from_millis(at),
        reason: reason(row)?,
        by: attempt_id(row, "revoked_by")?,
    }))
}

fn attempt_id(row: &SqliteRow, column: &'static str) -> Result<Option<AttemptId>, StoreError> {
    let value: Option<&[u8]> = get(row, column)?;
    value
        .map(|value| bytes(value).map(AttemptId::from_bytes))
        .transpose()
}

fn bytes<const N: usize>(value: &[u8]) -> Result<[u8; N], StoreError> {
    value.try_into().map_err(StoreError::corrupt)
}
