//! Whose fault a Redis error is.

use portcullis::session::StoreError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// What a script says when a row is not what it must be: the first word of our
/// own messages, a key of another kind, and what Lua says of a wrong operand.
const LASTING: [&str; 4] = ["CORRUPT ", "WRONGTYPE", "attempt to ", "bad argument"];

/// What a server says that is no primary, or one that its replicas have left: the
/// name may stand for another one by now.
const DEPOSED: [&str; 3] = ["READONLY", "MASTERDOWN", "NOREPLICAS"];

/// Sorts an error into those that may pass and those that will not.
pub(crate) fn store_error(error: RedisError) -> StoreError {
    let lasting = match error.kind() {
        ErrorKind::UnexpectedReturnType => true,
        ErrorKind::Server(ServerErrorKind::ResponseError) | ErrorKind::Extension => {
            let message = error.to_string();
            LASTING.iter().any(|text| message.contains(text))
        }
        _ => false,
    };
    if lasting {
        StoreError::corrupt(error)
    } else {
        StoreError::unavailable(error)
    }
}

/// Whether the connection that this came from is of no use any more.
pub(crate) fn ends_connection(error: &RedisError) -> bool {
    error.is_connection_dropped()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || error.kind() == ErrorKind::Io
}

/// Whether the server says that it had better not be written to, so that another
/// connection may lead to a better one.
pub(crate) fn is_deposed(error: &RedisError) -> bool {
    let code = error.code().unwrap_or_default();
    DEPOSED.contains(&code) || quoted_code(error).is_some_and(|code| DEPOSED.contains(&code))
}

/// What a command in a script failed with, as Redis 6 tells it: in the middle of an
/// error of the script.
fn quoted_code(error: &RedisError) -> Option<&str> {
    let detail = error.detail()?;
    let (_, quoted) = detail.split_once(": -")?;
    quoted.split(' ').next()
}

#[cfg(test)]
mod tests {
    use portcullis::session::StoreErrorKind;

    use super::*;

    /// The error of an answer, as it comes over the wire.
    fn said(line: &str) -> RedisError {
        let answer = redis::parse_redis_value(format!("-{line}\r\n").as_bytes());
        answer.unwrap().extract_error().unwrap_err()
    }

    /// What servers say of a command in a script: Redis 6, Redis 7 (and Valkey 7.2,
    /// the last that has its texts), Valkey 8. And whether another connection may help.
    const PASSING: [(&str, bool); 23] = [
        (
            "ERR Error running script (call to f_5c9e): @user_script:83: @user_script: 83: \
             -READONLY You can't write against a read only replica. ",
            true,
        ),
        (
            "READONLY You can't write against a read only replica. script: 5c9e, on @user_script:83.",
            true,
        ),
        (
            "READONLY You can't write against a read only replica.",
            true,
        ),
        (
            "ERR Error running script (call to f_5c9e): @user_script:83: @user_script: 83: \
             -NOREPLICAS Not enough good replicas to write. ",
            true,
        ),
        (
            "NOREPLICAS Not enough good replicas to write. script: 5c9e, on @user_script:83.",
            true,
        ),
        ("NOREPLICAS Not enough good replicas to write.", true),
        (
            "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
            true,
        ),
        (
            "ERR Error running script (call to f_5c9e): @user_script:83: @user_script: 83: \
             -MISCONF Errors writing to the AOF file: No space left on device ",
            false,
        ),
        (
            "MISCONF Errors writing to the AOF file: No space left on device",
            false,
        ),
        (
            "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to \
             persist to disk. Commands that may modify the data set are disabled, because this \
             instance is configured to report errors during writes if RDB snapshotting fails \
             (stop-writes-on-bgsave-error option). Please check the Redis logs for details about \
             the RDB error. script: 5c9e, on @user_script:83.",
            false,
        ),
        (
            "MISCONF Valkey is configured to save RDB snapshots, but it's currently unable to \
             persist to disk. Commands that may modify the data set are disabled, because this \
             instance is configured to report errors during writes if RDB snapshotting fails \
             (stop-writes-on-bgsave-error option). Please check the Valkey logs for details about \
             the RDB error.",
            false,
        ),
        (
            "ERR Error running script (call to f_5c9e): @user_script:83: @user_script: 83: \
             -OOM command not allowed when used memory > 'maxmemory'. ",
            false,
        ),
        (
            "OOM command not allowed when used memory > 'maxmemory'. script: 5c9e, on @user_script:83.",
            false,
        ),
        (
            "OOM command not allowed when used memory > 'maxmemory'.",
            false,
        ),
        ("LOADING Redis is loading the dataset in memory", false),
        ("LOADING Valkey is loading the dataset in memory", false),
        (
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            false,
        ),
        (
            "BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
            false,
        ),
        ("CLUSTERDOWN The cluster is down", false),
        ("CLUSTERDOWN Hash slot not served", false),
        (
            "TRYAGAIN Multiple keys request during rehashing of slot",
            false,
        ),
        (
            "ERR Script attempted to access a non local key in a cluster node script: 5c9e, on \
             @user_script:83.",
            false,
        ),
        (
            "NOPERM this user has no permissions to run the 'evalsha' command",
            false,
        ),
    ];

    /// The same, of a row that is not what it must be.
    const LASTING_TEXTS: [&str; 5] = [
        "ERR Error running script (call to f_5c9e): @user_script:16: user_script:16: CORRUPT row ",
        "ERR user_script:16: CORRUPT row script: 5c9e, on @user_script:16.",
        "WRONGTYPE Operation against a key holding the wrong kind of value script: 5c9e, on \
         @user_script:83.",
        "ERR Error running script (call to f_5c9e): @user_script:83: @user_script: 83: -WRONGTYPE \
         Operation against a key holding the wrong kind of value ",
        "ERR user_script:90: attempt to compare nil with number script: 5c9e, on @user_script:90.",
    ];

    #[test]
    fn what_servers_say_of_themselves_may_pass() {
        for (line, deposed) in PASSING {
            let error = said(line);
            assert_eq!(is_deposed(&error), deposed, "{line}");
            assert!(!ends_connection(&error), "{line}");
            let kind = store_error(error).kind();
            assert_eq!(kind, StoreErrorKind::Unavailable, "{line}");
        }
    }

    #[test]
    fn what_scripts_say_of_rows_lasts() {
        for line in LASTING_TEXTS {
            let error = said(line);
            assert!(!is_deposed(&error) && !ends_connection(&error), "{line}");
            assert_eq!(store_error(error).kind(), StoreErrorKind::Corrupt, "{line}");
        }
    }
}
