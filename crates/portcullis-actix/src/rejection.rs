//! Refusals as actix's responses.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    error::HttpError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use portcullis::challenge::Rejection;

/// A refusal that actix can answer with: the core's, to the byte.
///
/// ```
/// use portcullis::guard::Authentication;
/// use portcullis_actix::AuthRejection;
///
/// # #[derive(serde::Deserialize)] struct User {}
/// // In an own extractor or handler:
/// fn user(authentication: &Authentication) -> Result<User, AuthRejection> {
///     Ok(authentication.claims()?)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct AuthRejection(pub Rejection);

impl From<Rejection> for AuthRejection {
    fn from(rejection: Rejection) -> Self {
        Self(rejection)
    }
}

impl ResponseError for AuthRejection {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status())
            .unwrap_or_else(|error| HttpError::from(error).status_code())
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::with_body(self.status_code(), BoxBody::new(self.0.body()));
        for (name, value) in self.0.headers() {
            // The core writes no other than header values.
            if let Ok(value) = HeaderValue::from_maybe_shared(value) {
                let headers = response.headers_mut();
                headers.insert(HeaderName::from_static(name), value);
            }
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
