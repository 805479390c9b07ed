//! Where an extractor's token comes from.

use std::future::Future;

use actix_web::{HttpMessage, HttpRequest};
use portcullis::{challenge::Rejection, guard::Authentication};

use crate::AuthRejection;

/// An extractor of a verified token, of which [`Scoped`](super::Scoped) demands
/// more.
#[diagnostic::on_unimplemented(
    message = "`Scoped` cannot demand scopes of `{Self}`",
    note = "put `Token`, `Claims<T>` or `Authenticated<T>` into it"
)]
pub trait Source: Sized {
    /// The future of the extraction.
    type Extraction: Future<Output = Result<Self, AuthRejection>>;

    /// Extracts, and lets `demand` say whether the token will do.
    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction;
}

/// What is demanded of a token besides.
pub(crate) type Demand = fn(&Authentication) -> Result<(), Rejection>;

pub(super) const NOTHING: Demand = |_| Ok(());

/// Reads what [`Auth`](crate::Auth) left.
pub(super) fn of_middleware<T>(
    request: &HttpRequest,
    extract: impl FnOnce(&Authentication) -> Result<T, Rejection>,
    demand: Demand,
) -> Result<T, AuthRejection> {
    let extensions = request.extensions();
    let authentication = extensions.get();
    let authentication = authentication.ok_or_else(|| Rejection::missing_layer(HINT))?;
    let extracted = extract(authentication)?;
    demand(authentication)?;
    Ok(extracted)
}

const HINT: &str = "wrap the app, the scope or the resource with `.wrap(Auth::new(verifier))`, \
                    or let the handler extract `Authenticated<T>` (`Authenticated<Verified>` \
                    for the token itself) and nothing that wants a middleware";
