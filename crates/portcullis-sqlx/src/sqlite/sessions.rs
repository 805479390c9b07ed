//! The sessions themselves.

use std::num::NonZeroU32;

use portcullis::{
    session::{
        Created, LoginTicket, NewSession, RevocationReason, SessionCursor, SessionId, SessionPage,
        SessionRecord, StoreError,
    },
    subject::Subject,
    time::Timestamp,
};
use sqlx::{Connection, SqliteConnection};

use super::error::unavailable;
use crate::{
    cut_off::last_cut_off,
    log_out::{EVICTED, goes_on, session_row},
    row::{self, session_columns, signed},
};

/// Begins a session unless a log-out overtook the ticket, or finds the one that
/// the same call began before. Where there is a limit, those that are too many end in the
/// same transaction; else it is one statement.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    session: &NewSession,
    now: Timestamp,
    ticket: LoginTicket,
) -> Result<Created, StoreError> {
    let Some(limit) = session.limit else {
        return begin(connection, session, now, ticket).await;
    };
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    let is_known: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM portcullis_sessions WHERE id = ?1)")
            .bind(session.id.as_str())
            .fetch_one(&mut *transaction)
            .await
            .map_err(unavailable)?;
    let mut created = begin(&mut transaction, session, now, ticket).await?;
    if let (Created::Session { evicted, .. }, false) = (&mut created, is_known) {
        *evicted = make_room(&mut transaction, session, limit, now).await?;
    }
    transaction.commit().await.map_err(unavailable)?;
    Ok(created)
}

async fn begin(
    connection: &mut SqliteConnection,
    session: &NewSession,
    now: Timestamp,
    ticket: LoginTicket,
) -> Result<Created, StoreError> {
    let first = session.clone().into_record(now);
    let ends_at = first.idle_deadline.min(first.absolute_deadline);
    let created = sqlx::query(concat!(
        "INSERT INTO portcullis_sessions (id, ",
        session_columns!(),
        ", ticket, purge_at, device_at) \
         SELECT ?1, ?2, ?3, ?4, 0, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
           NULL, 0, NULL, NULL, NULL, NULL, ?13, ?14, ?5 \
         WHERE NOT EXISTS (SELECT 1 FROM portcullis_log_outs \
                           WHERE realm = ?2 AND name = ?3 AND number > ?13) \
           AND (SELECT forgotten FROM portcullis_order) <= ?13 AND ",
        last_cut_off!("?2"),
        " <= ?13 \
         ON CONFLICT (id) DO UPDATE SET generation = generation RETURNING id, ",
        session_row!()
    ))
    .bind(first.id.as_str())
    .bind(first.subject.realm())
    .bind(first.subject.name())
    .bind(first.client.as_deref())
    .bind(first.created_at.as_millis())
    .bind(first.idle_deadline.as_millis())
    .bind(first.absolute_deadline.as_millis())
    .bind(&first.secret_digest.as_bytes()[..])
    .bind(first.refresh_key.as_ref())
    .bind(first.grant.to_json()?)
    .bind(first.device.user_agent.as_deref())
    .bind(first.device.address.map(|address| address.to_string()))
    .bind(signed(ticket.sequence()))
    .bind(ends_at.as_millis())
    // Not `fetch_optional`, which stops before the statement has committed.
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    let Some(created) = created.first() else {
        return Ok(Created::LoggedOutMeanwhile);
    };
    let created = row::session(created)?;
    if session.is_of(&created) {
        Ok(Created::session(created))
    } else {
        Err(StoreError::corrupt("another session has this id"))
    }
}

/// Ends those live sessions of the subject that are too many beside the new one, the longest
/// idle first, and [`EVICTED`] at most: which.
async fn make_room(
    connection: &mut SqliteConnection,
    session: &NewSession,
    limit: NonZeroU32,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let evicted = sqlx::query(concat!(
        "UPDATE portcullis_sessions SET revoked_at = ?4, revoked_reason = ?5 \
         WHERE id IN (SELECT id FROM (SELECT id, rotated_at, created_at FROM portcullis_sessions \
             WHERE realm = ?2 AND name = ?3 AND id <> ?1 AND revoked_at IS NULL AND ",
        goes_on!(),
        " AND ?4 < idle_deadline AND ?4 < absolute_deadline \
             ORDER BY rotated_at DESC, created_at DESC, id DESC LIMIT -1 OFFSET ?6) \
             ORDER BY rotated_at, created_at, id LIMIT ?7) RETURNING id"
    ))
    .bind(session.id.as_str())
    .bind(session.subject.realm())
    .bind(session.subject.name())
    .bind(now.as_millis())
    .bind(RevocationReason::Evicted.as_str())
    .bind(i64::from(limit.get() - 1))
    .bind(EVICTED)
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    Ok(row::readable(evicted.iter().map(row::session_id)).collect())
}

pub(super) async fn session(
    connection: &mut SqliteConnection,
    id: &SessionId,
) -> Result<Option<SessionRecord>, StoreError> {
    sqlx::query(concat!(
        "SELECT id, ",
        session_row!(),
        " FROM portcullis_sessions WHERE id = ?1"
    ))
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await
    .map_err(unavailable)?
    .as_ref()
    .map(row::session)
    .transpose()
}

/// A page of the live sessions of a subject; the first is behind a place before all.
pub(super) async fn page(
    connection: &mut SqliteConnection,
    subject: &Subject,
    after: Option<&SessionCursor>,
    limit: u32,
    now: Timestamp,
) -> Result<SessionPage, StoreError> {
    let rows = sqlx::query(concat!(
        "SELECT id, ",
        session_row!(),
        " FROM portcullis_sessions WHERE realm = ?1 AND name = ?2 AND revoked_at IS NULL AND ",
        goes_on!(),
        " AND ?3 < idle_deadline AND ?3 < absolute_deadline AND (created_at, id) > (?4, ?5) \
         ORDER BY created_at, id LIMIT ?6"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .bind(after.map_or(i64::MIN, |after| after.created_at.as_millis()))
    .bind(after.map_or("", |after| after.id.as_str()))
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    row::page(&rows, limit)
}

/// How many live sessions a subject has.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    subject: &Subject,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar(concat!(
        "SELECT count(*) FROM portcullis_sessions \
         WHERE realm = ?1 AND name = ?2 AND revoked_at IS NULL AND ",
        goes_on!(),
        " AND ?3 < idle_deadline AND ?3 < absolute_deadline"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .fetch_one(&mut *connection)
    .await
    .map_err(unavailable)?;
    row::unsigned(count)
}

pub(super) async fn revoke(
    connection: &mut SqliteConnection,
    subject: &Subject,
    id: &SessionId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let revoked = sqlx::query(concat!(
        "UPDATE portcullis_sessions SET revoked_at = ?2, revoked_reason = ?3 \
         WHERE id = ?1 AND realm = ?4 AND name = ?5 AND revoked_at IS NULL AND ",
        goes_on!()
    ))
    .bind(id.as_str())
    .bind(now.as_millis())
    .bind(RevocationReason::Logout.as_str())
    .bind(subject.realm())
    .bind(subject.name())
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    Ok(revoked.rows_affected() > 0)
}
