//! Why something could not be fetched.

use std::{borrow::Cow, fmt, time::Duration};

/// Something that could not be fetched, or was fetched and cannot be used.
///
/// The message says what is wrong, where, and what to do. It shows URLs without
/// their queries, and never a secret, a token or a body.
///
/// Who writes an [`HttpClient`](crate::HttpClient) or a
/// [`Source`](crate::Source) makes these:
///
/// ```
/// use portcullis_remote::{FetchError, FetchErrorKind};
///
/// let error = FetchError::new(FetchErrorKind::Unreachable, "the vault is sealed");
/// assert_eq!(error.kind(), FetchErrorKind::Unreachable);
/// assert_eq!(error.to_string(), "the vault is sealed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchError {
    kind: FetchErrorKind,
    message: Cow<'static, str>,
    retry_after: Option<Duration>,
}

/// What kind of thing went wrong.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FetchErrorKind {
    /// No answer: the name is unknown, the connection was refused or broke, the
    /// certificate is not trusted.
    Unreachable,
    /// No answer in time.
    Timeout,
    /// An answer of another status than was asked for, which is this one.
    Status(u16),
    /// A body, a file or a set that is larger than is allowed.
    TooLarge,
    /// Not what it should be: no JSON, no key set, no metadata.
    Malformed,
    /// The metadata is of another issuer than the one that was asked for
    /// (RFC 8414 section 3.3, OpenID Connect Discovery section 4.3).
    IssuerMismatch,
    /// A URL that is not fetched: not https, with user information, with a
    /// fragment, or no URL at all.
    UrlNotAllowed,
    /// A set without one key that can be used.
    EmptySet,
    /// A file or directory that cannot be read.
    Unreadable,
}

impl FetchErrorKind {
    /// A stable name, for logs and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Status(_) => "status",
            Self::TooLarge => "too_large",
            Self::Malformed => "malformed",
            Self::IssuerMismatch => "issuer_mismatch",
            Self::UrlNotAllowed => "url_not_allowed",
            Self::EmptySet => "empty_set",
            Self::Unreadable => "unreadable",
        }
    }
}

impl FetchError {
    /// An error with a message for whoever runs the service: lower case, what is
    /// wrong and what to do, no secret.
    pub fn new(kind: FetchErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
        }
    }

    /// The same error, with when the other side asks to be asked again.
    #[must_use]
    pub fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    /// The same error, with where it happened before its message.
    pub(crate) fn within(self, place: impl fmt::Display) -> Self {
        Self {
            message: format!("{place}: {}", self.message).into(),
            ..self
        }
    }

    /// The same error, with more about it after its message.
    pub(crate) fn followed_by(self, more: &str) -> Self {
        Self {
            message: format!("{}{more}", self.message).into(),
            ..self
        }
    }

    /// What kind of thing went wrong.
    pub fn kind(&self) -> FetchErrorKind {
        self.kind
    }

    /// How long the other side asks to be left alone (`Retry-After`, RFC 9110
    /// section 10.2.3). As it was sent: it may be years.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FetchError {}
