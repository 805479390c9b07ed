//! A refused request.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::{Challenge, ErrorCode, Realm};
use crate::{
    credentials::CredentialsError,
    policy::{PolicyError, PolicyErrorKind},
    verify::{ClaimsError, VerifyError},
};

/// A refused request: everything an adapter needs for its answer.
///
/// The reason is for logs, counters and tests; it is not in the answer.
#[derive(Clone, Debug)]
pub struct Rejection(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: RejectionKind,
    reason: Reason,
    challenge: Option<Bytes>,
    retry_after: Option<Bytes>,
    body: RejectionBody,
}

impl Rejection {
    /// No credentials were sent: a challenge without `error` (RFC 6750
    /// section 3).
    pub fn missing_credentials(realm: &Realm) -> Self {
        Self::new(
            RejectionKind::MissingCredentials,
            Reason::MissingCredentials,
        )
        .with_challenge(Challenge::bearer(realm).to_bytes())
    }

    /// The credentials were malformed or repeated.
    pub fn invalid_request(realm: &Realm, error: CredentialsError) -> Self {
        Self::new(RejectionKind::InvalidRequest, Reason::Credentials(error)).with_challenge(
            Challenge::bearer(realm)
                .error(ErrorCode::InvalidRequest)
                .to_bytes(),
        )
    }

    /// The token was refused; or, if it could not be judged, a 503.
    pub fn invalid_token(realm: &Realm, error: VerifyError) -> Self {
        if error.kind().is_unavailable() {
            let mut rejection = Self::unavailable(RETRY_AFTER);
            rejection.0.reason = Reason::Token(error);
            return rejection;
        }
        Self::bad_token(realm, Reason::Token(error))
    }

    /// The token is good, but its claims do not have the form that a handler
    /// asks for.
    pub fn invalid_claims(realm: &Realm, error: ClaimsError) -> Self {
        Self::bad_token(realm, Reason::Claims(error))
    }

    fn bad_token(realm: &Realm, reason: Reason) -> Self {
        Self::new(RejectionKind::InvalidToken, reason).with_challenge(
            Challenge::bearer(realm)
                .error(ErrorCode::InvalidToken)
                .to_bytes(),
        )
    }

    /// The token is good, and does not reach this far.
    pub fn policy(realm: &Realm, error: PolicyError) -> Self {
        let challenge = Challenge::bearer(realm);
        let (kind, challenge) = if error.kind() == PolicyErrorKind::NotFresh {
            (
                RejectionKind::InsufficientUserAuthentication,
                challenge
                    .error(ErrorCode::InsufficientUserAuthentication)
                    .description("a token from a login with credentials is needed"),
            )
        } else {
            (
                RejectionKind::InsufficientScope,
                challenge
                    .error(ErrorCode::InsufficientScope)
                    .scope(error.scope()),
            )
        };
        Self::new(kind, Reason::Policy(error)).with_challenge(challenge.to_bytes())
    }

    /// A store, key source or revocation source is down: 503 with
    /// `Retry-After`, and no challenge, for the token may be good.
    pub fn unavailable(retry_after: Duration) -> Self {
        let secs = retry_after.as_secs().max(1);
        let mut rejection = Self::new(RejectionKind::Unavailable, Reason::Unavailable);
        rejection.0.retry_after = Some(Bytes::from(secs.to_string()));
        rejection
    }

    /// An extractor ran where no layer did: 500, and a log line with `hint`,
    /// which says what to add.
    pub fn missing_layer(hint: &'static str) -> Self {
        tracing::error!(
            hint,
            "a route asks for authentication that no layer has done"
        );
        Self::new(RejectionKind::Misconfigured, Reason::MissingLayer(hint))
    }

    fn new(kind: RejectionKind, reason: Reason) -> Self {
        Self(Box::new(Inner {
            kind,
            reason,
            challenge: None,
            retry_after: None,
            body: RejectionBody::standard(kind),
        }))
    }

    fn with_challenge(mut self, challenge: Bytes) -> Self {
        self.0.challenge = Some(challenge);
        self
    }

