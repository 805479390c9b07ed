//! Whose fault a database error is.

use portcullis::session::StoreError;

/// Result codes (<https://www.sqlite.org/rescode.html>) that no waiting cures:
/// wrong statement or table, damaged file, broken constraint, not a database.
const LASTING: [i32; 6] = [1, 11, 17, 19, 20, 26];

/// The result code of a file that another process has locked.
const BUSY: i32 = 5;

/// Sorts an error into those that may pass and those that will not.
pub(super) fn unavailable(error: sqlx::Error) -> StoreError {
    let lasting = match &error {
        sqlx::Error::Database(_) => code(&error).is_some_and(|code| LASTING.contains(&code)),
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

/// Whether another process had locked the file.
pub(super) fn is_busy(error: &StoreError) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref())
        .and_then(code)
        == Some(BUSY)
}

/// The primary result code.
fn code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error()?.code()?;
    code.parse::<i32>().ok().map(|code| code & 0xff)
}
