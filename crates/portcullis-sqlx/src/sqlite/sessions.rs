//! The sessions themselves.

use portcullis::{
    session::{
        Created, LoginTicket, NewSession, RevocationReason, RevokedAll, SessionCursor, SessionId,
        SessionPage, SessionRecord, StoreError,
    },
    subject::Subject,
    time::Timestamp,
};
use sqlx::{Connection, SqliteConnection};

use super::error::unavailable;
use crate::{
    cut_off::{last_cut_off, session_row, stands},
    row::{self, session_columns, signed},
};

/// Begins a session unless a log-out overtook the ticket, or finds the one that
/// the same call began before: one statement.
pub(super) async fn create(
    connection: &mut SqliteConnection,
    session: &NewSession,
    now: Timestamp,
    ticket: LoginTicket,
) -> Result<Created, StoreError> {
    let first = session.clone().into_record(now);
    let created = sqlx::query(concat!(
        "INSERT INTO portcullis_sessions (id, ",
        session_columns!(),
        ", ticket) SELECT ?1, ?2, ?3, ?4, 0, ?5, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, \
           NULL, 0, NULL, NULL, NULL, NULL, ?13 \
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
        stands!("portcullis_sessions"),
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
        stands!("portcullis_sessions"),
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
        stands!("portcullis_sessions")
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

/// Numbers the log-out, ends the sessions and removes the application tokens,
/// in one transaction.
pub(super) async fn revoke_all(
    connection: &mut SqliteConnection,
    subject: &Subject,
    now: Timestamp,
) -> Result<RevokedAll, StoreError> {
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    number_log_out(&mut transaction).await?;
    sqlx::query(
        "INSERT INTO portcullis_log_outs (realm, name, number, at) \
         SELECT ?1, ?2, number, ?3 FROM portcullis_order WHERE true \
         ON CONFLICT (realm, name) DO UPDATE SET number = excluded.number, at = excluded.at",
    )
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .execute(&mut *transaction)
    .await
    .map_err(unavailable)?;
    let sessions = sqlx::query(concat!(
        "UPDATE portcullis_sessions SET revoked_at = ?3, revoked_reason = ?4 \
         WHERE realm = ?1 AND name = ?2 AND revoked_at IS NULL AND ",
        stands!("portcullis_sessions"),
        " RETURNING id"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .bind(RevocationReason::LogoutEverywhere.as_str())
    .fetch_all(&mut *transaction)
    .await
    .map_err(unavailable)?;
    let tokens = sqlx::query(concat!(
        "UPDATE portcullis_application_tokens SET removed_at = ?3 \
         WHERE realm = ?1 AND name = ?2 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        " RETURNING id"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .fetch_all(&mut *transaction)
    .await
    .map_err(unavailable)?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(RevokedAll {
        sessions: row::readable(sessions.iter().map(row::session_id)).collect(),
        application_tokens: tokens
            .iter()
            .map(|row| row::text(row, "id").map(str::to_owned))
            .collect::<Result<_, _>>()?,
    })
}

/// Numbers the log-out of everybody and cuts the realm off, in one transaction. Each has a
/// later time than the one before, by which snapshots tell them apart.
pub(super) async fn revoke_realm(
    connection: &mut SqliteConnection,
    realm: &str,
    now: Timestamp,
) -> Result<Timestamp, StoreError> {
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    number_log_out(&mut transaction).await?;
    let at = sqlx::query_scalar(
        "INSERT INTO portcullis_cut_offs (realm, number, at) \
         SELECT ?1, number, ?2 FROM portcullis_order WHERE true \
         ON CONFLICT (realm) DO UPDATE SET number = excluded.number, \
             at = max(at + 1, excluded.at) \
         RETURNING at",
    )
    .bind(realm)
    .bind(now.as_millis())
    .fetch_one(&mut *transaction)
    .await
    .map_err(unavailable)?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(Timestamp::from_millis(at))
}

/// The next place in the order of log-outs is that of this transaction.
async fn number_log_out(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("UPDATE portcullis_order SET number = number + 1")
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?;
    Ok(())
}
