//! Proof that what is written here is kept: a commit that has come back.
//!
//! With synchronous standbys the commit has waited for them, as the server was set up to
//! do, so that a primary which was cut off from them has nothing newer to show. But for
//! what nobody can see: a commit whose wait is cut short, because the DBA cancels it or the
//! server restarts meanwhile, is kept all the same, and read as proof by the next who asks.

use std::time::Duration;

use portcullis::{session::StoreError, time::Timestamp};
use sqlx::PgConnection;
use tokio::time::{Instant, sleep};

use super::{
    clock::clock,
    error::Failure,
    pool::{Pool, run},
};
use crate::row;

/// How long to wait until the proof of somebody else is looked for again.
const PAUSE: Duration = Duration::from_millis(10);

/// The time of the last proof, and whether it is young enough.
struct Beat {
    at: i64,
    is_fresh: bool,
}

/// When this server has proven last that it commits: no longer than `max_age` ago, if
/// it still does. One at a time writes; the others wait for that, but no longer than a
/// call may take.
pub(super) async fn confirm(
    pool: &Pool,
    max_age: Duration,
    now: Option<i64>,
) -> Result<Timestamp, StoreError> {
    let give_up = Instant::now() + pool.limit();
    loop {
        // It waits for no lock, and for standbys on one node only.
        let beat = run!(pool.question(), |c| beat(c, max_age, now))?;
        if beat.is_fresh || Instant::now() >= give_up {
            return Ok(Timestamp::from_millis(beat.at));
        }
        sleep(PAUSE).await;
    }
}

async fn beat(
    connection: &mut PgConnection,
    max_age: Duration,
    now: Option<i64>,
) -> Result<Beat, Failure> {
    let (at, now_there): (Option<i64>, i64) = sqlx::query_as(concat!(
        "SELECT at, clock.now FROM ",
        clock!("$1"),
        " LEFT JOIN portcullis_heartbeat ON true"
    ))
    .bind(now)
    .fetch_one(&mut *connection)
    .await?;
    // A time that is yet to come is that of a clock which was turned back.
    if let Some(at) = at
        && at <= now_there
        && now_there - at <= row::millis(max_age)
    {
        return Ok(Beat { at, is_fresh: true });
    }
    let made: Vec<i64> = match at {
        Some(at) => {
            // Whoever waits for a standby that is gone holds the row for as long.
            let update = concat!(
                "UPDATE portcullis_heartbeat SET at = clock.now FROM ",
                clock!("$1"),
                " WHERE one IN (SELECT one FROM portcullis_heartbeat WHERE at = $2 \
                     FOR UPDATE SKIP LOCKED) RETURNING at"
            );
            // Not `fetch_optional`, which stops before the statement has committed.
            let update = sqlx::query_scalar(update).bind(now).bind(at);
            update.fetch_all(&mut *connection).await?
        }
        None => {
            let insert = concat!(
                "INSERT INTO portcullis_heartbeat (at) SELECT clock.now FROM ",
                clock!("$1"),
                " ON CONFLICT DO NOTHING RETURNING at"
            );
            let insert = sqlx::query_scalar(insert).bind(now);
            insert.fetch_all(&mut *connection).await?
        }
    };
    Ok(match made.first() {
        Some(at) => Beat {
            at: *at,
            is_fresh: true,
        },
        None => Beat {
            at: at.unwrap_or(0),
            is_fresh: false,
        },
    })
}
