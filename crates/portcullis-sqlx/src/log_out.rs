//! Log-outs everywhere of subjects with many sessions: what the SQL of both databases shares.
//!
//! A transaction writes [`LIMIT`] rows at most. Where there are more, it leaves a row in
//! `portcullis_ending` with the number of the log-out, and whoever reads or changes a session
//! looks there: what began with an earlier ticket is over, as if its row said so. Then come
//! the rows, batch by batch, and the row goes. As a rule the table is empty, which makes
//! looking there cheap; the number in the subject's own row would be another page to read
//! for each refresh.

/// How many sessions of a subject one transaction ends or blanks.
pub(crate) const LIMIT: i64 = 1000;

/// [`LIMIT`] as rows are counted here.
#[cfg(feature = "sqlite")]
pub(crate) const BATCH: usize = 1000;

/// How many sessions end at most to make room for a new one, as on Redis. More are too many
/// only where a limit is new, or was lowered: the next logins end the others.
pub(crate) const EVICTED: i64 = 400;

/// The time of a log-out everywhere that has ended a session though its row does not say so
/// yet, or null.
macro_rules! log_out {
    () => {
        "(SELECT ending.at FROM portcullis_ending AS ending \
         WHERE ending.realm = portcullis_sessions.realm \
         AND ending.name = portcullis_sessions.name \
         AND CASE WHEN portcullis_sessions.ticket IS NULL \
             THEN portcullis_sessions.created_at <= ending.at \
             ELSE portcullis_sessions.ticket < ending.number END)"
    };
}

/// That a session whose row does not say that it was revoked has not been, by a cut-off or
/// such a log-out either.
macro_rules! goes_on {
    () => {
        concat!(
            $crate::cut_off::stands!("portcullis_sessions"),
            " AND ",
            $crate::log_out::log_out!(),
            " IS NULL"
        )
    };
}

/// The columns of a session but `id`, and what has ended it though its row does not say so:
/// what is read.
macro_rules! session_row {
    () => {
        concat!(
            $crate::row::session_columns!(),
            ", ",
            $crate::cut_off::cut_off!("portcullis_sessions"),
            " AS cut_off_at, ",
            $crate::log_out::log_out!(),
            " AS log_out_at"
        )
    };
}

/// [`session_row`] of a session that a statement found to [go on](goes_on): nobody need look
/// again.
macro_rules! row_that_goes_on {
    () => {
        concat!(
            $crate::row::session_columns!(),
            ", CAST(NULL AS bigint) AS cut_off_at, CAST(NULL AS bigint) AS log_out_at"
        )
    };
}

/// That something is left of who a session's subject was. `$granted` is an empty grant.
macro_rules! is_personal {
    ($granted:literal) => {
        concat!(
            "(user_agent IS NOT NULL OR address IS NOT NULL OR granted <> ",
            $granted,
            ")"
        )
    };
}

pub(crate) use {goes_on, is_personal, log_out, row_that_goes_on, session_row};
