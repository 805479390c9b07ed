//! How a use of sessions can fail.

use std::{error::Error, fmt, sync::Arc};

use crate::{
    issue::{IssueError, IssueErrorKind},
    random::RandomError,
    session::{
        RefusalReason, StoreError, StoreErrorKind,
        refresh::{RefreshError, RefreshErrorKind},
    },
};

/// A session could not be opened, refreshed or ended.
#[derive(Clone, Debug)]
pub struct SessionError {
    kind: SessionErrorKind,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// Why a use of sessions failed. What is refused looks the same from outside,
/// whatever the reason; the reasons are for logs and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionErrorKind {
    /// Not a refresh token of this API, or an expired one.
    Token(RefreshErrorKind),
    /// The refresh token is not good now.
    Refused(RefusalReason),
    /// The refresh token had been used up; its session is revoked now.
    Reused,
    /// The subject was logged out everywhere while its credentials were
    /// checked.
    LoggedOutMeanwhile,
    /// The subject has as many application tokens as it may have.
    TooManyApplicationTokens,
    /// The subject is of another realm than the API's.
    Realm,
    /// The store, or the operating system's randomness, is unavailable.
    /// Nothing is lost: what was presented is still good.
    Unavailable,
    /// The access token could not be made from what the application supplied.
    Issue,
    /// A credential that opens one session has opened it before, longer ago than
    /// is forgiven; or the session is over.
    AlreadyUsed,
    /// An access token names neither a session of ours nor itself, so that nothing can be
    /// revoked before it expires.
    Unnamed,
    /// The store does not do what is needed, such as to remember what may be used
    /// once.
    Unsupported,
    /// What the session was to be granted, and the data that was to be kept with it, make
    /// a refresh token that nobody could present.
    GrantTooLong,
}

impl SessionErrorKind {
    /// A stable name, for logs and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Token(_) => "refresh_token_invalid",
            Self::Refused(_) => "refresh_refused",
            Self::Reused => "refresh_reused",
            Self::LoggedOutMeanwhile => "logged_out_meanwhile",
            Self::TooManyApplicationTokens => "too_many_application_tokens",
            Self::Realm => "wrong_realm",
            Self::Unavailable => "sessions_unavailable",
            Self::Issue => "token_not_issued",
            Self::AlreadyUsed => "already_used",
            Self::Unnamed => "token_unnamed",
            Self::Unsupported => "store_unsupported",
            Self::GrantTooLong => "grant_too_long",
        }
    }
}

impl SessionError {
    /// Why it failed.
    pub fn kind(&self) -> SessionErrorKind {
        self.kind
    }

    fn caused(kind: SessionErrorKind, source: impl Error + Send + Sync + 'static) -> Self {
        Self {
            kind,
            source: Some(Arc::new(source)),
        }
    }
}

impl From<SessionErrorKind> for SessionError {
    fn from(kind: SessionErrorKind) -> Self {
        Self { kind, source: None }
    }
}

impl From<StoreError> for SessionError {
    fn from(error: StoreError) -> Self {
        let kind = match error.kind() {
            StoreErrorKind::Unsupported => SessionErrorKind::Unsupported,
            _ => SessionErrorKind::Unavailable,
        };
        Self::caused(kind, error)
    }
}

impl From<RandomError> for SessionError {
    fn from(error: RandomError) -> Self {
        Self::caused(SessionErrorKind::Unavailable, error)
    }
}

impl From<IssueError> for SessionError {
    fn from(error: IssueError) -> Self {
        let kind = match error.kind() {
            IssueErrorKind::Random | IssueErrorKind::NoKey => SessionErrorKind::Unavailable,
            IssueErrorKind::Realm => SessionErrorKind::Realm,
            _ => SessionErrorKind::Issue,
        };
        Self::caused(kind, error)
    }
}

impl From<RefreshError> for SessionError {
    fn from(error: RefreshError) -> Self {
        match error.kind() {
            RefreshErrorKind::KeysUnavailable | RefreshErrorKind::Newer => {
                Self::caused(SessionErrorKind::Unavailable, error)
            }
            RefreshErrorKind::TooLong => SessionErrorKind::GrantTooLong.into(),
            RefreshErrorKind::Sign => Self::caused(SessionErrorKind::Issue, error),
            kind => SessionErrorKind::Token(kind).into(),
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            SessionErrorKind::Token(kind) => RefreshError::from(kind).fmt(f),
            SessionErrorKind::Refused(reason) => {
                write!(f, "the refresh token was refused: {}", reason.as_str())
            }
            SessionErrorKind::Reused => f.write_str("the refresh token had been used up"),
            SessionErrorKind::LoggedOutMeanwhile => {
                f.write_str("the subject was logged out everywhere meanwhile")
            }
            SessionErrorKind::TooManyApplicationTokens => {
                f.write_str("the subject has too many application tokens")
            }
            SessionErrorKind::Realm => f.write_str("the subject is of another realm"),
            SessionErrorKind::Unavailable => f.write_str("sessions are unavailable"),
            SessionErrorKind::Issue => f.write_str("the access token could not be issued"),
            SessionErrorKind::AlreadyUsed => {
                f.write_str("the credential has opened its one session before")
            }
            SessionErrorKind::Unnamed => {
                f.write_str("the token has neither a session of ours nor an id to be revoked by")
            }
            SessionErrorKind::Unsupported => f.write_str("the store does not do what is needed"),
            SessionErrorKind::GrantTooLong => f.write_str(
                "the refresh token would be longer than can be presented: grant less, or keep less data with the session",
            ),
        }
    }
}

impl Error for SessionError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn Error + 'static))
    }
}
