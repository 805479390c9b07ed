//! What the rotation rules are in SQL, whichever database: conditions and
//! assignments of [`portcullis::session::rules::decide`]. The statements are in
//! `postgres/rotation.rs` and `sqlite/rotation.rs`.
//!
//! Each statement writes only what it changes, as most attempts that do not exchange a token
//! change nothing: it finds no row then. Why, the row tells, read afterwards; and if by then
//! the rules would change it, because somebody else just did or time has passed, the
//! statement for that has its turn. Whatever is written, one statement has decided and
//! written it; what is read first decides nothing but which.
//!
//! | Parameter | What it is | Parameter | What it is |
//! |---|---|---|---|
//! | `$1` | session | `$9` | grace, milliseconds |
//! | `$2` | realm | `$10` | whether `until_used` |
//! | `$3` | name | `$11` | whether only the same device |
//! | `$4` | digest of the secret | `$12` | user agent |
//! | `$5` | the clock's time | `$13` | idle lifetime, milliseconds |
//! | `$6` | client | `$14` | refresh key |
//! | `$7` | generation | `$15` | address |
//! | `$8` | attempt | `$16` | name of the reason "reuse" |
//! | `$17` | the attempt's deadline | `$18` | when it set out |
//!
//! `$now` is what the statement calls the time.

use portcullis::{
    session::{RotationAttempt, RotationOutcome, SessionRecord, StoreError, rules},
    time::Timestamp,
};

/// All checks but those on scope and generation hold, and the attempt is in
/// time: without that nothing changes.
macro_rules! good {
    ($now:literal) => {
        concat!(
            "realm = $2 AND name = $3 AND secret_digest = $4 AND revoked_at IS NULL AND ",
            $now,
            " < idle_deadline AND ",
            $now,
            " < absolute_deadline AND client IS NOT DISTINCT FROM $6 AND ",
            $now,
            " < $17"
        )
    };
}

/// The current token was made within the grace window, by when the attempt, in
/// time, set out. A sum, because `$18` may be as far off as numbers go.
macro_rules! young {
    ($now:literal) => {
        concat!(
            "($9 > 0 AND (",
            $now,
            " < rotated_at + $9 OR $18 < rotated_at + $9))"
        )
    };
}

/// The presented token is the current one and does not rest, or is newer than
/// the store.
macro_rules! advances {
    ($now:literal) => {
        concat!(
            "(",
            $crate::rotation::good!($now),
            " AND ($7 > generation OR ($7 = generation \
             AND NOT (generation > 0 AND ",
            $crate::rotation::young!($now),
            "))))"
        )
    };
}

/// The presented token was exchanged before, by another attempt, and the grace
/// window does not cover that.
macro_rules! second_use {
    ($now:literal) => {
        concat!(
            "(",
            $crate::rotation::good!($now),
            " AND $7 < generation \
             AND NOT (generation = $7 + 1 AND rotated_by IS NOT DISTINCT FROM $8) \
             AND NOT (generation = $7 + 1 AND ",
            $crate::rotation::young!($now),
            "))"
        )
    };
}

/// The late retry of a predecessor is free, or was this attempt's.
macro_rules! late {
    () => {
        "(generation = $7 + 1 AND $10 AND (late_retry_by IS NULL OR late_retry_by = $8))"
    };
}

macro_rules! reused {
    ($now:literal) => {
        concat!(
            "(",
            $crate::rotation::second_use!($now),
            " AND NOT ",
            $crate::rotation::late!(),
            " AND NOT ($9 > 0 AND $18 < rotated_at))"
        )
    };
}

macro_rules! retried_late {
    ($now:literal) => {
        concat!(
            "(",
            $crate::rotation::second_use!($now),
            " AND ",
            $crate::rotation::late!(),
            " AND (NOT $11 OR user_agent IS NOT DISTINCT FROM $12))"
        )
    };
}

/// What follows `SET` where a token is exchanged. `$later` and `$earlier` choose one of two
/// numbers.
macro_rules! advance {
    ($now:literal, $later:literal, $earlier:literal) => {
        concat!(
            "generation = $7 + 1, rotated_at = ",
            $later,
            "(",
            $now,
            ", rotated_at), idle_deadline = ",
            $earlier,
            "(",
            $later,
            "(",
            $now,
            ", rotated_at) + $13, absolute_deadline), refresh_key = $14, user_agent = $12, \
             address = $15, rotated_by = $8, rotated_from = generation, late_retry_by = NULL"
        )
    };
}

/// What follows `SET` where a session is revoked.
macro_rules! revoke {
    ($now:literal) => {
        concat!(
            "revoked_at = ",
            $now,
            ", revoked_reason = $16, revoked_by = $8"
        )
    };
}

pub(crate) use {advance, advances, good, late, retried_late, reused, revoke, second_use, young};

/// How often it may turn out that somebody else has changed the row just before.
pub(crate) const TRIES: u32 = 8;

/// What can happen to a row; a statement for each.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Advance,
    ForgiveLate,
    Revoke,
}

impl Change {
    /// What the rules do where an attempt ends so.
    pub(crate) fn leading_to(outcome: &RotationOutcome) -> Self {
        match outcome {
            RotationOutcome::Reused { .. } => Self::Revoke,
            RotationOutcome::Replayed { .. } => Self::ForgiveLate,
            _ => Self::Advance,
        }
    }
}

/// Binds `$1` to `$18`; `$now` is what `$5` is.
macro_rules! bind {
    ($query:expr, $attempt:expr, $now:expr) => {{
        let attempt: &portcullis::session::RotationAttempt = $attempt;
        let same_device = portcullis::session::ReplayPolicy::SameDevice;
        $query
            .bind(attempt.session.as_str())
            .bind(attempt.subject.realm())
            .bind(attempt.subject.name())
            .bind(&attempt.secret_digest.as_bytes()[..])
            .bind($now)
            .bind(attempt.client.as_deref())
            .bind($crate::row::signed(attempt.generation))
            .bind(&attempt.id.as_bytes()[..])
            .bind($crate::row::millis(attempt.rules.window()))
            .bind(attempt.rules.until_used)
            .bind(attempt.rules.replay == same_device)
            .bind(attempt.device.user_agent.as_deref())
            .bind($crate::row::millis(attempt.idle_ttl))
            .bind(attempt.refresh_key.as_ref())
            .bind(attempt.device.address.map(|address| address.to_string()))
            .bind(portcullis::session::RevocationReason::Reuse.as_str())
            .bind(attempt.deadline.as_millis())
            .bind(attempt.set_out().as_millis())
    }};
}
pub(crate) use bind;

/// Reads the outcome off the row that a statement left.
pub(crate) fn outcome(
    row: &SessionRecord,
    attempt: &RotationAttempt,
    now: Timestamp,
) -> Result<RotationOutcome, StoreError> {
    match rules::decide(row, attempt, now) {
        (outcome, None) => Ok(outcome),
        (_, Some(_)) => Err(StoreError::corrupt(
            "the statement does not follow the rules",
        )),
    }
}

/// That the row never was as it had been read.
pub(crate) fn restless() -> StoreError {
    StoreError::unavailable("the session changes all the time")
}
