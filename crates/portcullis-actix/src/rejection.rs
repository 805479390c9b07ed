//! Refusals as actix's responses.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, body::BoxBody, http::StatusCode};
use portcullis::{challenge::Rejection, session::SessionError};

use crate::convert;

/// A refusal that actix can answer with: the core's, to the byte.
///
/// ```
/// use portcullis::guard::Authentication;
/// use portcullis_actix::AuthRejection;
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

impl ResponseError for AuthRejection {
    fn status_code(&self) -> StatusCode {
        convert::status(self.0.status())
    }

    fn error_response(&self) -> HttpResponse {
        let body = BoxBody::new(self.0.body());
        let mut response = HttpResponse::with_body(self.status_code(), body);
        for (name, value) in self.0.headers() {
            convert::add_header(&mut response, name.as_bytes(), &value);
        }
        response.extensions_mut().insert(self.0.reason().clone());
        response
    }
}

impl fmt::Display for AuthRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for AuthRejection {}
