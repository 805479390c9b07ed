//! The error codes of refusals.

/// An error code that a refusal can have, of a guard or an endpoint: the member
/// `error` of its body, and the end of the `type` of
/// [problem details](super::RefusalFormat::problem_types). Codes keep their
/// meaning; new ones may come.
///
/// | code | status | title |
/// |---|---|---|
/// | `invalid_request` | 400 | Invalid request |
/// | `invalid_grant` | 400 | Invalid grant |
/// | `invalid_scope` | 400 | Invalid scope |
/// | `unsupported_grant_type` | 400 | Unsupported grant type |
/// | `unauthorized` | 401 | Authentication required |
/// | `invalid_token` | 401 | Invalid token |
/// | `insufficient_user_authentication` | 401 | Fresh authentication required |
/// | `invalid_credentials` | 401 | Invalid credentials |
/// | `invalid_client` | 401 | Invalid client |
/// | `insufficient_scope` | 403 | Insufficient scope |
/// | `cross_origin_request` | 403 | Request from another origin |
/// | `invalid_csrf_token` | 403 | Missing or wrong CSRF token |
/// | `user_suspended` | 403 | User suspended |
/// | `not_found` | 404 | No such endpoint |
/// | `method_not_allowed` | 405 | Method not allowed |
/// | `too_many_tokens` | 409 | Too many application tokens |
/// | `content_too_large` | 413 | Body too large |
/// | `unsupported_media_type` | 415 | Unsupported type of body |
/// | `too_many_requests` | 429 | Too many requests |
/// | `server_error` | 500 | Fault of the service |
/// | `temporarily_unavailable` | 503 | Temporarily unavailable |
///
/// ```
/// use portcullis::challenge::RefusalCode;
///
/// // What a page about problem types has to explain.
/// for code in RefusalCode::ALL {
///     println!("{}: {} {}", code.code(), code.status(), code.title());
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusalCode {
    code: &'static str,
    status: u16,
    title: &'static str,
}

impl RefusalCode {
    /// All codes, by status.
    pub const ALL: &'static [Self] = &[
        Self::new("invalid_request", 400, "Invalid request"),
        Self::new("invalid_grant", 400, "Invalid grant"),
        Self::new("invalid_scope", 400, "Invalid scope"),
        Self::new("unsupported_grant_type", 400, "Unsupported grant type"),
        Self::new("unauthorized", 401, "Authentication required"),
        Self::new("invalid_token", 401, "Invalid token"),
        Self::new(
            "insufficient_user_authentication",
            401,
            "Fresh authentication required",
        ),
        Self::new("invalid_credentials", 401, "Invalid credentials"),
        Self::new("invalid_client", 401, "Invalid client"),
        Self::new("insufficient_scope", 403, "Insufficient scope"),
        Self::new("cross_origin_request", 403, "Request from another origin"),
        Self::new("invalid_csrf_token", 403, "Missing or wrong CSRF token"),
        Self::new("user_suspended", 403, "User suspended"),
        Self::new("not_found", 404, "No such endpoint"),
        Self::new("method_not_allowed", 405, "Method not allowed"),
        Self::new("too_many_tokens", 409, "Too many application tokens"),
        Self::new("content_too_large", 413, "Body too large"),
        Self::new("unsupported_media_type", 415, "Unsupported type of body"),
        Self::new("too_many_requests", 429, "Too many requests"),
        Self::new("server_error", 500, "Fault of the service"),
        Self::new("temporarily_unavailable", 503, "Temporarily unavailable"),
    ];

    const fn new(code: &'static str, status: u16, title: &'static str) -> Self {
        Self {
            code,
            status,
            title,
        }
    }

    /// The code as it stands in bodies.
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// The HTTP status code that goes with it, unless an own renderer chooses
    /// another.
    pub const fn status(self) -> u16 {
        self.status
    }

    /// It in a few words, always the same.
    pub const fn title(self) -> &'static str {
        self.title
    }

    /// The title of `code`.
    pub(super) fn title_of(code: &str) -> Option<&'static str> {
        let found = Self::ALL.iter().find(|known| known.code == code);
        found.map(|known| known.title)
    }
}
