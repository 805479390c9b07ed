//! Why a request was refused.

use std::{fmt, time::Duration};

use super::RejectionKind;
use crate::{
    claims::ScopeSet,
    credentials::CredentialsError,
    csrf::CsrfError,
    policy::{PolicyError, PolicyErrorKind, StepUp},
    session::{SessionError, SessionErrorKind},
    user::UserRefusal,
    verify::{ClaimsError, VerifyError},
};

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There were no credentials.
    MissingCredentials,
    /// The credentials were malformed or repeated.
    Credentials(CredentialsError),
    /// The token came in a cookie, and it is not sure that the page sent it which
    /// has it.
    Csrf(CsrfError),
    /// The token was refused, or could not be judged.
    Token(VerifyError),
    /// The claims do not have the form that a handler asks for.
    Claims(ClaimsError),
    /// The policy is not satisfied.
    Policy(PolicyError),
    /// The token is good, and the application does not have its user, or cannot say.
    User(UserRefusal),
    /// Sessions could not do what a handler asked of them.
    Sessions(SessionErrorKind),
    /// Something that is needed is down.
    Unavailable,
    /// An extractor ran where no layer did.
    MissingLayer(&'static str),
    /// The application is put together in a way that cannot be right.
    Misconfigured(&'static str),
}

impl Reason {
    /// A stable name, for logs and counters: it says which of the cases it is, and
    /// nothing of what came.
    ///
    /// ```
    /// use portcullis::challenge::Reason;
    ///
    /// assert_eq!(Reason::MissingCredentials.as_str(), "missing_credentials");
    /// ```
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::MissingCredentials => "missing_credentials",
            Self::Credentials(error) => error.as_str(),
            Self::Csrf(error) => error.kind().as_str(),
            Self::Token(error) => error.kind().as_str(),
            Self::Claims(_) => "wrong_claims_form",
            Self::Policy(error) => error.kind().as_str(),
            Self::User(refusal) => refusal.as_str(),
            Self::Sessions(kind) => kind.as_str(),
            Self::Unavailable => "unavailable",
            Self::MissingLayer(_) => "missing_layer",
            Self::Misconfigured(_) => "misconfigured",
        }
    }

    /// The kind of the refusal that it leads to.
    pub(crate) fn kind(&self) -> RejectionKind {
        match self {
            Self::MissingCredentials => RejectionKind::MissingCredentials,
            Self::Credentials(_) => RejectionKind::InvalidRequest,
            Self::Csrf(error) if error.is_about_origin() => RejectionKind::CrossOrigin,
            Self::Csrf(_) => RejectionKind::CsrfToken,
            Self::Token(error) if error.kind().is_unavailable() => RejectionKind::Unavailable,
            Self::Token(_) | Self::Claims(_) => RejectionKind::InvalidToken,
            Self::Policy(error) => kind_of(error.kind()),
            Self::User(UserRefusal::Unknown) => RejectionKind::InvalidToken,
            Self::User(UserRefusal::Suspended) => RejectionKind::UserSuspended,
            Self::User(UserRefusal::Unavailable { .. }) | Self::Unavailable => {
                RejectionKind::Unavailable
            }
            Self::Sessions(kind) => of_sessions(*kind),
            Self::MissingLayer(_) | Self::Misconfigured(_) => RejectionKind::Misconfigured,
        }
    }

    /// After which time it is worth coming back, where somebody knows.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Token(error) => error.retry_after(),
            Self::Policy(error) => error.retry_after(),
            Self::User(UserRefusal::Unavailable { retry_after }) => Some(*retry_after),
            _ => None,
        }
    }

    /// What a new login has to be, where that is what is lacking.
    pub(super) fn step_up(&self) -> Option<&StepUp> {
        match self {
            Self::Policy(error) => error.step_up(),
            _ => None,
        }
    }

    /// The same in words.
    pub(super) fn login_needed(&self) -> &'static str {
        match self {
            Self::Policy(error) if error.kind() == PolicyErrorKind::AuthenticationTooWeak => {
                "a stronger login is needed"
            }
            Self::Policy(error) if error.kind() == PolicyErrorKind::AuthenticationTooOld => {
                "a more recent login is needed"
            }
            _ => LOG_IN_AGAIN,
        }
    }

    /// What the client is told beside the kind, where it could not find out else.
    pub(super) fn description(&self) -> Option<&'static str> {
        match self {
            Self::Credentials(CredentialsError::LoneSubprotocol) => {
                Some("offer a second subprotocol beside the one that is the token")
            }
            _ => None,
        }
    }

    /// The scopes that would do, where one is what is lacking.
    pub(super) fn scope(&self) -> Option<&ScopeSet> {
        match self {
            Self::Policy(error) => Some(error.scope()),
            _ => None,
        }
    }
}

