//! Rows as records, whichever database they come from.

use portcullis::{
    session::{
        ApplicationToken, AttemptId, Device, Grant, OneUse, Revocation, RevocationReason, Revoked,
        SecretDigest, SessionCursor, SessionId, SessionPage, SessionRecord, StoreError,
    },
    subject::Subject,
    time::Timestamp,
};

/// The columns of a session but `id`.
macro_rules! session_columns {
    () => {
        "realm, name, client, generation, created_at, rotated_at, idle_deadline, \
         absolute_deadline, secret_digest, refresh_key, granted, user_agent, address, \
         rotated_by, rotated_from, late_retry_by, revoked_at, revoked_reason, revoked_by"
    };
}
pub(crate) use session_columns;

/// A row whose columns have names. A column that is missing, or of another
/// type, is an error that no waiting cures.
pub(crate) trait Columns {
    fn text(&self, column: &'static str) -> Result<Option<&str>, StoreError>;
    fn integer(&self, column: &'static str) -> Result<Option<i64>, StoreError>;
    fn bytes(&self, column: &'static str) -> Result<Option<&[u8]>, StoreError>;
}

macro_rules! columns {
    ($row:ty) => {
        impl Columns for $row {
            fn text(&self, column: &'static str) -> Result<Option<&str>, StoreError> {
                sqlx::Row::try_get(self, column).map_err(StoreError::corrupt)
            }

            fn integer(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
                sqlx::Row::try_get(self, column).map_err(StoreError::corrupt)
            }

            fn bytes(&self, column: &'static str) -> Result<Option<&[u8]>, StoreError> {
                sqlx::Row::try_get(self, column).map_err(StoreError::corrupt)
            }
        }
    };
}

#[cfg(feature = "sqlite")]
columns!(sqlx::sqlite::SqliteRow);
#[cfg(feature = "postgres")]
columns!(sqlx::postgres::PgRow);

/// Reads a row that has `id` and [`session_row`](crate::log_out::session_row).
pub(crate) fn session(row: &impl Columns) -> Result<SessionRecord, StoreError> {
    Ok(SessionRecord {
        id: session_id(row)?,
        subject: subject(row)?,
        client: row.text("client")?.map(str::to_owned),
        generation: unsigned(integer(row, "generation")?)?,
        created_at: time(row, "created_at")?,
        rotated_at: time(row, "rotated_at")?,
        idle_deadline: time(row, "idle_deadline")?,
        absolute_deadline: time(row, "absolute_deadline")?,
        secret_digest: SecretDigest::from_bytes(exactly(
            row.bytes("secret_digest")?.ok_or_else(missing)?,
        )?),
        refresh_key: text(row, "refresh_key")?.into(),
        grant: Grant::from_json(text(row, "granted")?)?,
        device: Device::from_stored(
            row.text("user_agent")?.map(str::to_owned),
            row.text("address")?,
        ),
        rotated_by: attempt_id(row, "rotated_by")?,
        rotated_from: unsigned(integer(row, "rotated_from")?)?,
        late_retry_by: attempt_id(row, "late_retry_by")?,
        revoked: revoked(row)?,
    })
}

/// Some of the sessions of a subject, from rows that are in order. Those that cannot be
/// read are left out, but count for whether there may be more. The next page is behind the last
/// row that has a place; those after it come once more.
pub(crate) fn page(rows: &[impl Columns], limit: u32) -> Result<SessionPage, StoreError> {
    let is_full = u32::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let next = if is_full { last_place(rows)? } else { None };
    Ok(SessionPage {
        next,
        sessions: readable(rows.iter().map(session)).collect(),
    })
}

/// The place of the last row that has one; an error if there are rows, but none that has.
fn last_place(rows: &[impl Columns]) -> Result<Option<SessionCursor>, StoreError> {
    let mut odd = None;
    for row in rows.iter().rev() {
        match place(row) {
            Ok(place) => return Ok(Some(place)),
            Err(error) => odd = Some(error),
        }
    }
    odd.map_or(Ok(None), Err)
}

fn place(row: &impl Columns) -> Result<SessionCursor, StoreError> {
    Ok(SessionCursor {
        created_at: time(row, "created_at")?,
        id: session_id(row)?,
    })
}

/// Reads a row that has `id` and `created_at`.
pub(crate) fn application_token(
    row: &impl Columns,
    subject: &Subject,
) -> Result<ApplicationToken, StoreError> {
    Ok(ApplicationToken {
        id: text(row, "id")?.to_owned(),
        subject: subject.clone(),
        created_at: time(row, "created_at")?,
    })
}

/// Reads a row that has `first` and `elapsed`: who used first what `attempt`
/// uses.
pub(crate) fn one_use(row: &impl Columns, attempt: AttemptId) -> Result<OneUse, StoreError> {
    let first = attempt_id(row, "first")?.ok_or_else(missing)?;
    let elapsed = unsigned(integer(row, "elapsed")?)?;
    Ok(OneUse::of(
        attempt,
        first,
        std::time::Duration::from_millis(elapsed),
    ))
}

pub(crate) fn session_id(row: &impl Columns) -> Result<SessionId, StoreError> {
    SessionId::parse(text(row, "id")?).ok_or_else(|| StoreError::corrupt("not a session id"))
}

pub(crate) fn subject(row: &impl Columns) -> Result<Subject, StoreError> {
    Ok(Subject::new(text(row, "realm")?, text(row, "name")?))
}

pub(crate) fn reason(row: &impl Columns) -> Result<RevocationReason, StoreError> {
    row.text("revoked_reason")
        .map(RevocationReason::from_stored)
}

/// A session that has ended, of [`revocations`](crate::revocations). `None`: no token of ours can have its name, so that
/// nothing is lost by leaving it out. Whose it was is no matter.
pub(crate) fn ended_session(row: &impl Columns) -> Result<Option<Revocation>, StoreError> {
    let Some(id) = SessionId::parse(text(row, "first")?) else {
        tracing::warn!("the store has a session whose name is none of ours");
        return Ok(None);
    };
    Ok(Some(Revocation::Session {
        id,
        subject: subject(row).unwrap_or_else(|_| Subject::new("", "")),
        at: time(row, "at")?,
        reason: reason(row)?,
    }))
}

/// Those of several rows that can be read, for a list that people look at. One that
/// cannot is left out, and said so: it must not hide the others.
pub(crate) fn readable<T>(
    rows: impl IntoIterator<Item = Result<T, StoreError>>,
) -> impl Iterator<Item = T> {
    rows.into_iter().filter_map(|row| {
        row.inspect_err(|error| {
            tracing::error!(error = error.cause(), "a row cannot be read");
        })
        .ok()
    })
}

pub(crate) fn time(row: &impl Columns, column: &'static str) -> Result<Timestamp, StoreError> {
    integer(row, column).map(Timestamp::from_millis)
}

pub(crate) fn text<'r>(row: &'r impl Columns, column: &'static str) -> Result<&'r str, StoreError> {
    row.text(column)?.ok_or_else(missing)
}

pub(crate) fn integer(row: &impl Columns, column: &'static str) -> Result<i64, StoreError> {
    row.integer(column)?.ok_or_else(missing)
}

pub(crate) fn unsigned(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(StoreError::corrupt)
}

/// As the database keeps it. No generation or number of ours is as high as the
/// limit.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Whole milliseconds, at most some 36 million years: sums with a time do not
/// overflow.
pub(crate) fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).map_or(1 << 60, |millis| millis.min(1 << 60))
}

fn revoked(row: &impl Columns) -> Result<Option<Revoked>, StoreError> {
    let Some(at) = row.integer("revoked_at")? else {
        let others = [
            (
                row.integer("cut_off_at")?,
                RevocationReason::LogoutEverybody,
            ),
            (
                row.integer("log_out_at")?,
                RevocationReason::LogoutEverywhere,
            ),
        ];
        let ended = others.into_iter().filter_map(|(at, reason)| {
            Some(Revoked {
                at: Timestamp::from_millis(at?),
                reason,
                by: None,
            })
        });
        return Ok(ended.min_by_key(|ended| ended.at));
    };
    Ok(Some(Revoked {
        at: Timestamp::from_millis(at),
        reason: reason(row)?,
        by: attempt_id(row, "revoked_by")?,
    }))
}

fn attempt_id(row: &impl Columns, column: &'static str) -> Result<Option<AttemptId>, StoreError> {
    let value = row.bytes(column)?;
    value
        .map(|value| exactly(value).map(AttemptId::from_bytes))
        .transpose()
}

fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], StoreError> {
    value.try_into().map_err(StoreError::corrupt)
}

fn missing() -> StoreError {
    StoreError::corrupt("a value is missing")
}
