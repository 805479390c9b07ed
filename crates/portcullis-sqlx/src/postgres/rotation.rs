//! The SQL of rotation on PostgreSQL.

use portcullis::{
    session::{RefusalReason, RotationAttempt, RotationOutcome, SessionRecord, Successor, rules},
    time::Timestamp,
};
use sqlx::{
    PgConnection,
    postgres::{PgArguments, PgRow, Postgres},
    query::Query,
};

use super::{
    announce::tell,
    clock::{ServerClock, clock},
    error::Failure,
};
use crate::{
    log_out::{goes_on, row_that_goes_on, session_row},
    rotation::{self, Change, TRIES},
    row,
};

/// A statement that changes a row if a condition holds. Of two that meet, the later waits
/// for the row and is decided on what the earlier left.
macro_rules! change {
    ($assignments:expr, $condition:expr, $returned:expr) => {
        concat!(
            "UPDATE portcullis_sessions SET ",
            $assignments,
            " FROM ",
            clock!("$5"),
            " WHERE id = $1::uuid AND ",
            $condition,
            " AND ",
            goes_on!(),
            " RETURNING clock.now, ",
            $returned
        )
    };
}

/// All of a row, and what else is returned.
macro_rules! whole_row {
    ($told:expr) => {
        concat!("id::text AS id, ", $told, ", ", row_that_goes_on!())
    };
}

/// The common case: the current token of a session that goes on is exchanged.
///
/// What the statements made of the rules do as well, but the server prepares each condition
/// anew for each execution, which takes longer than to find and write the row. So there are
/// few, none is a subquery, and whatever is the case seldom finds no row: a clock that went
/// back, or an unfinished log-out everywhere of the subject. `IS TRUE` keeps the planner from
/// looking among all sessions of the subject. The parameters are its own.
const EXCHANGE: &str = concat!(
    "UPDATE portcullis_sessions AS session SET generation = $8, rotated_at = clock.now, \
     idle_deadline = least(clock.now + $9, session.absolute_deadline), refresh_key = $10, \
     user_agent = $11, address = $12, rotated_by = $13, rotated_from = session.generation, \
     late_retry_by = NULL FROM ",
    clock!("$14"),
    " LEFT JOIN portcullis_cut_offs AS cut_off ON cut_off.realm = $2 \
     LEFT JOIN portcullis_ending AS ending ON ending.realm = $2 AND ending.name = $3 \
     WHERE session.id = $1::uuid AND (session.realm = $2) IS TRUE AND session.name = $3 \
     AND session.secret_digest = $4 AND session.client IS NOT DISTINCT FROM $5 \
     AND session.generation = $6 AND session.revoked_at IS NULL \
     AND clock.now < least(session.idle_deadline, session.absolute_deadline, $7) \
     AND session.rotated_at + $15 <= least(clock.now, $16) \
     AND (cut_off.number IS NULL OR cut_off.number <= session.ticket) \
     AND ending.number IS NULL \
     RETURNING clock.now, session.idle_deadline, session.absolute_deadline"
);

