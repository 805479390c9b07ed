//! What must be ordered among all nodes: a subject's logins, application tokens
//! and log-outs everywhere.
//!
//! Each takes the lock on the row of its subject first. Then come the rows of
//! its sessions and tokens, last the one row of the order; a purge waits for
//! none of them. So nobody waits in a circle. Whoever changes several sessions locks them in
//! the order of their ids first: an update takes them in that of whichever scan was planned.

use portcullis::{
    session::{
        ApplicationToken, Grant, LoginTicket, RevocationReason, RevokedAll, SessionId, TokenAdded,
    },
    subject::Subject,
    time::Timestamp,
};
use sqlx::{Connection as _, PgConnection, Row as _};

use super::{announce::tell, clock::clock, error::Failure};
use crate::{
    cut_off::{cut_off, last_cut_off, stands},
    log_out::{LIMIT, is_personal, log_out},
    row::{self, signed},
};

/// The number of the last log-out that has happened: of any whose number is
/// higher, none was over when this was asked.
pub(super) async fn login_ticket(connection: &mut PgConnection) -> Result<LoginTicket, Failure> {
    let number: i64 = sqlx::query_scalar("SELECT number FROM portcullis_order")
        .fetch_one(&mut *connection)
        .await?;
    Ok(LoginTicket::from_sequence(row::unsigned(number)?))
}

