//! The kinds of refusals.

/// The kinds of [`Rejection`](super::Rejection).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// No credentials, or those of another scheme: 401.
    MissingCredentials,
    /// Malformed or repeated credentials: 400.
    InvalidRequest,
    /// A bad, expired or revoked token, or another kind of token: 401.
    InvalidToken,
    /// A scope or role is missing, or a rule of the application says no: 403.
    InsufficientScope,
    /// A cookie authenticates the request, and it comes from an origin that may not
    /// send it: 403.
    CrossOrigin,
    /// A cookie authenticates the request, and the CSRF token of its session is
    /// missing or wrong: 403.
    CsrfToken,
    /// The user is suspended, says the application: 403.
    UserSuspended,
    /// The login behind the token is too old or too weak: 401 (RFC 9470).
    InsufficientUserAuthentication,
    /// What is needed to judge the token is down: 503.
    Unavailable,
    /// The service is put together wrongly: 500.
    Misconfigured,
}

impl RejectionKind {
    /// The HTTP status code.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::MissingCredentials
            | Self::InvalidToken
            | Self::InsufficientUserAuthentication => 401,
            Self::InsufficientScope | Self::CrossOrigin | Self::CsrfToken | Self::UserSuspended => {
                403
            }
            Self::Misconfigured => 500,
            Self::Unavailable => 503,
        }
    }

    /// What a request comes to for it, as it is counted.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Misconfigured => "misconfigured",
            _ => "refused",
        }
    }

    /// The error code in bodies, one of [`RefusalCode`](super::RefusalCode).
    pub const fn code(self) -> &'static str {
        match self {
            Self::MissingCredentials => "unauthorized",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::CrossOrigin => "cross_origin_request",
            Self::CsrfToken => "invalid_csrf_token",
            Self::UserSuspended => "user_suspended",
            Self::InsufficientUserAuthentication => "insufficient_user_authentication",
            Self::Unavailable => "temporarily_unavailable",
            Self::Misconfigured => "server_error",
        }
    }
}
