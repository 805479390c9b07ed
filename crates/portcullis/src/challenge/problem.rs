//! Problem details (RFC 9457).

use std::borrow::Cow;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;

use super::{RejectionBody, refused::Refused};

/// Problem details as they stand on the wire.
#[derive(Serialize)]
pub(super) struct Problem<'r> {
    r#type: Cow<'static, str>,
    title: &'static str,
    status: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'r str>,
    error: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'r str>,
}

impl<'r> Problem<'r> {
    /// Of a type below `types`, or of none that says more than the status (RFC 9457
    /// section 4.2.1). It is answered with `status`, which need not be the refusal's.
    pub(super) fn new(types: Option<&str>, status: u16, refused: &'r Refused<'_>) -> Self {
        let (r#type, title) = match types {
            Some(base) => (
                Cow::Owned(format!("{base}{}", refused.code())),
                refused.title(),
            ),
            None => (Cow::Borrowed("about:blank"), phrase(status)),
        };
        Self {
            r#type,
            title,
            status,
            detail: refused.description(),
            error: refused.code(),
            field: refused.field(),
        }
    }

    pub(super) fn body(&self) -> RejectionBody {
        let body = serde_json::to_vec(self).unwrap_or_default();
        RejectionBody::new("application/problem+json", Bytes::from(body))
    }
}

/// The phrase of a status, as RFC 9110 section 15 has it.
fn phrase(status: u16) -> &'static str {
    match status {
        413 => "Content Too Large",
        _ => StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Refused"),
    }
}
