//! Why an endpoint refuses, before anybody decides how to say so.

use std::time::Duration;

use super::{AccountsError, input::FieldProblem, route::Name};
use crate::{
    credentials::CredentialsError,
    session::{SessionError, SessionErrorKind},
};

/// A refusal. How it reads is up to the [`Dialect`](super::dialect::Dialect).
#[derive(Clone, Debug)]
pub(super) enum Refusal {
    /// The body is larger than [`BODY_LIMIT`](super::BODY_LIMIT).
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
    /// The client could not be authenticated.
    Client,
    /// Another grant type.
    GrantType,
    /// A scope that is no scope, or more of it than can be granted.
    Scope,
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

impl From<AccountsError> for Refusal {
    fn from(error: AccountsError) -> Self {
        match error {
            AccountsError::TooManyRequests { retry_after } => Self::TooManyRequests(retry_after),
            AccountsError::Unavailable { retry_after } => Self::Unavailable(retry_after),
        }
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        let cause = &error as &dyn std::error::Error;
        match error.kind() {
            SessionErrorKind::Token(_)
            | SessionErrorKind::Refused(_)
            | SessionErrorKind::Reused
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

impl Refusal {
    /// The kind, for whoever counts.
    pub(super) fn kind(&self) -> RefusalKind {
        match self {
            Self::TooLarge
            | Self::MediaType
            | Self::Body(_)
            | Self::Field(..)
            | Self::Credentials(_)
            | Self::TwoClients
            | Self::TwoTokens
            | Self::GrantType
            | Self::Scope => RefusalKind::InvalidRequest,
            Self::NoToken => RefusalKind::MissingCredentials,
            Self::WrongCredentials => RefusalKind::WrongCredentials,
            Self::BadToken => RefusalKind::InvalidToken,
            Self::Client => RefusalKind::InvalidClient,
            Self::NotApplication | Self::TooManyTokens => RefusalKind::NotAllowed,
            Self::TooManyRequests(_) => RefusalKind::TooManyRequests,
            Self::Unavailable(_) => RefusalKind::Unavailable,
            Self::Misconfigured => RefusalKind::Misconfigured,
        }
    }
}

/// Why an endpoint refused, as an extension of its response: for outer layers
/// that count or log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// The request does not have the form that it must have.
    InvalidRequest,
    /// There are no credentials.
    MissingCredentials,
    /// A wrong name or a wrong secret.
    WrongCredentials,
    /// A token that is bad, expired, revoked, used up, of another kind or of
    /// another client.
    InvalidToken,
    /// An OAuth client that could not be authenticated.
    InvalidClient,
    /// The account may not have what it asks for.
    NotAllowed,
    /// The application throttles.
    TooManyRequests,
    /// The store, or what the application asks, is down.
    Unavailable,
    /// The service is put together wrongly.
    Misconfigured,
}
