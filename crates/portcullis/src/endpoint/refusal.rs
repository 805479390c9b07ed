//! Why an endpoint refuses, before anybody decides how to say so.

use std::time::Duration;

use super::{
    accounts::{AccountsError, AccountsErrorKind},
    name::Name,
    request_body::BodyError,
};
use crate::{
    challenge::{Reason, RefusalKind, RejectionKind},
    credentials::CredentialsError,
    csrf::CsrfError,
    policy::PolicyError,
    session::{RefusalReason, SessionError, SessionErrorKind},
};

/// A refusal. How it reads is up to the API's dialect.
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// There is no endpoint at the path.
    NotFound,
    /// The endpoint has another method.
    MethodNotAllowed,
    /// The body is larger than [`BODY_LIMIT`](super::request_body::BODY_LIMIT).
    TooLarge,
    /// The body is of another type.
    MediaType,
    /// The body cannot be read, and why.
    Body(&'static str),
    /// A field is missing or wrong.
    Field(Name, FieldProblem),
    /// Credentials in a header are malformed or repeated.
    Credentials(CredentialsError),
    /// There are two answers to who the client is.
    TwoClients,
    /// A token was sent in two places.
    TwoTokens,
    /// There is no token where one is needed.
    NoToken,
    /// Wrong name or secret, whichever.
    WrongCredentials,
    /// A token that is bad, expired, revoked, used up, of another kind or of
    /// another client.
    BadToken,
    /// A refresh token of a session that goes on, but not with this one: another
    /// was given for it, or the device is another.
    OutdatedToken,
    /// A cookie came along with a request that somebody else may have made a browser
    /// send.
    Csrf(CsrfError),
    /// A log-out token that is not good.
    LogoutToken,
    /// The client could not be authenticated.
    Client,
    /// Another grant type.
    GrantType,
    /// A scope that is no scope, or more of it than can be granted.
    Scope,
    /// An application token where none is taken.
    ApplicationToken,
    /// A good access token that does not satisfy the policy of the route.
    Policy(PolicyError),
    /// Not an account of type `application`.
    NotApplication,
    /// As many application tokens as one may have.
    TooManyTokens,
    /// Too many requests; when to come back.
    TooManyRequests(Duration),
    /// Something that is needed is down; when to come back.
    Unavailable(Duration),
    /// The service is put together wrongly; the log says how.
    Misconfigured,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldProblem {
    Missing,
    Repeated,
    NotText,
    Malformed,
}

impl From<BodyError> for Refusal {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::Broken => Self::Body("the body cannot be read to its end"),
        }
    }
}

impl From<AccountsError> for Refusal {
    fn from(error: AccountsError) -> Self {
        match error.kind() {
            AccountsErrorKind::TooManyRequests => Self::TooManyRequests(error.retry_after()),
            AccountsErrorKind::Unavailable => Self::Unavailable(error.retry_after()),
        }
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        let cause = &error as &dyn std::error::Error;
        match error.kind() {
            SessionErrorKind::Refused(RefusalReason::Generation | RefusalReason::OtherDevice) => {
                tracing::debug!(reason = %error, "refused");
                Self::OutdatedToken
            }
            SessionErrorKind::Token(_)
            | SessionErrorKind::Refused(_)
            | SessionErrorKind::Reused
            | SessionErrorKind::AlreadyUsed
            | SessionErrorKind::LoggedOutMeanwhile => {
                tracing::debug!(reason = %error, "refused");
                Self::BadToken
            }
            SessionErrorKind::TooManyApplicationTokens => Self::TooManyTokens,
            SessionErrorKind::Unavailable => {
                tracing::error!(error = cause, "sessions are unavailable");
                Self::Unavailable(Duration::MAX)
            }
            // What the application said about the account cannot be.
            _ => {
                tracing::error!(error = cause, "no token could be issued");
                Self::Misconfigured
            }
        }
    }
}

impl From<PolicyError> for Refusal {
    fn from(error: PolicyError) -> Self {
        match error.retry_after() {
            Some(after) => Self::Unavailable(after),
            None => Self::Policy(error),
        }
    }
}

impl From<CsrfError> for Refusal {
    fn from(error: CsrfError) -> Self {
        // The answer says less.
        tracing::debug!(reason = %error, "request of a browser refused");
        Self::Csrf(error)
    }
}

impl Refusal {
    /// A stable name, for counters: nothing of what came is in it.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::TooLarge => "too_large",
            Self::MediaType => "media_type",
            Self::Body(_) => "body",
            Self::Field(..) => "field",
            Self::Credentials(error) => error.as_str(),
            Self::TwoClients => "two_clients",
            Self::TwoTokens => "two_tokens",
            Self::NoToken => "missing_credentials",
            Self::WrongCredentials => "wrong_credentials",
            Self::BadToken => "bad_token",
            Self::OutdatedToken => "outdated_token",
            Self::Csrf(error) => error.kind().as_str(),
            Self::LogoutToken => "logout_token",
            Self::Client => "invalid_client",
            Self::GrantType => "grant_type",
            Self::Scope => "scope",
            Self::ApplicationToken => "application_token",
            Self::Policy(error) => error.kind().as_str(),
            Self::NotApplication => "not_application",
            Self::TooManyTokens => "too_many_tokens",
            Self::TooManyRequests(_) => "too_many_requests",
            Self::Unavailable(_) => "unavailable",
            Self::Misconfigured => "misconfigured",
        }
    }

    /// The kind, for whoever counts.
    pub(super) fn kind(&self) -> RefusalKind {
        let shared = match self {
            Self::TooLarge
            | Self::MediaType
            | Self::Body(_)
            | Self::Field(..)
            | Self::TwoClients
            | Self::TwoTokens
            | Self::LogoutToken
            | Self::GrantType
            | Self::Scope => RejectionKind::InvalidRequest,
            Self::Credentials(error) => Reason::Credentials(*error).kind(),
            Self::NoToken => Reason::MissingCredentials.kind(),
            Self::BadToken | Self::OutdatedToken => RejectionKind::InvalidToken,
            Self::Csrf(error) => Reason::Csrf(*error).kind(),
            Self::ApplicationToken => RejectionKind::InsufficientScope,
            Self::Policy(error) => Reason::Policy(error.clone()).kind(),
            Self::Unavailable(_) => Reason::Unavailable.kind(),
            Self::Misconfigured => RejectionKind::Misconfigured,
            Self::NotFound => return RefusalKind::NotFound,
            Self::MethodNotAllowed => return RefusalKind::MethodNotAllowed,
            Self::WrongCredentials => return RefusalKind::WrongCredentials,
            Self::Client => return RefusalKind::InvalidClient,
            Self::NotApplication | Self::TooManyTokens => return RefusalKind::NotAllowed,
            Self::TooManyRequests(_) => return RefusalKind::TooManyRequests,
        };
        RefusalKind::Rejection(shared)
    }
}
