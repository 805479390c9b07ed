//! The sessions themselves.

use portcullis::{
    session::{
        Created, LoginTicket, NewSession, RevocationReason, SessionCursor, SessionId, SessionPage,
        SessionRecord, StoreError,
    },
    subject::Subject,
};
use sqlx::{PgConnection, Row as _};

use super::{
    announce::tell,
    clock::clock,
    error::Failure,
    subjects::{self, lock_chosen},
};
use crate::{
    cut_off::last_cut_off,
    log_out::{EVICTED, goes_on, session_row},
    row::{self, session_columns, signed},
};

/// The lowest of all ids.
pub(super) const LOWEST: &str = "00000000-0000-0000-0000-000000000000";

/// How often a subject's row may vanish, purged, just when it is needed.
const TRIES: u32 = 5;

/// Begins a session unless a log-out overtook the ticket, and ends those that are too many
/// with it, [`EVICTED`] at most, those that were refreshed longest ago first: one statement.
///
/// The subject's row is locked, shared with other logins. A log-out that is
/// under way is waited for, and its number seen: a locked row is always read in
/// its latest version. One that comes later waits for this statement to be
/// committed, and sees the session.
///
/// Logins that come at once do not see each other's sessions, and choose the same ones to
/// end: so they may leave one too many each, but never end one that could have stayed.
pub(super) async fn create(
    connection: &mut PgConnection,
    session: &NewSession,
    ticket: LoginTicket,
    now: Option<i64>,
) -> Result<Created, Failure> {
    for _ in 0..TRIES {
        // The same call again, after an answer was lost, finds its own row, which
        // has been locked then. A row whose subject is there has been purged only if that
        // was so for the number in `forgotten`, too.
        let rows = sqlx::query(concat!(
            "WITH subject AS (SELECT number FROM portcullis_subjects \
                 WHERE realm = $2 AND name = $3 FOR SHARE), \
             created AS (INSERT INTO portcullis_sessions (id, ",
            session_columns!(),
            ", ticket, purge_at, device_at) \
                 SELECT $1::uuid, $2, $3, $4, 0, clock.now, clock.now, \
                 clock.now + least($5, $6), clock.now + $6, $7, $8, $9, $10, $11, \
                 NULL, 0, NULL, NULL, NULL, NULL, $12, \
                 clock.now + least($5, $6), clock.now FROM subject, ",
            clock!("$13"),
            " WHERE subject.number <= $12 \
                 AND (SELECT forgotten FROM portcullis_order) <= $12 AND ",
            last_cut_off!("$2"),
            " <= $12 ON CONFLICT (id) DO UPDATE SET id = portcullis_sessions.id \
             RETURNING portcullis_sessions.xmax = 0 AS is_new, \
             portcullis_sessions.id::text AS id, ",
            session_row!(),
            "), live AS (SELECT id, row_number() OVER \
                 (ORDER BY rotated_at DESC, created_at DESC, id DESC) AS place \
                 FROM portcullis_sessions, ",
            clock!("$13"),
            " WHERE $14::bigint IS NOT NULL AND realm = $2 AND name = $3 \
                 AND id <> $1::uuid AND revoked_at IS NULL AND ",
            goes_on!(),
            " AND clock.now < idle_deadline AND clock.now < absolute_deadline), ",
            lock_chosen!(
                "SELECT id FROM live \
                 WHERE place >= $14 AND EXISTS (SELECT 1 FROM created WHERE is_new) \
                 ORDER BY place DESC LIMIT $16"
            ),
            ", evicted AS (UPDATE portcullis_sessions \
                 SET revoked_at = clock.now, revoked_reason = $15 FROM ",
            clock!("$13"),
            " WHERE id = ANY (ARRAY(SELECT id FROM locked)) AND revoked_at IS NULL \
                 RETURNING id::text AS id, ",
            tell!("revoked_at"),
            " AS told) \
             SELECT EXISTS (SELECT 1 FROM subject) AS known, \
                 ARRAY(SELECT id FROM evicted) AS evicted, created.* \
             FROM (SELECT 1) AS one LEFT JOIN created ON true"
        ))
        .bind(session.id.as_str())
        .bind(session.subject.realm())
        .bind(session.subject.name())
        .bind(session.client.as_deref())
        .bind(row::millis(session.idle_ttl))
        .bind(row::millis(session.absolute_ttl))
        .bind(&session.secret_digest.as_bytes()[..])
        .bind(session.refresh_key.as_ref())
        .bind(session.grant.to_json()?)
        .bind(session.device.user_agent.as_deref())
        .bind(session.device.address.map(|address| address.to_string()))
        .bind(signed(ticket.sequence()))
        .bind(now)
        .bind(session.limit.map(|limit| i64::from(limit.get())))
        .bind(RevocationReason::Evicted.as_str())
        .bind(EVICTED)
        // Not `fetch_one`, which stops before the statement has committed.
        .fetch_all(&mut *connection)
        .await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        if row::Columns::text(row, "id")?.is_some() {
            let created = row::session(row)?;
            if !session.is_of(&created) {
                return Err(StoreError::corrupt("another session has this id").into());
            }
            let evicted: Vec<String> = row.try_get("evicted")?;
            let evicted = evicted.iter().filter_map(|id| SessionId::parse(id));
            return Ok(Created::Session {
                session: Box::new(created),
                evicted: evicted.collect(),
            });
        }
        if row.try_get("known")? {
            return Ok(Created::LoggedOutMeanwhile);
        }
        subjects::introduce(connection, &session.subject).await?;
    }
    Err(StoreError::unavailable("the subject's row does not stay").into())
}

