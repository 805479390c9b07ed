//! Why a user was refused.

use std::{fmt, time::Duration};

/// Why a request with a good token was refused for the sake of its user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserRefusal {
    /// The application does not know the subject: 401.
    Unknown,
    /// The user is suspended: 403.
    Suspended,
    /// Nobody can say now: 503.
    Unavailable {
        /// When it is worth coming back.
        retry_after: Duration,
    },
}

impl UserRefusal {
    /// A stable name, for logs and counters.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Unknown => "user_unknown",
            Self::Suspended => "user_suspended",
            Self::Unavailable { .. } => "users_unavailable",
        }
    }
}

impl fmt::Display for UserRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the application does not know the token's subject",
            Self::Suspended => "the user is suspended",
            Self::Unavailable { .. } => "nobody can say who the user is",
        })
    }
}
