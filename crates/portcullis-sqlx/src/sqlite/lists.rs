//! What is listed beside the sessions: application tokens, revoked tokens,
//! log-outs.

use portcullis::{
    session::{ApplicationToken, LoginTicket, Revocation, StoreError, TokenAdded},
    subject::Subject,
    time::Timestamp,
};
use sqlx::{Connection, SqliteConnection};

use super::error::unavailable;
use crate::{
    cut_off::{last_cut_off, stands},
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

pub(super) async fn application_token_is_live(
    connection: &mut SqliteConnection,
    subject: &Subject,
    id: &str,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(concat!(
        "SELECT EXISTS (SELECT 1 FROM portcullis_application_tokens \
         WHERE id = ?1 AND realm = ?2 AND name = ?3 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        ")"
    ))
    .bind(id)
    .bind(subject.realm())
    .bind(subject.name())
    .fetch_one(&mut *connection)
    .await
    .map_err(unavailable)
}

pub(super) async fn application_tokens(
    connection: &mut SqliteConnection,
    subject: &Subject,
) -> Result<Vec<ApplicationToken>, StoreError> {
    sqlx::query(concat!(
        "SELECT id, created_at FROM portcullis_application_tokens \
         WHERE realm = ?1 AND name = ?2 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        " ORDER BY created_at, id"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?
    .iter()
    .map(|row| row::application_token(row, subject))
    .collect()
}

pub(super) async fn remove_application_token(
    connection: &mut SqliteConnection,
    subject: &Subject,
    id: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let removed = sqlx::query(concat!(
        "UPDATE portcullis_application_tokens SET removed_at = ?2 \
         WHERE id = ?1 AND realm = ?3 AND name = ?4 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens")
    ))
    .bind(id)
    .bind(now.as_millis())
    .bind(subject.realm())
    .bind(subject.name())
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    Ok(removed.rows_affected() > 0)
}

pub(super) async fn revoke_token(
    connection: &mut SqliteConnection,
    subject: &Subject,
    id: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO portcullis_revoked_tokens (id, realm, name, at, until) \
         VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (realm, id) DO UPDATE \
         SET name = excluded.name, at = excluded.at, until = excluded.until \
         WHERE until < excluded.until",
    )
    .bind(id)
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now.as_millis())
    .bind(until.as_millis())
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}

/// Whether a token was revoked itself, or its subject or everybody was logged out at or
/// after `since`.
pub(super) async fn is_revoked(
    connection: &mut SqliteConnection,
    subject: &Subject,
    id: Option<&str>,
    since: Option<Timestamp>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM portcullis_revoked_tokens \
                        WHERE realm = ?1 AND id = ?3 AND until > ?5) \
             OR EXISTS (SELECT 1 FROM portcullis_log_outs \
                        WHERE realm = ?1 AND name = ?2 AND at >= ?4) \
             OR EXISTS (SELECT 1 FROM portcullis_cut_offs WHERE realm = ?1 AND at >= ?4)",
    )
    .bind(subject.realm())
    .bind(subject.name())
    .bind(id)
    .bind(since.map(Timestamp::as_millis))
    .bind(now.as_millis())
    .fetch_one(&mut *connection)
    .await
    .map_err(unavailable)
}

/// What was revoked at or after `since`.
pub(super) async fn revocations(
    connection: &mut SqliteConnection,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<Revocation>, StoreError> {
    let since = since.as_millis();
    let mut revocations = Vec::new();
    let ended = sqlx::query(
        "SELECT id, realm, name, revoked_at, revoked_reason FROM portcullis_sessions \
         WHERE revoked_at >= ?1",
    )
    .bind(since)
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    for row in &ended {
        revocations.extend(row::ended_session(row, "revoked_at")?);
    }
    let tokens = sqlx::query(
        "SELECT id, realm, name, at, until FROM portcullis_revoked_tokens \
         WHERE at >= ?1 AND until > ?2",
    )
    .bind(since)
    .bind(now.as_millis())
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    for row in &tokens {
        revocations.push(Revocation::Token {
            id: row::text(row, "id")?.to_owned(),
            subject: row::subject(row)?,
            at: row::time(row, "at")?,
            until: row::time(row, "until")?,
        });
    }
    let subjects = sqlx::query("SELECT realm, name, at FROM portcullis_log_outs WHERE at >= ?1")
        .bind(since)
        .fetch_all(&mut *connection)
        .await
        .map_err(unavailable)?;
    for row in &subjects {
        revocations.push(Revocation::Subject {
            subject: row::subject(row)?,
            at: row::time(row, "at")?,
        });
    }
    let realms = sqlx::query("SELECT realm, at FROM portcullis_cut_offs WHERE at >= ?1")
        .bind(since)
        .fetch_all(&mut *connection)
        .await
        .map_err(unavailable)?;
    for row in &realms {
        revocations.push(Revocation::Realm {
            realm: row::text(row, "realm")?.to_owned(),
            at: row::time(row, "at")?,
        });
    }
    let removed = sqlx::query(
        "SELECT id, removed_at FROM portcullis_application_tokens WHERE removed_at >= ?1",
    )
    .bind(since)
    .fetch_all(&mut *connection)
    .await
    .map_err(unavailable)?;
    for row in &removed {
        revocations.push(Revocation::ApplicationToken {
            id: row::text(row, "id")?.to_owned(),
            at: row::time(row, "removed_at")?,
        });
    }
    Ok(revocations)
}
