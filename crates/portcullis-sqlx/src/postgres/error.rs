//! What can go wrong, and what then becomes of the connection.

use portcullis::session::StoreError;

/// Why a piece of work on a connection failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The server or the way to it.
    Database(sqlx::Error),
    /// What came back cannot be.
    Store(StoreError),
}

/// Classes of SQLSTATE that no waiting cures: feature not supported, wrong
/// data, broken constraint, wrong statement or table or too few rights, longer
/// than the server can handle, damaged files
/// (<https://www.postgresql.org/docs/current/errcodes-appendix.html>).
const LASTING: [&str; 6] = ["0A", "22", "23", "42", "54", "XX"];

/// More than the server can handle; of the statements here, an entry of an index.
const TOO_LONG: &str = "54000";

/// The server ended the session: shut down, crashed, or told to.
const ENDED: [&str; 4] = ["57P01", "57P02", "57P03", "57P05"];

/// No lock in time, deadlock.
const LOCKED: [&str; 2] = ["55P03", "40P01"];

impl Failure {
    /// Whether the connection broke, so that another one may do better.
    pub(super) fn is_lost_connection(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Io(_) | sqlx::Error::Protocol(_)) => true,
            Self::Database(error) => code(error)
                .is_some_and(|code| ENDED.contains(&code.as_str()) || code.starts_with("08")),
            Self::Store(_) => false,
        }
    }

    /// Whether somebody else had locked what was needed, for too long or in a circle.
    pub(super) fn is_locked_out(&self) -> bool {
        match self {
            Self::Database(error) => {
                code(error).is_some_and(|code| LOCKED.contains(&code.as_str()))
            }
            Self::Store(_) => false,
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        let error = match failure {
            Failure::Store(error) => return error,
            Failure::Database(error) => error,
        };
        let lasting = match &error {
            sqlx::Error::RowNotFound
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::ColumnIndexOutOfBounds { .. }
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::Encode(_) => true,
            error => {
                code(error).is_some_and(|code| LASTING.iter().any(|class| code.starts_with(class)))
            }
        };
        if code(&error).is_some_and(|code| code == TOO_LONG) {
            Self::unsupported(format!(
                "a realm and a name, or a realm and the id of a token, are longer together than \
                 PostgreSQL keeps, about 2600 bytes: {error}"
            ))
        } else if lasting {
            Self::corrupt(error)
        } else {
            Self::unavailable(error)
        }
    }
}

fn code(error: &sqlx::Error) -> Option<String> {
    error
        .as_database_error()
        .and_then(|error| error.code())
        .map(|code| code.into_owned())
}
