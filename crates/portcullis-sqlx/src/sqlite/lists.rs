//! What is listed beside the sessions: application tokens, revoked tokens, and
//! everything that was revoked.

use portcullis::{
    session::{ApplicationToken, RevocationPage, StoreError},
    subject::Subject,
    time::Timestamp,
};
use sqlx::SqliteConnection;

use super::error::unavailable;
use crate::{
    cut_off::stands,
    revocations::{self, Place, told},
    row,
};

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

/// A page of what was revoked.
pub(super) async fn revocations(
    connection: &mut SqliteConnection,
    place: &Place,
    now: Timestamp,
) -> Result<RevocationPage, StoreError> {
    let statement = sqlx::query(concat!(
        told!("id", "$11", "portcullis_log_outs", "$3"),
        " ORDER BY kind, at, first, second LIMIT $2"
    ));
    let rows = revocations::bind!(statement, place, now.as_millis(), "")
        .fetch_all(&mut *connection)
        .await
        .map_err(unavailable)?;
    place.page(&rows, now)
}
