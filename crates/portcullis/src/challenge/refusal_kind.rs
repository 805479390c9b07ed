//! The kinds of refusals, those of endpoints too.

use super::RejectionKind;

/// Why a request was refused, by a guard or an endpoint. Answers of endpoints have
/// it as an extension: for outer layers that count or log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalKind {
    /// What a guard would refuse for, too: of the request's form, its token, or
    /// the service itself.
    Rejection(RejectionKind),
    /// A wrong name or a wrong secret.
    WrongCredentials,
    /// An OAuth client that could not be authenticated.
    InvalidClient,
    /// The account may not have what it asks for.
    NotAllowed,
    /// The application throttles.
    TooManyRequests,
    /// There is no endpoint at the path.
    NotFound,
    /// The endpoint has another method.
    MethodNotAllowed,
}

impl RefusalKind {
    /// What a request comes to for it, as it is counted.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Rejection(kind) => kind.outcome(),
            _ => "refused",
        }
    }
}