/// Makes the subject's row, if there is none.
pub(super) async fn introduce(
    connection: &mut PgConnection,
    subject: &Subject,
) -> Result<(), Failure> {
    sqlx::query(
        "INSERT INTO portcullis_subjects (realm, name) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(subject.realm())
    .bind(subject.name())
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Locks those of the chosen sessions that have not ended, in the order of their ids: the rows
/// of `locked`. `$choice` is a query for ids.
macro_rules! lock_chosen {
    ($($choice:expr),+) => {
        concat!(
            "locked AS MATERIALIZED (SELECT id FROM portcullis_sessions \
                 WHERE id = ANY (ARRAY(",
            $($choice,)+
            ")) AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE)"
        )
    };
}
pub(super) use lock_chosen;

/// Numbers the log-out, ends the sessions and removes the application tokens,
/// in one transaction; of very many sessions some, and the others [later](end_rest), under
/// the number that comes with them.
///
/// The second statement sees all that was committed while the first waited for
/// the row. Of the sessions that it chooses others may end some meanwhile, so that their
/// number does not tell whether any is left: the third one looks. The number is taken last,
/// as all log-outs wait for it.
pub(super) async fn revoke_all(
    connection: &mut PgConnection,
    subject: &Subject,
    now: Option<i64>,
) -> Result<(RevokedAll, Option<i64>), Failure> {
    let mut transaction = connection.begin().await?;
    lock(&mut transaction, subject).await?;
    let ended = sqlx::query(concat!(
        "WITH clock AS MATERIALIZED (SELECT clock.now FROM ",
        clock!("$3"),
        "), ",
        lock_chosen!(
            "SELECT id FROM portcullis_sessions \
             WHERE realm = $1 AND name = $2 AND revoked_at IS NULL AND ",
            stands!("portcullis_sessions"),
            " LIMIT $5"
        ),
        ", sessions AS (UPDATE portcullis_sessions SET revoked_at = clock.now, \
             revoked_reason = $4 FROM clock \
             WHERE id = ANY (ARRAY(SELECT id FROM locked)) AND revoked_at IS NULL \
             RETURNING id::text AS id), \
         tokens AS (UPDATE portcullis_application_tokens SET removed_at = clock.now FROM clock \
             WHERE realm = $1 AND name = $2 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        " RETURNING id), \
         subject AS (UPDATE portcullis_subjects SET at = clock.now FROM clock \
             WHERE realm = $1 AND name = $2 RETURNING ",
        tell!("at"),
        " AS told) \
         SELECT true AS is_session, id FROM sessions \
         UNION ALL SELECT false, id FROM tokens"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now)
    .bind(RevocationReason::LogoutEverywhere.as_str())
    .bind(LIMIT)
    .fetch_all(&mut *transaction)
    .await?;
    let mut revoked = RevokedAll::default();
    for row in &ended {
        if row.try_get("is_session")? {
            let id = row::readable([row::session_id(row)]);
            revoked.sessions.extend(id);
        } else {
            revoked
                .application_tokens
                .push(row::text(row, "id")?.to_owned());
        }
    }
    let unfinished = sqlx::query_scalar(concat!(
        "WITH next AS (UPDATE portcullis_order SET number = number + 1 RETURNING number), \
         numbered AS (UPDATE portcullis_subjects AS subject SET number = next.number FROM next \
             WHERE realm = $1 AND name = $2 RETURNING subject.number, subject.at) \
         INSERT INTO portcullis_ending (realm, name, number, at) \
             SELECT $1, $2, number, at FROM numbered WHERE EXISTS ( \
                 SELECT FROM portcullis_sessions \
                 WHERE realm = $1 AND name = $2 AND revoked_at IS NULL AND ",
        stands!("portcullis_sessions"),
        ") ON CONFLICT (realm, name) DO UPDATE SET number = excluded.number, at = excluded.at \
         RETURNING number"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    // Not `fetch_optional`, which stops before the statement is done.
    .fetch_all(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok((revoked, unfinished.first().copied()))
}

/// The number of a log-out whose sessions are not all written yet, if there is one.
pub(super) async fn unfinished(
    connection: &mut PgConnection,
    subject: &Subject,
) -> Result<Option<i64>, Failure> {
    Ok(
        sqlx::query_scalar("SELECT number FROM portcullis_ending WHERE realm = $1 AND name = $2")
            .bind(subject.realm())
            .bind(subject.name())
            .fetch_optional(&mut *connection)
            .await?,
    )
}

/// Writes that sessions have ended that an unfinished log-out has ended, a batch of them:
/// which. They bear the time of now, by which snapshots find them.
///
/// Several may do that at once, and choose the same ones: that a batch is small does not mean
/// that it was the last.
pub(super) async fn end_rest(
    connection: &mut PgConnection,
    subject: &Subject,
    number: i64,
    limit: i64,
    now: Option<i64>,
) -> Result<Vec<SessionId>, Failure> {
    let rows = sqlx::query(concat!(
        "WITH ",
        lock_chosen!(
            "SELECT id FROM portcullis_sessions \
             WHERE realm = $1 AND name = $2 AND revoked_at IS NULL AND ",
            log_out!(),
            " IS NOT NULL LIMIT $5"
        ),
        " UPDATE portcullis_sessions SET revoked_at = clock.now, revoked_reason = $4 FROM ",
        clock!("$3"),
        " WHERE id = ANY (ARRAY(SELECT id FROM locked)) AND revoked_at IS NULL \
         RETURNING id::text AS id, ",
        tell!("revoked_at")
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now)
    .bind(RevocationReason::LogoutEverywhere.as_str())
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    if i64::try_from(rows.len()).is_ok_and(|count| count < limit) {
        // Not if there was another log-out meanwhile, whose sessions are not written.
        sqlx::query(concat!(
            "DELETE FROM portcullis_ending WHERE realm = $1 AND name = $2 AND number = $3 \
             AND NOT EXISTS (SELECT FROM portcullis_sessions \
                 WHERE realm = $1 AND name = $2 AND revoked_at IS NULL AND ",
            log_out!(),
            " IS NOT NULL)"
        ))
        .bind(subject.realm())
        .bind(subject.name())
        .bind(number)
        .execute(&mut *connection)
        .await?;
    }
    Ok(row::readable(rows.iter().map(row::session_id)).collect())
}

/// Forgets who the subject was in a batch of the sessions that have ended: whether there may
/// be more. What was chosen counts for that; some of it a purge may delete meanwhile.
pub(super) async fn forget(
    connection: &mut PgConnection,
    subject: &Subject,
) -> Result<bool, Failure> {
    let chosen: Vec<i64> = sqlx::query_scalar(concat!(
        "WITH chosen AS MATERIALIZED (SELECT id FROM ( \
             SELECT id FROM portcullis_sessions \
                 WHERE realm = $1 AND name = $2 AND revoked_at IS NOT NULL AND ",
        is_personal!("$3"),
        " UNION ALL SELECT id FROM portcullis_sessions \
                 WHERE realm = $1 AND name = $2 AND revoked_at IS NULL AND ",
        is_personal!("$3"),
        " AND ",
        cut_off!("portcullis_sessions"),
        " IS NOT NULL) AS ended LIMIT $4), \
         locked AS MATERIALIZED (SELECT id FROM portcullis_sessions \
             WHERE id = ANY (ARRAY(SELECT id FROM chosen)) ORDER BY id FOR NO KEY UPDATE), \
         forgotten AS (UPDATE portcullis_sessions \
             SET user_agent = NULL, address = NULL, granted = $3 \
             WHERE id = ANY (ARRAY(SELECT id FROM locked))) \
         SELECT count(*) FROM chosen"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(Grant::default().to_json()?)
    .bind(LIMIT)
    // Not `fetch_one`, which stops before the statement has committed.
    .fetch_all(&mut *connection)
    .await?;
    Ok(chosen.first().is_some_and(|chosen| *chosen == LIMIT))
}

/// Numbers the log-out of everybody and cuts the realm off, in one statement.
///
/// Whoever takes its ticket later sees it, as the number becomes visible with it. Of
/// several at once the later waits for the row of the order. Each has a later time than the
/// one before, by which snapshots tell them apart.
pub(super) async fn revoke_realm(
    connection: &mut PgConnection,
    realm: &str,
    now: Option<i64>,
) -> Result<Timestamp, Failure> {
    let rows = sqlx::query(concat!(
        "WITH next AS (UPDATE portcullis_order SET number = number + 1 RETURNING number) \
         INSERT INTO portcullis_cut_offs AS old (realm, number, at) \
         SELECT $1, next.number, clock.now FROM next, ",
        clock!("$2"),
        " ON CONFLICT (realm) DO UPDATE \
         SET number = excluded.number, at = greatest(old.at + 1, excluded.at) \
         RETURNING at, ",
        tell!("at")
    ))
    .bind(realm)
    .bind(now)
    // Not `fetch_one`, which stops before the statement has committed.
    .fetch_all(&mut *connection)
    .await?;
    let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
    Ok(row::time(row, "at")?)
}

/// Lists a token unless there is a reason against it, in one transaction.
pub(super) async fn add_application_token(
    connection: &mut PgConnection,
    token: &ApplicationToken,
    limit: u32,
    ticket: LoginTicket,
) -> Result<TokenAdded, Failure> {
    let mut transaction = connection.begin().await?;
    let number = lock(&mut transaction, &token.subject).await?;
    let ticket = signed(ticket.sequence());
    let (forgotten, known, live): (i64, Option<bool>, i64) = sqlx::query_as(concat!(
        "SELECT greatest(forgotten, ",
        last_cut_off!("$2"),
        "), (SELECT removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        " FROM portcullis_application_tokens WHERE id = $1), \
         (SELECT count(*) FROM portcullis_application_tokens \
                  WHERE realm = $2 AND name = $3 AND removed_at IS NULL AND ",
        stands!("portcullis_application_tokens"),
        ") FROM portcullis_order"
    ))
    .bind(token.id.as_str())
    .bind(token.subject.realm())
    .bind(token.subject.name())
    .fetch_one(&mut *transaction)
    .await?;
    let refused = match known {
        _ if number.max(forgotten) > ticket => Some(TokenAdded::LoggedOutMeanwhile),
        Some(true) => Some(TokenAdded::Added),
        Some(false) => Some(TokenAdded::LoggedOutMeanwhile),
        None if live >= i64::from(limit) => Some(TokenAdded::LimitReached),
        None => None,
    };
    if let Some(reason) = refused {
        transaction.rollback().await?;
        return Ok(reason);
    }
    sqlx::query(
        "INSERT INTO portcullis_application_tokens (id, realm, name, created_at, ticket) \
         VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(token.id.as_str())
    .bind(token.subject.realm())
    .bind(token.subject.name())
    .bind(token.created_at.as_millis())
    .bind(ticket)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(TokenAdded::Added)
}

/// Locks the subject's row, making it if there is none, until the transaction
/// ends. The number of its last log-out everywhere.
async fn lock(connection: &mut PgConnection, subject: &Subject) -> Result<i64, Failure> {
    Ok(sqlx::query_scalar(
        "INSERT INTO portcullis_subjects AS old (realm, name) VALUES ($1, $2) \
         ON CONFLICT (realm, name) DO UPDATE SET number = old.number RETURNING number",
    )
    .bind(subject.realm())
    .bind(subject.name())
    .fetch_one(&mut *connection)
    .await?)
}
