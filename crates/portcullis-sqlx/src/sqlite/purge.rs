//! Forgetting what is over, a batch at a time.
//!
//! Each step finds its rows by an index in which they are the first, so that the writer is
//! not held for longer than it takes to write them.

use portcullis::{
    session::{PurgeRules, StoreError},
    time::Timestamp,
};
use sqlx::{Connection, SqliteConnection};

use super::{error::unavailable, subjects};
use crate::{cut_off::cut_off, row};

/// How a batch of one kind of rows goes: `?1` of them at most that have been over since before
/// `?2`; `?3` is the time of now.
type Step = &'static str;

/// Sessions whose deadline, as it was when a login or a purge last looked, has passed, but
/// that were refreshed since: they get their new one.
const POSTPONED: Step = "UPDATE portcullis_sessions SET purge_at = min(idle_deadline, absolute_deadline) \
     WHERE id IN (SELECT id FROM portcullis_sessions WHERE purge_at < ?2 \
         ORDER BY purge_at LIMIT ?1) AND min(idle_deadline, absolute_deadline) >= ?2";

const EXPIRED: Step = "DELETE FROM portcullis_sessions \
     WHERE id IN (SELECT id FROM portcullis_sessions WHERE purge_at < ?2 \
         ORDER BY purge_at LIMIT ?1) AND min(idle_deadline, absolute_deadline) < ?2";

const REVOKED: Step = "DELETE FROM portcullis_sessions \
     WHERE id IN (SELECT id FROM portcullis_sessions \
         WHERE revoked_at IS NOT NULL AND revoked_at < ?2 ORDER BY revoked_at LIMIT ?1)";

const REMOVED: Step = "DELETE FROM portcullis_application_tokens \
     WHERE id IN (SELECT id FROM portcullis_application_tokens \
         WHERE removed_at IS NOT NULL AND removed_at < ?2 ORDER BY removed_at LIMIT ?1)";

/// By the number of the ticket, of each realm that was cut off long ago.
const CUT_OFF: Step = "DELETE FROM portcullis_application_tokens \
     WHERE id IN (SELECT token.id FROM portcullis_cut_offs AS cut_off \
         CROSS JOIN portcullis_application_tokens AS token \
             ON token.realm = cut_off.realm AND token.ticket < cut_off.number \
         WHERE cut_off.at < ?2 AND token.removed_at IS NULL LIMIT ?1)";

/// Those of a version that did not number them, of which there are ever fewer.
const CUT_OFF_UNNUMBERED: Step = concat!(
    "DELETE FROM portcullis_application_tokens \
     WHERE id IN (SELECT id FROM portcullis_application_tokens \
         WHERE realm IN (SELECT realm FROM portcullis_cut_offs WHERE at < ?2) \
         AND ticket IS NULL AND removed_at IS NULL AND ",
    cut_off!("portcullis_application_tokens"),
    " < ?2 LIMIT ?1)"
);

/// After their numbers have been remembered.
const LOG_OUTS: Step = "DELETE FROM portcullis_log_outs \
     WHERE (realm, name) IN (SELECT realm, name FROM portcullis_log_outs WHERE at < ?2 \
         ORDER BY at LIMIT ?1)";

const REVOKED_TOKENS: Step = "DELETE FROM portcullis_revoked_tokens \
     WHERE (realm, id) IN (SELECT realm, id FROM portcullis_revoked_tokens WHERE until <= ?3 \
         ORDER BY until LIMIT ?1)";

const USED: Step = "DELETE FROM portcullis_once \
     WHERE digest IN (SELECT digest FROM portcullis_once WHERE expires <= ?3 \
         ORDER BY expires LIMIT ?1)";

/// As sessions: those that were refreshed since get the time of that. One whose device was
/// forgotten may be refreshed later, and is looked at again.
const DEVICES: Step = "UPDATE portcullis_sessions SET \
         device_at = CASE WHEN rotated_at < ?2 THEN ?3 ELSE rotated_at END, \
         user_agent = CASE WHEN rotated_at < ?2 THEN NULL ELSE user_agent END, \
         address = CASE WHEN rotated_at < ?2 THEN NULL ELSE address END \
     WHERE id IN (SELECT id FROM portcullis_sessions WHERE device_at < ?2 \
         ORDER BY device_at LIMIT ?1)";

/// Forgets a batch, in one transaction; how many rows went or changed.
pub(super) async fn batch(
    connection: &mut SqliteConnection,
    rules: &PurgeRules,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut transaction = connection
        .begin_with("BEGIN IMMEDIATE")
        .await
        .map_err(unavailable)?;
    let since = now.saturating_sub(rules.keep);
    let limit = i64::from(rules.limit.max(1));
    let mut left = limit - finish_log_outs(&mut transaction, limit, now).await?;
    remember_order(&mut transaction, since).await?;
    let devices = rules
        .devices
        .map(|devices| (DEVICES, now.saturating_sub(devices)));
    for (step, before) in [
        (POSTPONED, since),
        (EXPIRED, since),
        (REVOKED, since),
        (REMOVED, since),
        (CUT_OFF, since),
        (CUT_OFF_UNNUMBERED, since),
        (LOG_OUTS, since),
        (REVOKED_TOKENS, since),
        (USED, since),
    ]
    .into_iter()
    .chain(devices)
    {
        if left <= 0 {
            break;
        }
        let result = sqlx::query(step)
            .bind(left)
            .bind(before.as_millis())
            .bind(now.as_millis())
            .execute(&mut *transaction)
            .await
            .map_err(unavailable)?;
        left -= i64::try_from(result.rows_affected()).unwrap_or(i64::MAX);
    }
    transaction.commit().await.map_err(unavailable)?;
    row::unsigned(limit - left.max(0))
}

/// Writes what log-outs have ended that somebody began and did not finish: how many.
async fn finish_log_outs(
    connection: &mut SqliteConnection,
    limit: i64,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let unfinished = sqlx::query("SELECT realm, name, number FROM portcullis_ending LIMIT 100")
        .fetch_all(&mut *connection)
        .await
        .map_err(unavailable)?;
    let mut left = limit;
    for log_out in &unfinished {
        if left <= 0 {
            break;
        }
        let (subject, number) = (row::subject(log_out)?, row::integer(log_out, "number")?);
        let batch = subjects::end_rest(connection, &subject, number, left, now).await?;
        left -= i64::try_from(batch.len()).unwrap_or(i64::MAX);
    }
    Ok(limit - left)
}

/// Overtakes the tickets from before the log-outs that are about to be forgotten.
async fn remember_order(
    connection: &mut SqliteConnection,
    since: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE portcullis_order SET forgotten = gone.number \
         FROM (SELECT max(number) AS number FROM portcullis_log_outs WHERE at < ?1) AS gone \
         WHERE gone.number > forgotten",
    )
    .bind(since.as_millis())
    .execute(&mut *connection)
    .await
    .map_err(unavailable)?;
    Ok(())
}
