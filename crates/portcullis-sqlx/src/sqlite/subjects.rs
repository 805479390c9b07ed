//! What must be ordered: a subject's logins, application tokens and log-outs everywhere.

use portcullis::{
    session::{
        ApplicationToken, Grant, LoginTicket, RevocationReason, RevokedAll, SessionId, StoreError,
        TokenAdded,
    },
    subject::Subject,
    time::Timestamp,
};
use sqlx::{Connection, SqliteConnection};

use super::error::unavailable;
use crate::{
    cut_off::{cut_off, last_cut_off, stands},
    log_out::{BATCH, LIMIT, is_personal, log_out},
    row::{self, signed},
};

pub(super) async fn login_ticket(
    connection: &mut SqliteConnection,
) -> Result<LoginTicket, StoreError> {
    let number: i64 = sqlx::query_scalar("SELECT number FROM portcullis_order")
        .fetch_one(&mut *connection)
        .await
        .map_err(unavailable)?;
    row::unsigned(number).map(LoginTicket::from_sequence)
}

/// Lists a token unless there is a reason against it, in one transaction.
pub(super) async fn add_application_token(
    connection: &mut SqliteConnection,
    token: &ApplicationToken,
    limit: u32,
    ticket: LoginTicket,
) -> Result<TokenAdded, StoreError> {
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    let (overtaken, known, live): (bool, Option<bool>, i64) = sqlx::query_as(concat!(
        "SELECT forgotten > ?4 OR ",
        last_cut_off!("?2"),
        " > ?4 OR EXISTS (SELECT 1 FROM portcullis_log_outs \
                  WHERE realm = ?2 AND name = ?3 AND number > ?4), \
         (SELECT removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        " FROM portcullis_application_tokens WHERE id = ?1), \
         (SELECT count(*) FROM portcullis_application_tokens \
                  WHERE realm = ?2 AND name = ?3 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        ") FROM portcullis_order"
    ))
    .bind(token.id.as_str())
    .bind(token.subject.realm())
    .bind(token.subject.name())
    .bind(signed(ticket.sequence()))
    .fetch_one(&mut *transaction)
    .await
    .map_err(unavailable)?;
    match known {
        _ if overtaken => return Ok(TokenAdded::LoggedOutMeanwhile),
        Some(true) => return Ok(TokenAdded::Added),
        Some(false) => return Ok(TokenAdded::LoggedOutMeanwhile),
        None if live >= i64::from(limit) => return Ok(TokenAdded::LimitReached),
        None => {}
    }
    sqlx::query(
        "INSERT INTO portcullis_application_tokens (id, realm, name, created_at, ticket) \
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .bind(token.id.as_str())
    .bind(token.subject.realm())
    .bind(token.subject.name())
    .bind(token.created_at.as_millis())
    .bind(signed(ticket.sequence()))
    .execute(&mut *transaction)
    .await
    .map_err(unavailable)?;
    transaction.commit().await.map_err(unavailable)?;
    Ok(TokenAdded::Added)
}

/// Numbers the log-out, ends the sessions and removes the application tokens,
/// in one transaction; of very many sessions some, and the others [later](end_rest).
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
         WHERE id IN (SELECT id FROM portcullis_sessions \
             WHERE realm = ?1 AND name = ?2 AND revoked_at IS NULL AND ",
        stands!("portcullis_sessions"),
        " LIMIT ?5) RETURNING id"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .bind(RevocationReason::LogoutEverywhere.as_str())
    .bind(LIMIT)
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
    if sessions.len() == BATCH {
        sqlx::query(
            "INSERT INTO portcullis_ending (realm, name, number, at) \
             SELECT ?1, ?2, number, ?3 FROM portcullis_order WHERE true \
             ON CONFLICT (realm, name) DO UPDATE SET number = excluded.number, at = excluded.at",
        )
        .bind(subject.realm())
        .bind(subject.name())
        .bind(now.as_millis())
        .execute(&mut *transaction)
        .await
        .map_err(unavailable)?;
    }
    transaction.commit().await.map_err(unavailable)?;
    Ok(RevokedAll {
        sessions: row::readable(sessions.iter().map(row::session_id)).collect(),
        application_tokens: tokens
            .iter()
            .map(|row| row::text(row, "id").map(str::to_owned))
            .collect::<Result<_, _>>()?,
    })
}

/// The number of a log-out whose sessions are not all written yet, if there is one.
pub(super) async fn unfinished(
    connection: &mut SqliteConnection,
    subject: &Subject,
) -> Result<Option<i64>, StoreError> {
    sqlx::query_scalar("SELECT number FROM portcullis_ending WHERE realm = ?1 AND name = ?2")
        .bind(subject.realm())
        .bind(subject.name())
        .fetch_optional(&mut *connection)
        .await
        .map_err(unavailable)
}

/// Writes that sessions have ended that an unfinished log-out has ended, a batch of them:
/// which. They bear the time of now, by which snapshots find them.
pub(super) async fn end_rest(
    connection: &mut SqliteConnection,
    subject: &Subject,
    number: i64,
    limit: i64,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let rows = sqlx::query(concat!(
        "UPDATE portcullis_sessions SET revoked_at = ?3, revoked_reason = ?4 \
         WHERE id IN (SELECT id FROM portcullis_sessions \
             WHERE realm = ?1 AND name = ?2 AND revoked_at IS NULL AND ",
        log_out!(),
        " IS NOT NULL LIMIT ?5) RETURNING id"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .bind(RevocationReason::LogoutEverywhere.as_str())
    .bind(limit)
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    if i64::try_from(rows.len()).is_ok_and(|count| count < limit) {
        // Not if there was another log-out meanwhile, whose sessions are not written.
        sqlx::query("DELETE FROM portcullis_ending WHERE realm = ?1 AND name = ?2 AND number = ?3")
            .bind(subject.realm())
            .bind(subject.name())
            .bind(number)
            .execute(&mut *connection)
            .await
            .map_err(unavailable)?;
    }
    Ok(row::readable(rows.iter().map(row::session_id)).collect())
}

/// Forgets who the subject was in a batch of the sessions that have ended: how many.
pub(super) async fn forget(
    connection: &mut SqliteConnection,
    subject: &Subject,
) -> Result<u64, StoreError> {
    let forgotten = sqlx::query(concat!(
        "UPDATE portcullis_sessions SET user_agent = NULL, address = NULL, granted = ?3 \
         WHERE id IN (SELECT id FROM ( \
             SELECT id FROM portcullis_sessions \
                 WHERE realm = ?1 AND name = ?2 AND revoked_at IS NOT NULL AND ",
        is_personal!("?3"),
        " UNION ALL SELECT id FROM portcullis_sessions \
                 WHERE realm = ?1 AND name = ?2 AND revoked_at IS NULL AND ",
        is_personal!("?3"),
        " AND ",
        cut_off!("portcullis_sessions"),
        " IS NOT NULL) AS ended LIMIT ?4)"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(Grant::default().to_json()?)
    .bind(LIMIT)
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    Ok(forgotten.rows_affected())
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
