//! What a refused request is told: a status, a challenge, a short body.
//!
//! Terse to the client, detailed to whoever runs the service: the status and
//! the error code say what to do next, the typed reason goes to `tracing` and
//! into the response's extensions.
//!
//! | case | status | challenge |
//! |---|---|---|
//! | no credentials, or another scheme | 401 | without `error` |
//! | malformed or repeated | 400 | `error="invalid_request"` |
//! | bad, expired, revoked, wrong kind of token | 401 | `error="invalid_token"` |
//! | scope or role missing | 403 | `error="insufficient_scope"` |
//! | a cookie, and another origin, or no CSRF token | 403 | none |
//! | the user is suspended | 403 | none |
//! | login too old or too weak (RFC 9470) | 401 | `error="insufficient_user_authentication"` with `acr_values`, `max_age` |
//! | store, key source or whoever a policy asks down | 503 with `Retry-After` | none |
//! | extractor without a layer, or put together wrongly otherwise | 500 | none |
//!
//! What the body looks like says a [`RefusalFormat`]; the codes in it are listed at
//! [`RefusalCode`]. Calls of gRPC are told by a [`GrpcStatus`], where that is
//! [switched on](crate::guard::Authenticator::grpc).
//!
//! Where clients are to find out by themselves how to get a token, every
//! challenge of a 401 or 403 has `resource_metadata` (RFC 9728 section 5.1), and
//! that of a 401 `scope` where one is demanded:
//! [`Authenticator::resource_metadata`](crate::guard::Authenticator::resource_metadata).

mod body;
mod format;
mod grpc;
mod kind;
mod metadata_url;
mod own_answer;
mod prepared;
mod problem;
mod public_url;
mod realm;
mod reason;
mod refusal_code;
mod refusal_kind;
mod refused;
mod rejection;
mod response_headers;
mod writer;

pub use body::RejectionBody;
pub use format::{RefusalAnswer, RefusalFormat};
pub use grpc::GrpcStatus;
pub(crate) use grpc::GrpcType;
pub use kind::RejectionKind;
pub use metadata_url::MetadataUrl;
pub(crate) use metadata_url::WELL_KNOWN as RESOURCE_METADATA;
pub(crate) use prepared::Challenges;
pub(crate) use public_url::PublicUrl;
pub use realm::Realm;
pub use reason::Reason;
pub use refusal_code::RefusalCode;
pub use refusal_kind::RefusalKind;
pub use refused::Refused;
pub use rejection::Rejection;
pub(crate) use rejection::{BodyFn, whole_seconds};
pub use response_headers::ResponseHeaders;
pub use writer::{Challenge, ErrorCode};

#[cfg(test)]
mod tests;