    /// Replaces the body.
    #[must_use = "returns the changed rejection"]
    pub fn with_body(mut self, body: RejectionBody) -> Self {
        self.0.body = body;
        self
    }

    /// What kind of refusal it is.
    pub fn kind(&self) -> RejectionKind {
        self.0.kind
    }

    /// Why, in detail.
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }

    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        self.0.kind.status()
    }

    /// The value of `WWW-Authenticate`, on every 401, 400 and 403.
    pub fn challenge(&self) -> Option<&Bytes> {
        self.0.challenge.as_ref()
    }

    /// The header fields of the answer: names in lower case, values.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, Bytes)> {
        let body = &self.0.body;
        let content_type = (!body.content.is_empty()).then(|| {
            (
                "content-type",
                Bytes::from_static(body.content_type.as_bytes()),
            )
        });
        [
            self.0
                .challenge
                .clone()
                .map(|value| ("www-authenticate", value)),
            self.0
                .retry_after
                .clone()
                .map(|value| ("retry-after", value)),
            content_type,
        ]
        .into_iter()
        .flatten()
    }

    /// The body of the answer; its content type is among the
    /// [`headers`](Self::headers).
    pub fn body(&self) -> Bytes {
        self.0.body.content.clone()
    }

    /// The answer, for `http` 1.x. Its extensions hold the [`Reason`], for
    /// outer layers that count or log.
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers() {
            // The writers let nothing through that is not a header value.
            if let Ok(value) = HeaderValue::from_maybe_shared(value) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        response.extensions_mut().insert(self.0.reason);
        response
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.reason.fmt(f)
    }
}

impl std::error::Error for Rejection {}

/// When to come back where nobody knows better.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The kinds of [`Rejection`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RejectionKind {
    /// No credentials, or those of another scheme: 401.
    MissingCredentials,
    /// Malformed or repeated credentials: 400.
    InvalidRequest,
    /// A bad, expired or revoked token, or another kind of token: 401.
    InvalidToken,
    /// A scope or role is missing: 403.
    InsufficientScope,
    /// The login behind the token is too old or too weak: 401 (RFC 9470).
    InsufficientUserAuthentication,
    /// What is needed to judge the token is down: 503.
    Unavailable,
    /// The service is put together wrongly: 500.
    Misconfigured,
}

impl RejectionKind {
    /// The HTTP status code.
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::MissingCredentials
            | Self::InvalidToken
            | Self::InsufficientUserAuthentication => 401,
            Self::InsufficientScope => 403,
            Self::Misconfigured => 500,
            Self::Unavailable => 503,
        }
    }
}

/// The body of a refusal and its content type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectionBody {
    content_type: &'static str,
    content: Bytes,
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

    /// `{"error":"…"}` with the error code of the challenge.
    pub fn standard(kind: RejectionKind) -> Self {
        let json = match kind {
            RejectionKind::MissingCredentials => r#"{"error":"unauthorized"}"#,
            RejectionKind::InvalidRequest => r#"{"error":"invalid_request"}"#,
            RejectionKind::InvalidToken => r#"{"error":"invalid_token"}"#,
            RejectionKind::InsufficientScope => r#"{"error":"insufficient_scope"}"#,
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
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// There were no credentials.
    MissingCredentials,
    /// The credentials were malformed or repeated.
    Credentials(CredentialsError),
    /// The token was refused, or could not be judged.
    Token(VerifyError),
    /// The claims do not have the form that a handler asks for.
    Claims(ClaimsError),
    /// The policy is not satisfied.
    Policy(PolicyError),
    /// Something that is needed is down.
    Unavailable,
    /// An extractor ran where no layer did.
    MissingLayer(&'static str),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingCredentials => f.write_str("there are no credentials"),
            Self::Credentials(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
            Self::Claims(error) => error.fmt(f),
            Self::Policy(error) => error.fmt(f),
            Self::Unavailable => f.write_str("something that is needed is down"),
            Self::MissingLayer(hint) => f.write_str(hint),
        }
    }
}

/// Replaces the body of refusals.
pub(crate) type BodyFn = Arc<dyn Fn(&Rejection) -> RejectionBody + Send + Sync>;
