//! What is listed beside the sessions: application tokens, revoked tokens, and
//! everything that was revoked.

use portcullis::{
    session::{ApplicationToken, Revocation, RevocationPage, StoreError},
    subject::Subject,
    time::Timestamp,
};
use sqlx::{PgConnection, Row as _, postgres::PgRow};

use super::{announce::tell, clock::clock, error::Failure};
use crate::{cut_off::stands, row};

pub(super) async fn application_token_is_live(
    connection: &mut PgConnection,
    subject: &Subject,
    id: &str,
) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar(concat!(
        "SELECT EXISTS (SELECT 1 FROM portcullis_application_tokens \
         WHERE id = $1 AND realm = $2 AND name = $3 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        ")"
    ))
    .bind(id)
    .bind(subject.realm())
    .bind(subject.name())
    .fetch_one(&mut *connection)
    .await?)
}

pub(super) async fn application_tokens(
    connection: &mut PgConnection,
    subject: &Subject,
) -> Result<Vec<ApplicationToken>, Failure> {
    let rows = sqlx::query(concat!(
        "SELECT id, created_at FROM portcullis_application_tokens \
         WHERE realm = $1 AND name = $2 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        " ORDER BY created_at, id"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .fetch_all(&mut *connection)
    .await?;
    Ok(rows
        .iter()
        .map(|row| row::application_token(row, subject))
        .collect::<Result<_, _>>()?)
}

pub(super) async fn remove_application_token(
    connection: &mut PgConnection,
    subject: &Subject,
    id: &str,
    now: Option<i64>,
) -> Result<bool, Failure> {
    let removed = sqlx::query(concat!(
        "UPDATE portcullis_application_tokens SET removed_at = clock.now FROM ",
        clock!("$2"),
        " WHERE id = $1 AND realm = $3 AND name = $4 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        " RETURNING ",
        tell!("removed_at")
    ))
    .bind(id)
    .bind(now)
    .bind(subject.realm())
    .bind(subject.name())
    .fetch_all(&mut *connection)
    .await?;
    Ok(!removed.is_empty())
}

pub(super) async fn revoke_token(
    connection: &mut PgConnection,
    subject: &Subject,
    id: &str,
    now: Option<i64>,
    until: Timestamp,
) -> Result<(), Failure> {
    sqlx::query(concat!(
        "INSERT INTO portcullis_revoked_tokens (id, realm, name, at, until) \
         SELECT $1, $2, $3, clock.now, $4 FROM ",
        clock!("$5"),
        " ON CONFLICT (realm, id) DO UPDATE \
         SET name = excluded.name, at = excluded.at, until = excluded.until \
         WHERE portcullis_revoked_tokens.until < excluded.until RETURNING ",
        tell!("at")
    ))
    .bind(id)
    .bind(subject.realm())
    .bind(subject.name())
    .bind(until.as_millis())
    .bind(now)
    .fetch_all(&mut *connection)
    .await?;
    Ok(())
}

/// Whether a token was revoked itself, or its subject or everybody was logged out at or
/// after `since`.
pub(super) async fn is_revoked(
    connection: &mut PgConnection,
    (realm, name): (&str, Option<&str>),
    id: Option<&str>,
    since: Option<Timestamp>,
    now: Option<i64>,
) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar(concat!(
        "SELECT EXISTS (SELECT FROM portcullis_revoked_tokens \
                        WHERE realm = $1 AND id = $3 AND until > clock.now) \
             OR EXISTS (SELECT FROM portcullis_subjects \
                        WHERE realm = $1 AND name = $2 AND at >= $4) \
             OR EXISTS (SELECT FROM portcullis_cut_offs WHERE realm = $1 AND at >= $4) \
         FROM ",
        clock!("$5")
    ))
    .bind(realm)
    .bind(name)
    .bind(id)
    .bind(since.map(Timestamp::as_millis))
    .bind(now)
    .fetch_one(&mut *connection)
    .await?)
}

/// What was revoked at or after `since`.
pub(super) async fn revocations(
    connection: &mut PgConnection,
    since: Timestamp,
    now: Option<i64>,
) -> Result<RevocationPage, Failure> {
    let asked_at: i64 = sqlx::query(concat!("SELECT clock.now FROM ", clock!("$1")))
        .bind(now)
        .fetch_one(&mut *connection)
        .await?
        .try_get("now")?;
    let rows = sqlx::query(concat!(
        "SELECT 'session' AS kind, id::text AS id, realm, name, revoked_at AS at, \
                revoked_reason, NULL::bigint AS until \
         FROM portcullis_sessions WHERE revoked_at >= $1 \
         UNION ALL SELECT 'token', id, realm, name, at, NULL, until \
         FROM portcullis_revoked_tokens, ",
        clock!("$2"),
        " WHERE at >= $1 AND until > clock.now \
         UNION ALL SELECT 'subject', NULL, realm, name, at, NULL, NULL \
         FROM portcullis_subjects WHERE at >= $1 \
         UNION ALL SELECT 'realm', NULL, realm, NULL, at, NULL, NULL \
         FROM portcullis_cut_offs WHERE at >= $1 \
         UNION ALL SELECT 'application', id, realm, name, removed_at, NULL, NULL \
         FROM portcullis_application_tokens WHERE removed_at >= $1"
    ))
    .bind(since.as_millis())
    .bind(now)
    .fetch_all(&mut *connection)
    .await?;
    let found: Vec<_> = rows.iter().map(revocation).collect::<Result<_, _>>()?;
    Ok(RevocationPage {
        revocations: found.into_iter().flatten().collect(),
        next: None,
        now: Timestamp::from_millis(asked_at),
    })
}

fn revocation(row: &PgRow) -> Result<Option<Revocation>, StoreError> {
    let at = row::time(row, "at")?;
    Ok(Some(match row::text(row, "kind")? {
        "session" => return row::ended_session(row, "at"),
        "token" => Revocation::Token {
            id: row::text(row, "id")?.to_owned(),
            subject: row::subject(row)?,
            at,
            until: row::time(row, "until")?,
        },
        "subject" => Revocation::Subject {
            subject: row::subject(row)?,
            at,
        },
        "realm" => Revocation::Realm {
            realm: row::text(row, "realm")?.to_owned(),
            at,
        },
        _ => Revocation::ApplicationToken {
            id: row::text(row, "id")?.to_owned(),
            at,
        },
    }))
}