pub(super) async fn session(
    connection: &mut PgConnection,
    id: &SessionId,
) -> Result<Option<SessionRecord>, Failure> {
    let row = sqlx::query(concat!(
        "SELECT id::text AS id, ",
        session_row!(),
        " FROM portcullis_sessions WHERE id = $1::uuid"
    ))
    .bind(id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    Ok(row.as_ref().map(row::session).transpose()?)
}

/// A page of the live sessions of a subject. The first is read as if it were behind a place
/// before all: a condition that is off would keep the planner from the index.
pub(super) async fn page(
    connection: &mut PgConnection,
    subject: &Subject,
    after: Option<&SessionCursor>,
    limit: u32,
    now: Option<i64>,
) -> Result<SessionPage, Failure> {
    let rows = sqlx::query(concat!(
        "SELECT id::text AS id, ",
        session_row!(),
        " FROM portcullis_sessions, ",
        clock!("$3"),
        " WHERE realm = $1 AND name = $2 AND revoked_at IS NULL AND ",
        goes_on!(),
        " AND clock.now < idle_deadline AND clock.now < absolute_deadline \
         AND (created_at, id) > ($4, $5::uuid) \
         ORDER BY created_at, portcullis_sessions.id LIMIT $6"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now)
    .bind(after.map_or(i64::MIN, |after| after.created_at.as_millis()))
    .bind(after.map_or(LOWEST, |after| after.id.as_str()))
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await?;
    Ok(row::page(&rows, limit)?)
}

/// How many live sessions a subject has.
pub(super) async fn count(
    connection: &mut PgConnection,
    subject: &Subject,
    now: Option<i64>,
) -> Result<u64, Failure> {
    let count: i64 = sqlx::query_scalar(concat!(
        "SELECT count(*) FROM portcullis_sessions, ",
        clock!("$3"),
        " WHERE realm = $1 AND name = $2 AND revoked_at IS NULL AND ",
        goes_on!(),
        " AND clock.now < idle_deadline AND clock.now < absolute_deadline"
    ))
    .bind(subject.realm())
    .bind(subject.name())
    .bind(now)
    .fetch_one(&mut *connection)
    .await?;
    Ok(row::unsigned(count)?)
}

pub(super) async fn revoke(
    connection: &mut PgConnection,
    subject: &Subject,
    id: &SessionId,
    now: Option<i64>,
) -> Result<bool, Failure> {
    let revoked = sqlx::query(concat!(
        "UPDATE portcullis_sessions SET revoked_at = clock.now, revoked_reason = $2 FROM ",
        clock!("$3"),
        " WHERE id = $1::uuid AND realm = $4 AND name = $5 AND revoked_at IS NULL AND ",
        goes_on!(),
        " RETURNING ",
        tell!("revoked_at")
    ))
    .bind(id.as_str())
    .bind(RevocationReason::Logout.as_str())
    .bind(now)
    .bind(subject.realm())
    .bind(subject.name())
    .fetch_all(&mut *connection)
    .await?;
    Ok(!revoked.is_empty())
}
