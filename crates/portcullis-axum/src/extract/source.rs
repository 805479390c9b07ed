//! Where an extractor's token comes from.

use std::{borrow::Cow, future::Future};

use http::request::Parts;
use portcullis::{challenge::Rejection, guard::Authentication};

use crate::AuthRejection;

/// An extractor of a verified token. [`Scoped`](super::Scoped) and
/// [`WithRoles`](super::WithRoles) demand more of what any of them finds.
#[diagnostic::on_unimplemented(
    message = "`Scoped` and `WithRoles` cannot demand anything of `{Self}`",
    note = "put `Token`, `Claims<T>` or `Authenticated<T>` into it"
)]
pub trait Source<S>: Sized {
    /// What a layer left, or a verification of its own.
    fn authenticate<'p>(
        parts: &'p mut Parts,
        state: &S,
        credentials: Credentials,
    ) -> impl Future<Output = Result<Cow<'p, Authentication>, AuthRejection>> + Send;

    /// Makes the extractor's value; fails if there are no credentials.
    fn extract(authentication: &Authentication) -> Result<Self, Rejection>;
}

/// Whether a handler can do without credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    Required,
    Optional,
}

/// What a layer left.
pub(super) fn of_layer(parts: &Parts) -> Result<&Authentication, AuthRejection> {
    let authentication = parts.extensions.get();
    Ok(authentication.ok_or_else(|| Rejection::missing_layer(HINT))?)
}

const HINT: &str = "add `.layer(AuthLayer::new(verifier))` after the route, \
                    or let the handler extract `Authenticated<T>` (`Authenticated<Verified>` \
                    for the token itself) and nothing that wants a layer";
