//! Extractors: what [`Auth`](crate::Auth) left, a verification of its own, the
//! raw token.

mod authenticated;
mod claims;
mod raw;
mod scoped;
mod token;

pub use authenticated::{Authenticated, AuthenticatedFuture, OptionalAuthenticated};
pub use claims::{Claims, OptionalClaims};
pub use raw::{Bearer, OptionalBearer, Refresh};
pub use scoped::{Scoped, ScopedFuture};
pub use token::{OptionalToken, Token};

use actix_web::{HttpMessage, HttpRequest};
use portcullis::{challenge::Rejection, guard::Authentication};

use crate::AuthRejection;

/// Reads what [`Auth`](crate::Auth) left, or what [`Authenticated`] found
/// before.
fn read<T>(
    request: &HttpRequest,
    read: impl FnOnce(&Authentication) -> Result<T, Rejection>,
) -> Result<T, AuthRejection> {
    let extensions = request.extensions();
    let authentication = extensions.get();
    Ok(read(
        authentication.ok_or_else(|| Rejection::missing_layer(HINT))?,
    )?)
}

const HINT: &str = "wrap the app, the scope or the resource with `.wrap(Auth::new(verifier))`, \
                    or let the handler extract `Authenticated<T>`";
