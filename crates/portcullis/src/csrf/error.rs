//! What was missing.

use std::fmt;

/// Why a request that a cookie authenticates, or a login that would set one, was
/// refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CsrfError(CsrfErrorKind);

/// The kinds of [`CsrfError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CsrfErrorKind {
    /// `Sec-Fetch-Site` or `Origin` tells of another origin, and it is not listed.
    ForeignOrigin,
    /// Neither `Sec-Fetch-Site` nor `Origin` tells where the request comes from.
    UnknownOrigin,
    /// The origin is good, and there is no header `X-CSRF-Token`, or several.
    MissingToken,
    /// The origin is good, and the header has another session's token, or none at
    /// all.
    WrongToken,
    /// The access token names no session (`sid`) and has no name of its own (`jti`)
    /// that a CSRF token could belong to.
    NoSession,
}

impl CsrfErrorKind {
    /// A stable name, for logs and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ForeignOrigin => "foreign_origin",
            Self::UnknownOrigin => "unknown_origin",
            Self::MissingToken => "missing_csrf_token",
            Self::WrongToken => "wrong_csrf_token",
            Self::NoSession => "no_csrf_session",
        }
    }
}

impl CsrfError {
    pub(crate) const fn new(kind: CsrfErrorKind) -> Self {
        Self(kind)
    }

    /// What was missing.
    pub const fn kind(self) -> CsrfErrorKind {
        self.0
    }

    /// Whether it is the origin that was not good.
    pub(crate) const fn is_about_origin(self) -> bool {
        matches!(
            self.0,
            CsrfErrorKind::ForeignOrigin | CsrfErrorKind::UnknownOrigin
        )
    }
}

impl fmt::Display for CsrfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            CsrfErrorKind::ForeignOrigin => {
                "a request with a cookie, or for one, comes from an origin that is not listed with \
                 `CsrfProtection::allow_origin`"
            }
            CsrfErrorKind::UnknownOrigin => {
                "a request with a cookie, or for one, has neither Sec-Fetch-Site nor Origin to tell \
                 where it comes from"
            }
            CsrfErrorKind::MissingToken => {
                "a cookie authenticates the request, its origin is good, and the header \
                 X-CSRF-Token is missing or repeated"
            }
            CsrfErrorKind::WrongToken => {
                "a cookie authenticates the request, its origin is good, and the header \
                 X-CSRF-Token is not that of the cookie's session"
            }
            CsrfErrorKind::NoSession => {
                "a cookie authenticates the request, and its token has neither `sid` nor `jti` that \
                 a CSRF token could belong to"
            }
        })
    }
}

impl std::error::Error for CsrfError {}
