//! Forgetting what is over, a batch at a time.
//!
//! Each step finds its rows by an index in which they are the first, and leaves those that
//! somebody else has locked for the next time.

use std::time::Duration;

use portcullis::{
    session::{PurgeRules, StoreError},
    subject::Subject,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::{
    clock::clock,
    error::Failure,
    pool::{Pool, run},
    subjects,
};
use crate::{cut_off::cut_off, row};

/// How long a batch may take: no request waits for it.
const LONG: Duration = Duration::from_secs(60);

/// A kind of rows, and how a batch of them goes. All take how many go at most (`$1`), and
/// before what they must have been over (`$2`).
enum Step {
    /// One statement, which tells how many there were. `$3` is the time of now.
    Plain(&'static str),
    /// One that gives their subjects, which may have nothing any more then, and in the first
    /// row `changed`: how many others were only looked at.
    OfSubjects(&'static str),
}

/// Sessions by their deadline, as it was when a login or a purge last looked. Those that
/// were refreshed since get their new one.
const EXPIRED: Step = Step::OfSubjects(
    "WITH due AS MATERIALIZED ( \
         SELECT id, least(idle_deadline, absolute_deadline) AS over FROM portcullis_sessions \
         WHERE purge_at < $2 ORDER BY purge_at LIMIT $1 FOR UPDATE SKIP LOCKED), \
     gone AS (DELETE FROM portcullis_sessions \
         WHERE id = ANY (ARRAY(SELECT id FROM due WHERE over < $2)) RETURNING realm, name), \
     later AS (UPDATE portcullis_sessions \
         SET purge_at = least(idle_deadline, absolute_deadline) \
         WHERE id = ANY (ARRAY(SELECT id FROM due WHERE over >= $2)) RETURNING 1) \
     SELECT (SELECT count(*) FROM later) AS changed, gone.* \
     FROM (SELECT 1) AS one LEFT JOIN gone ON true",
);

const REVOKED: Step = Step::OfSubjects(
    "DELETE FROM portcullis_sessions WHERE id = ANY (ARRAY( \
         SELECT id FROM portcullis_sessions WHERE revoked_at < $2 \
         ORDER BY revoked_at LIMIT $1 FOR UPDATE SKIP LOCKED)) \
     RETURNING realm, name, 0::bigint AS changed",
);

const REMOVED: Step = Step::OfSubjects(
    "DELETE FROM portcullis_application_tokens WHERE id = ANY (ARRAY( \
         SELECT id FROM portcullis_application_tokens WHERE removed_at < $2 \
         ORDER BY removed_at LIMIT $1 FOR UPDATE SKIP LOCKED)) \
     RETURNING realm, name, 0::bigint AS changed",
);

/// By the number of the ticket, of each realm that was cut off long ago.
const CUT_OFF: Step = Step::OfSubjects(
    "DELETE FROM portcullis_application_tokens WHERE id = ANY (ARRAY( \
         SELECT token.id FROM portcullis_cut_offs AS cut_off \
         JOIN portcullis_application_tokens AS token \
             ON token.realm = cut_off.realm AND token.ticket < cut_off.number \
         WHERE cut_off.at < $2 AND token.removed_at IS NULL \
         LIMIT $1 FOR UPDATE OF token SKIP LOCKED)) \
     RETURNING realm, name, 0::bigint AS changed",
);

/// Those of a version that did not number them, of which there are ever fewer.
const CUT_OFF_UNNUMBERED: Step = Step::OfSubjects(concat!(
    "DELETE FROM portcullis_application_tokens WHERE id = ANY (ARRAY( \
         SELECT id FROM portcullis_application_tokens \
         WHERE realm IN (SELECT realm FROM portcullis_cut_offs WHERE at < $2) \
         AND ticket IS NULL AND removed_at IS NULL AND ",
    cut_off!("portcullis_application_tokens"),
    " < $2 LIMIT $1 FOR UPDATE SKIP LOCKED)) RETURNING realm, name, 0::bigint AS changed"
));

const REVOKED_TOKENS: Step = Step::Plain(
    "DELETE FROM portcullis_revoked_tokens WHERE (realm, id) IN ( \
         SELECT realm, id FROM portcullis_revoked_tokens WHERE until <= $2 \
         ORDER BY until LIMIT $1 FOR UPDATE SKIP LOCKED)",
);

const USED: Step = Step::Plain(
    "DELETE FROM portcullis_once WHERE digest = ANY (ARRAY( \
         SELECT digest FROM portcullis_once WHERE expires <= $2 \
         ORDER BY expires LIMIT $1 FOR UPDATE SKIP LOCKED))",
);

/// The log-outs, whose numbers are remembered in the same transaction.
const LOG_OUTS: Step = Step::Plain(
    "WITH gone AS (DELETE FROM portcullis_subjects WHERE (realm, name) IN ( \
         SELECT realm, name FROM portcullis_subjects WHERE at < $2 \
         ORDER BY at LIMIT $1 FOR UPDATE SKIP LOCKED) RETURNING number), \
     kept AS (UPDATE portcullis_order SET forgotten = greatest(forgotten, \
         (SELECT max(number) FROM gone)) WHERE EXISTS (SELECT 1 FROM gone)) \
     SELECT number FROM gone",
);

/// As sessions: those that were refreshed since get the time of that. One whose device was
/// forgotten may be refreshed later, and is looked at again.
const DEVICES: Step = Step::Plain(
    "UPDATE portcullis_sessions SET \
         device_at = CASE WHEN rotated_at < $2 THEN $3 ELSE rotated_at END, \
         user_agent = CASE WHEN rotated_at < $2 THEN NULL ELSE user_agent END, \
         address = CASE WHEN rotated_at < $2 THEN NULL ELSE address END \
     WHERE id = ANY (ARRAY(SELECT id FROM portcullis_sessions WHERE device_at < $2 \
         ORDER BY device_at LIMIT $1 FOR UPDATE SKIP LOCKED))",
);

/// Forgets a batch; how many rows went or changed.
pub(super) async fn batch(
    pool: &Pool,
    rules: &PurgeRules,
    now: Option<i64>,
) -> Result<u64, StoreError> {
    let told = now;
    let now = run!(pool.call(), |connection| time(connection, now))?;
    let since = now.saturating_sub(row::millis(rules.keep));
    let limit = i64::from(rules.limit.max(1));
    let mut left = limit;
    left -= run!(pool.long_call(LONG), |connection| finish_log_outs(
        connection, left, told
    ))?;
    let devices = rules
        .devices
        .map(|devices| (DEVICES, now.saturating_sub(row::millis(devices))));
    for (step, before) in [
        (EXPIRED, since),
        (REVOKED, since),
        (REMOVED, since),
        (CUT_OFF, since),
        (CUT_OFF_UNNUMBERED, since),
        (REVOKED_TOKENS, now),
        (USED, now),
        (LOG_OUTS, since),
    ]
    .into_iter()
    .chain(devices)
    {
        if left <= 0 {
            break;
        }
        left -= run!(pool.long_call(LONG), |connection| take(
            connection, &step, left, before, now
        ))?;
    }
    row::unsigned(limit - left.max(0))
}

async fn time(connection: &mut PgConnection, now: Option<i64>) -> Result<i64, Failure> {
    Ok(
        sqlx::query_scalar(concat!("SELECT clock.now FROM ", clock!("$1")))
            .bind(now)
            .fetch_one(&mut *connection)
            .await?,
    )
}

/// Writes what log-outs have ended that somebody began and did not finish.
async fn finish_log_outs(
    connection: &mut PgConnection,
    limit: i64,
    now: Option<i64>,
) -> Result<i64, Failure> {
    let unfinished = sqlx::query("SELECT realm, name, number FROM portcullis_ending LIMIT 100")
        .fetch_all(&mut *connection)
        .await?;
    let mut left = limit;
    for log_out in &unfinished {
        if left <= 0 {
            break;
        }
        let (subject, number) = (row::subject(log_out)?, row::integer(log_out, "number")?);
        let batch = subjects::end_rest(connection, &subject, number, left, now).await?;
        left -= count(batch.len());
    }
    Ok(limit - left)
}

/// Takes a step, in one transaction: how many rows.
async fn take(
    connection: &mut PgConnection,
    step: &Step,
    limit: i64,
    before: i64,
    now: i64,
) -> Result<i64, Failure> {
    let mut transaction = connection.begin().await?;
    take_time(&mut transaction).await?;
    let taken = match step {
        Step::Plain(sql) => {
            let statement = sqlx::query(*sql).bind(limit).bind(before).bind(now);
            let result = statement.execute(&mut *transaction).await?;
            i64::try_from(result.rows_affected()).unwrap_or(i64::MAX)
        }
        Step::OfSubjects(sql) => {
            let rows = sqlx::query(*sql).bind(limit).bind(before);
            let rows = rows.fetch_all(&mut *transaction).await?;
            let changed = rows.first().map(|row| row::integer(row, "changed"));
            let gone: Vec<_> = rows
                .iter()
                .filter_map(|row| row::subject(row).ok())
                .collect();
            forget_subjects(&mut transaction, &gone).await?;
            count(gone.len()) + changed.transpose()?.unwrap_or(0)
        }
    };
    transaction.commit().await?;
    Ok(taken)
}

/// Forgets those of these subjects that have nothing any more, as their rows are no rows that
/// anyone would count. Nobody misses one that had to stay: it is made again.
async fn forget_subjects(
    connection: &mut PgConnection,
    subjects: &[Subject],
) -> Result<(), Failure> {
    if subjects.is_empty() {
        return Ok(());
    }
    let realms: Vec<_> = subjects.iter().map(Subject::realm).collect();
    let names: Vec<_> = subjects.iter().map(Subject::name).collect();
    sqlx::query(
        "DELETE FROM portcullis_subjects AS subject USING ( \
             SELECT old.realm, old.name FROM unnest($1::text[], $2::text[]) AS gone (realm, name) \
             JOIN portcullis_subjects AS old ON old.realm = gone.realm AND old.name = gone.name \
             WHERE old.at IS NULL AND NOT EXISTS (SELECT 1 FROM portcullis_sessions AS session \
                 WHERE session.realm = old.realm AND session.name = old.name \
                 AND session.revoked_at IS NULL) \
             FOR UPDATE OF old SKIP LOCKED) AS old \
         WHERE subject.realm = old.realm AND subject.name = old.name",
    )
    .bind(realms)
    .bind(names)
    .execute(&mut *connection)
    .await?;
    Ok(())
}

/// Lets the statements of this transaction take longer than those of requests.
async fn take_time(connection: &mut PgConnection) -> Result<(), Failure> {
    let statement = format!("SET LOCAL statement_timeout = {}", LONG.as_millis());
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
