//! The bodies of refusals.

use bytes::Bytes;

use super::RejectionKind;

/// The body of a refusal and its content type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectionBody {
    pub(super) content_type: &'static str,
    pub(super) content: Bytes,
}

impl RejectionBody {
    /// A body of this content type.
    pub fn new(content_type: &'static str, content: impl Into<Bytes>) -> Self {
        Self {
            content_type,
            content: content.into(),
        }
    }

    /// No body at all.
    pub const fn empty() -> Self {
        Self {
            content_type: "",
            content: Bytes::new(),
        }
    }

    /// The content type, if there is content, and the content.
    pub(crate) fn into_parts(self) -> (Option<&'static str>, Bytes) {
        let content_type = (!self.content.is_empty()).then_some(self.content_type);
        (content_type, self.content)
    }

    /// `{"error":"…"}` with the error code of the challenge.
    pub fn standard(kind: RejectionKind) -> Self {
        let json = match kind {
            RejectionKind::MissingCredentials => r#"{"error":"unauthorized"}"#,
            RejectionKind::InvalidRequest => r#"{"error":"invalid_request"}"#,
            RejectionKind::InvalidToken => r#"{"error":"invalid_token"}"#,
            RejectionKind::InsufficientScope => r#"{"error":"insufficient_scope"}"#,
            RejectionKind::CrossOrigin => r#"{"error":"cross_origin_request"}"#,
            RejectionKind::CsrfToken => r#"{"error":"invalid_csrf_token"}"#,
            RejectionKind::UserSuspended => r#"{"error":"user_suspended"}"#,
            RejectionKind::InsufficientUserAuthentication => {
                r#"{"error":"insufficient_user_authentication"}"#
            }
            RejectionKind::Unavailable => r#"{"error":"temporarily_unavailable"}"#,
            RejectionKind::Misconfigured => r#"{"error":"server_error"}"#,
        };
        Self {
            content_type: "application/json",
            content: Bytes::from_static(json.as_bytes()),
        }
    }

    /// As [`standard`](Self::standard), with words where there are any.
    pub(super) fn of(kind: RejectionKind, description: Option<&'static str>) -> Self {
        match description {
            Some(text) => Self::described(kind, text),
            None => Self::standard(kind),
        }
    }

    /// As [`standard`](Self::standard), with words (RFC 6750 section 3); they have no
    /// characters that JSON would escape.
    fn described(kind: RejectionKind, description: &'static str) -> Self {
        let standard = Self::standard(kind);
        let mut content = standard.content.to_vec();
        content.pop();
        content.extend_from_slice(b",\"error_description\":\"");
        content.extend_from_slice(description.as_bytes());
        content.extend_from_slice(b"\"}");
        Self {
            content: content.into(),
            ..standard
        }
    }
}
