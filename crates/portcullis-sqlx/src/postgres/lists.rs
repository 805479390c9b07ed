//! What is listed beside the sessions: application tokens, revoked tokens, and
//! everything that was revoked.

use portcullis::{
    session::{ApplicationToken, RevocationPage},
    subject::Subject,
    time::Timestamp,
};
use sqlx::PgConnection;

use super::{announce::tell, clock::clock, error::Failure, sessions::LOWEST};
use crate::{
    cut_off::stands,
    revocations::{self, Place, told},
    row,
};

/// When the transaction began, or what a test says.
macro_rules! began {
    () => {
        "coalesce($3::bigint, floor(extract(epoch FROM now()) * 1000)::bigint)"
    };
}

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

/// A page of what was revoked. The time is that when the statement's transaction began: before
/// it saw anything.
pub(super) async fn revocations(
    connection: &mut PgConnection,
    place: &Place,
    now: Option<i64>,
) -> Result<RevocationPage, Failure> {
    let statement = sqlx::query(concat!(
        "SELECT clock.now, page.* FROM (SELECT ",
        began!(),
        " AS now) AS clock LEFT JOIN (",
        told!("id::text", "$11::uuid", "portcullis_subjects", began!()),
        ") AS page ON true ORDER BY kind, at, first COLLATE \"C\", second COLLATE \"C\" LIMIT $2"
    ));
    let mut rows = revocations::bind!(statement, place, now, LOWEST)
        .fetch_all(&mut *connection)
        .await?;
    let now = row::time(rows.first().ok_or(sqlx::Error::RowNotFound)?, "now")?;
    // One without a revocation, where there are none.
    rows.retain(|row| !matches!(row::Columns::integer(row, "kind"), Ok(None)));
    Ok(place.page(&rows, now)?)
}
