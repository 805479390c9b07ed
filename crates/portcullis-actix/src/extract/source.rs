//! Where an extractor's token comes from.

use std::future::Future;

use actix_web::{HttpMessage, HttpRequest};
use portcullis::{
    challenge::{Rejection, RejectionKind},
    guard::Authentication,
};

use crate::{AuthRejection, refused};

/// An extractor of a verified token, of which [`Scoped`](super::Scoped) and
/// [`WithRoles`](super::WithRoles) demand more.
#[diagnostic::on_unimplemented(
    message = "`Scoped` and `WithRoles` cannot demand anything of `{Self}`",
    note = "put `Token`, `Claims<T>` or `Authenticated<T>` into it"
)]
pub trait Source: Sized {
    /// The future of the extraction.
    type Extraction: Future<Output = Result<Self, AuthRejection>>;

    /// Extracts, and lets `demand` say whether the token will do.
    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction;
}

/// What is demanded of a token besides, if anything is.
pub(crate) type Demand = Option<fn(&Authentication) -> Result<(), Rejection>>;

/// Reads what [`Auth`](crate::Auth) left.
pub(super) fn of_middleware<T>(
    request: &HttpRequest,
    extract: impl FnOnce(&Authentication) -> Result<T, Rejection>,
    demand: Demand,
) -> Result<T, AuthRejection> {
    let result = match request.extensions().get() {
        Some(authentication) => extract_from(authentication, extract, demand),
        None => Err(Rejection::missing_layer(HINT)),
    };
    result.map_err(|rejection| refuse(request, rejection, Absence::of(demand)))
}

pub(super) fn extract_from<T>(
    authentication: &Authentication,
    extract: impl FnOnce(&Authentication) -> Result<T, Rejection>,
    demand: Demand,
) -> Result<T, Rejection> {
    let extracted = extract(authentication)?;
    demand.map_or(Ok(()), |demand| demand(authentication))?;
    Ok(extracted)
}

/// What it means that there are no credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// Nothing wrong: it may be turned into a `None`.
    Nobody,
    /// A refusal like any other: something is demanded of credentials.
    Refusal,
}

impl Absence {
    pub(super) fn of(demand: Demand) -> Self {
        match demand {
            Some(_) => Self::Refusal,
            None => Self::Nobody,
        }
    }
}

/// Refuses a request, which must be told unless it is for the absence of
/// credentials, and that is nothing wrong.
pub(super) fn refuse(
    request: &HttpRequest,
    rejection: Rejection,
    absence: Absence,
) -> AuthRejection {
    if absence == Absence::Nobody && rejection.kind() == RejectionKind::MissingCredentials {
        return AuthRejection(rejection);
    }
    refused::refuse(request, rejection)
}

const HINT: &str = "wrap the app, the scope or the resource with `.wrap(Auth::new(verifier))`, \
                    or let the handler extract `Authenticated<T>` (`Authenticated<Verified>` \
                    for the token itself) and nothing that wants a middleware";