/// What a token that is not fresh lacks, in words.
pub(super) const LOG_IN_AGAIN: &str = "a token from a login with credentials is needed";

fn kind_of(kind: PolicyErrorKind) -> RejectionKind {
    match kind {
        PolicyErrorKind::NotFresh
        | PolicyErrorKind::AuthenticationTooWeak
        | PolicyErrorKind::AuthenticationTooOld => RejectionKind::InsufficientUserAuthentication,
        PolicyErrorKind::ScopeMissing
        | PolicyErrorKind::RoleMissing
        | PolicyErrorKind::RequestRefused
        | PolicyErrorKind::AnswerWasNo
        | PolicyErrorKind::Denied => RejectionKind::InsufficientScope,
        PolicyErrorKind::Unavailable => RejectionKind::Unavailable,
        PolicyErrorKind::NotAsked => RejectionKind::Misconfigured,
    }
}

/// What was presented is no good, or the service cannot do what was asked.
fn of_sessions(kind: SessionErrorKind) -> RejectionKind {
    match kind {
        SessionErrorKind::Unavailable => RejectionKind::Unavailable,
        SessionErrorKind::Token(_)
        | SessionErrorKind::Refused(_)
        | SessionErrorKind::Reused
        | SessionErrorKind::AlreadyUsed
        | SessionErrorKind::LoggedOutMeanwhile => RejectionKind::InvalidToken,
        SessionErrorKind::TooManyApplicationTokens
        | SessionErrorKind::Realm
        | SessionErrorKind::Issue
        | SessionErrorKind::GrantTooLong
        | SessionErrorKind::Unnamed
        | SessionErrorKind::Unsupported => RejectionKind::Misconfigured,
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingCredentials => f.write_str("there are no credentials"),
            Self::Credentials(error) => error.fmt(f),
            Self::Csrf(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
            Self::Claims(error) => error.fmt(f),
            Self::Policy(error) => error.fmt(f),
            Self::User(refusal) => refusal.fmt(f),
            Self::Sessions(kind) => SessionError::from(*kind).fmt(f),
            Self::Unavailable => f.write_str("something that is needed is down"),
            Self::MissingLayer(hint) | Self::Misconfigured(hint) => f.write_str(hint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{challenge::Rejection, session::RefusalReason};

    #[test]
    fn what_sessions_cannot_do_is_the_clients_fault_or_the_services() {
        for (kind, status) in [
            (SessionErrorKind::Refused(RefusalReason::Revoked), 401),
            (SessionErrorKind::Reused, 401),
            (SessionErrorKind::LoggedOutMeanwhile, 401),
            (SessionErrorKind::Unavailable, 503),
            (SessionErrorKind::Unnamed, 500),
            (SessionErrorKind::Unsupported, 500),
        ] {
            let rejection = Rejection::from(SessionError::from(kind));
            assert_eq!(rejection.status(), status, "{kind:?}");
            assert_eq!(rejection.reason(), &Reason::Sessions(kind));
            assert_eq!(rejection.challenge().is_some(), status == 401, "{kind:?}");
            let told = rejection.headers().any(|(name, _)| name == "retry-after");
            assert_eq!(told, status == 503, "{kind:?}");
        }
    }

    #[test]
    fn a_user_that_cannot_be_loaded_is_told_when_to_come_back() {
        let retry_after = Duration::from_millis(6_500);
        let refusal = UserRefusal::Unavailable { retry_after };
        let rejection = Rejection::of(Reason::User(refusal));
        assert_eq!(rejection.status(), 503);
        let mut headers = rejection.headers();
        let told = headers.find(|(name, _)| *name == "retry-after").unwrap();
        assert_eq!(told.1, "7");
    }
}
