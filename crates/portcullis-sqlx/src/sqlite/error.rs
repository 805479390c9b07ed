//! Whose fault a database error is.

use portcullis::session::StoreError;

/// Result codes (<https://www.sqlite.org/rescode.html>) that no waiting cures:
/// wrong statement or table, damaged file, broken constraint, not a database.
const LASTING: [i32; 6] = [1, 11, 17, 19, 20, 26];

/// Sorts an error into those that may pass and those that will not.
pub(super) fn unavailable(error: sqlx::Error) -> StoreError {
    let lasting = match &error {
        sqlx::Error::Database(error) => error
            .code()
            .and_then(|code| code.parse::<i32>().ok())
            .is_some_and(|code| LASTING.contains(&(code & 0xff))),
        sqlx::Error::RowNotFound
        | sqlx::Error::TypeNotFound { .. }
        | sqlx::Error::ColumnIndexOutOfBounds { .. }
        | sqlx::Error::ColumnNotFound(_)
        | sqlx::Error::ColumnDecode { .. }
        | sqlx::Error::Decode(_) => true,
        _ => false,
    };
    if lasting {
        StoreError::corrupt(error)
    } else {
        StoreError::unavailable(error)
    }
}
