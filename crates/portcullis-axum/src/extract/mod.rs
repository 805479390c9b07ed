//! Extractors: what a layer left, a verification of its own, the raw token.

mod authenticated;
mod claims;
mod raw;
mod scoped;
mod token;

pub use authenticated::Authenticated;
pub use claims::Claims;
pub use raw::{Bearer, Refresh};
pub use scoped::Scoped;
pub use token::Token;

use http::request::Parts;
use portcullis::{challenge::Rejection, guard::Authentication};

use crate::AuthRejection;

/// What a layer left, or what [`Authenticated`] found before.
fn authentication(parts: &Parts) -> Result<&Authentication, AuthRejection> {
    let authentication = parts.extensions.get();
    authentication.ok_or_else(|| Rejection::missing_layer(HINT).into())
}

const HINT: &str = "add `.layer(AuthLayer::new(verifier))` after the route, \
                    or let the handler extract `Authenticated<T>`";
