//! Whose fault a Redis error is.

use portcullis::session::StoreError;
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// What a script says when a row is not what it must be: the first word of our
/// own messages, a key of another kind, and what Lua says of a wrong operand.
const LASTING: [&str; 4] = ["CORRUPT ", "WRONGTYPE", "attempt to ", "bad argument"];

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

/// Whether the connection that this came from had better be given up: it broke,
/// or leads to a server that is no longer the primary.
pub(crate) fn ends_connection(error: &RedisError) -> bool {
    error.is_connection_dropped()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            ErrorKind::Io
                | ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown)
        )
}
