//! Refusals as axum's responses.

use std::fmt;

use axum_core::{
    body::Body,
    response::{IntoResponse, Response},
};
use portcullis::{challenge::Rejection, session::SessionError};

/// A refusal that axum can answer with: the core's, to the byte.
///
/// ```
/// use portcullis::guard::Authentication;
/// use portcullis_axum::AuthRejection;
///
/// # #[derive(Clone, serde::Deserialize)] struct User {}
/// // In an own extractor or handler:
/// fn user(authentication: &Authentication) -> Result<User, AuthRejection> {
///     Ok(authentication.claims()?)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AuthRejection(pub Rejection);

impl From<SessionError> for AuthRejection {
    /// For handlers that log somebody out: see [`Rejection`].
    fn from(error: SessionError) -> Self {
        Self(error.into())
    }
}

impl From<Rejection> for AuthRejection {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl IntoResponse for AuthRejection {
    fn into_response(self) -> Response {
        self.0.into_response::<Body>()
    }
}

impl fmt::Display for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for AuthRejection {}