/// Presents a token.
pub(super) async fn rotate(
    connection: &mut PgConnection,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<RotationOutcome, Failure> {
    if let Some(successor) = exchange(connection, attempt, clock).await? {
        return Ok(RotationOutcome::Rotated(successor));
    }
    for _ in 0..TRIES {
        let Some((row, now)) = read(connection, attempt, clock).await? else {
            return Ok(RotationOutcome::Refused(RefusalReason::Unknown));
        };
        let (outcome, changed) = rules::decide(&row, attempt, now);
        if changed.is_none() {
            return Ok(outcome);
        }
        let change = Change::leading_to(&outcome);
        if let Some((row, now)) = make(connection, change, attempt, clock).await? {
            return Ok(rotation::outcome(&row, attempt, now)?);
        }
    }
    Err(rotation::restless().into())
}

/// Presents a token that cannot change anything: nothing is written.
pub(super) async fn check(
    connection: &mut PgConnection,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<RotationOutcome, Failure> {
    Ok(match read(connection, attempt, clock).await? {
        Some((row, now)) => rules::decide(&row, attempt, now).0,
        None => RotationOutcome::Refused(RefusalReason::Unknown),
    })
}

/// Exchanges a token in the common case, and changes nothing in any other.
async fn exchange(
    connection: &mut PgConnection,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<Option<Successor>, Failure> {
    let window = attempt.rules.window();
    // How old the token has to be, and by when. The first one never rests.
    let (age, set_out) = match window.is_zero() || attempt.generation == 0 {
        true => (0, i64::MAX),
        false => (row::millis(window), attempt.set_out().as_millis()),
    };
    let generation = attempt.generation + 1;
    let query = sqlx::query(EXCHANGE)
        .bind(attempt.session.as_str())
        .bind(attempt.subject.realm())
        .bind(attempt.subject.name())
        .bind(&attempt.secret_digest.as_bytes()[..])
        .bind(attempt.client.as_deref())
        .bind(row::signed(attempt.generation))
        .bind(attempt.deadline.as_millis())
        .bind(row::signed(generation))
        .bind(row::millis(attempt.idle_ttl))
        .bind(attempt.refresh_key.as_ref())
        .bind(attempt.device.user_agent.as_deref())
        .bind(attempt.device.address.map(|address| address.to_string()))
        .bind(&attempt.id.as_bytes()[..])
        .bind(clock.told())
        .bind(age)
        .bind(set_out);
    let Some((row, now)) = only_row(connection, query, clock).await? else {
        return Ok(None);
    };
    Ok(Some(Successor {
        generation,
        rotated_at: now,
        idle_deadline: row::time(&row, "idle_deadline")?,
        absolute_deadline: row::time(&row, "absolute_deadline")?,
        refresh_key: attempt.refresh_key.clone(),
    }))
}

/// Makes a change if the rules make it: the row as it is then, and the time.
async fn make(
    connection: &mut PgConnection,
    change: Change,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<Option<(SessionRecord, Timestamp)>, Failure> {
    let statement = match change {
        Change::Advance => change!(
            rotation::advance!("clock.now", "greatest", "least"),
            rotation::advances!("clock.now"),
            whole_row!("false AS told")
        ),
        Change::ForgiveLate => change!(
            "late_retry_by = $8",
            rotation::retried_late!("clock.now"),
            whole_row!("false AS told")
        ),
        Change::Revoke => change!(
            rotation::revoke!("clock.now"),
            rotation::reused!("clock.now"),
            whole_row!(concat!(tell!("revoked_at"), " AS told"))
        ),
    };
    let query = rotation::bind!(sqlx::query(statement), attempt, clock.told());
    match only_row(connection, query, clock).await? {
        Some((row, now)) => Ok(Some((row::session(&row)?, now))),
        None => Ok(None),
    }
}

async fn read(
    connection: &mut PgConnection,
    attempt: &RotationAttempt,
    clock: &ServerClock,
) -> Result<Option<(SessionRecord, Timestamp)>, Failure> {
    let query = sqlx::query(concat!(
        "SELECT clock.now, id::text AS id, ",
        session_row!(),
        " FROM portcullis_sessions, ",
        clock!("$2"),
        " WHERE id = $1::uuid"
    ))
    .bind(attempt.session.as_str())
    .bind(clock.told());
    match only_row(connection, query, clock).await? {
        Some((row, now)) => Ok(Some((row::session(&row)?, now))),
        None => Ok(None),
    }
}

/// The row that a statement returns, if it does, and the time that it says.
async fn only_row(
    connection: &mut PgConnection,
    query: Query<'_, Postgres, PgArguments>,
    clock: &ServerClock,
) -> Result<Option<(PgRow, Timestamp)>, Failure> {
    // Not `fetch_optional`, which stops before the statement has committed.
    let rows = query.fetch_all(connection).await?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(None);
    };
    let now = row::time(&row, "now")?;
    clock.heard(now);
    Ok(Some((row, now)))
}
