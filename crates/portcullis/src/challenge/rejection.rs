//! A refused request.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::{Challenge, Realm, Reason, RejectionBody, RejectionKind, ResponseHeaders};
use crate::{
    credentials::CredentialsError,
    csrf::CsrfError,
    policy::PolicyError,
    verify::{ClaimsError, VerifyError},
};

/// A refused request: everything an adapter needs for its answer.
///
/// The reason is for logs, counters and tests; it is not in the answer.
#[derive(Clone, Debug)]
pub struct Rejection {
    kind: RejectionKind,
    reason: Reason,
    challenge: Option<Bytes>,
    retry_after: Option<Duration>,
    // Boxed: few services write their own.
    body: Option<Box<RejectionBody>>,
    further: ResponseHeaders,
}

impl Rejection {
    /// No credentials were sent: a challenge without `error` (RFC 6750
    /// section 3).
    pub fn missing_credentials(realm: &Realm) -> Self {
        Self::of(Reason::MissingCredentials).in_realm(realm)
    }

    /// The credentials were malformed or repeated.
    pub fn invalid_request(realm: &Realm, error: CredentialsError) -> Self {
        Self::of(Reason::Credentials(error)).in_realm(realm)
    }

    /// The token was refused; or, if it could not be judged, a 503.
    pub fn invalid_token(realm: &Realm, error: VerifyError) -> Self {
        Self::of(Reason::Token(error)).in_realm(realm)
    }

    /// The token is good, but its claims do not have the form that a handler
    /// asks for.
    pub fn invalid_claims(realm: &Realm, error: ClaimsError) -> Self {
        Self::of(Reason::Claims(error)).in_realm(realm)
    }

    /// A cookie brought the token, and the request may come from elsewhere than the
    /// page that has it.
    pub fn csrf(error: CsrfError) -> Self {
        Self::of(Reason::Csrf(error))
    }

    /// The token is good, and does not reach this far.
    pub fn policy(realm: &Realm, error: PolicyError) -> Self {
        Self::of(Reason::Policy(error)).in_realm(realm)
    }

    /// A store, key source or revocation source is down: 503 with
    /// `Retry-After`, and no challenge, for the token may be good.
    pub fn unavailable(retry_after: Duration) -> Self {
        Self {
            retry_after: Some(retry_after),
            ..Self::of(Reason::Unavailable)
        }
    }

    /// An extractor ran where no layer did: 500, and a log line with `hint`,
    /// which says what to add.
    pub fn missing_layer(hint: &'static str) -> Self {
        tracing::error!(
            hint,
            "a route asks for authentication that no layer has done"
        );
        Self::of(Reason::MissingLayer(hint))
    }

    /// The application is put together in a way that cannot be right: 500, and
    /// a log line with `hint`, which says what to change.
    pub fn misconfigured(hint: &'static str) -> Self {
        tracing::error!(hint, "authentication is put together wrongly");
        Self::of(Reason::Misconfigured(hint))
    }

    /// Without a challenge.
    pub(crate) fn of(reason: Reason) -> Self {
        let kind = reason.kind();
        let retry_after = match kind {
            RejectionKind::Unavailable => Some(reason.retry_after().unwrap_or(RETRY_AFTER)),
            _ => None,
        };
        Self {
            kind,
            reason,
            challenge: None,
            retry_after,
            body: None,
            further: ResponseHeaders::default(),
        }
    }

    fn in_realm(self, realm: &Realm) -> Self {
        let scope = self.reason.scope();
        let challenge = Challenge::of(self.kind, realm, scope);
        let challenge = challenge.map(|challenge| challenge.to_bytes());
        self.with_challenge(challenge)
    }

    pub(crate) fn with_challenge(mut self, challenge: Option<Bytes>) -> Self {
        self.challenge = challenge;
        self
    }

    /// Replaces the body.
    #[must_use = "returns the changed rejection"]
    pub fn with_body(mut self, body: RejectionBody) -> Self {
        self.body = Some(Box::new(body));
        self
    }

    pub(crate) fn with_headers(mut self, headers: ResponseHeaders) -> Self {
        self.further = headers;
        self
    }

    /// What kind of refusal it is.
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// Why, in detail.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The HTTP status code.
    pub fn status(&self) -> u16 {
        self.kind.status()
    }

    /// The value of `WWW-Authenticate`, on every 401 and 400, and on every 403 that
    /// another token would spare.
    pub fn challenge(&self) -> Option<&Bytes> {
        self.challenge.as_ref()
    }

    /// The header fields of the answer: names in lower case, values.
    pub fn headers(&self) -> impl Iterator<Item = (&str, Bytes)> {
        let own = self
            .own_headers()
            .map(|(name, value)| (name as &str, value));
        let further = self.further.iter();
        own.chain(further.map(|(name, value)| (name, Bytes::copy_from_slice(value))))
    }

    fn own_headers(&self) -> impl Iterator<Item = (&'static str, Bytes)> + use<> {
        let challenge = self.challenge.clone();
        let retry_after = self.retry_after.map(|after| {
            let secs = whole_seconds(after);
            Bytes::from(secs.to_string())
        });
        let (content_type, content) = self.content();
        let content_type = Bytes::from_static(content_type.as_bytes());
        [
            challenge.map(|value| ("www-authenticate", value)),
            retry_after.map(|value| ("retry-after", value)),
            (!content.is_empty()).then_some(("content-type", content_type)),
        ]
        .into_iter()
        .flatten()
    }

    /// The body of the answer; its content type is among the
    /// [`headers`](Self::headers).
    pub fn body(&self) -> Bytes {
        self.content().1
    }

    fn content(&self) -> (&'static str, Bytes) {
        match &self.body {
            Some(body) => (body.content_type, body.content.clone()),
            None => {
                let standard = match self.reason.description() {
                    Some(text) => RejectionBody::described(self.kind, text),
                    None => RejectionBody::standard(self.kind),
                };
                (standard.content_type, standard.content)
            }
        }
    }

    /// The answer, for `http` 1.x. Its extensions hold the [`Reason`], for
    /// outer layers that count or log.
    pub fn into_response<B: From<Bytes>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.body()));
        *response.status_mut() =
            StatusCode::from_u16(self.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.own_headers() {
            // The writers let nothing through that is not a header value.
            if let Ok(value) = HeaderValue::from_maybe_shared(value) {
                response
                    .headers_mut()
                    .insert(HeaderName::from_static(name), value);
            }
        }
        self.further.add_to(response.headers_mut());
        response.extensions_mut().insert(self.reason);
        response
    }
}

impl From<CredentialsError> for Rejection {
    /// A refusal in the default realm, where no layer knows another.
    fn from(error: CredentialsError) -> Self {
        Self::invalid_request(&Realm::default(), error)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl std::error::Error for Rejection {}

/// `Retry-After` is in whole seconds (RFC 9110 section 10.2.3); to come back
/// too early is no use.
pub(crate) fn whole_seconds(after: Duration) -> u64 {
    let part = u64::from(after.subsec_nanos() > 0);
    after.as_secs().saturating_add(part).max(1)
}

/// When to come back where nobody knows better.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Replaces the body of refusals.
pub(crate) type BodyFn = Arc<dyn Fn(&Rejection) -> RejectionBody + Send + Sync>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_told_to_come_back_too_early() {
        for (millis, secs) in [(0, "1"), (1, "1"), (1_000, "1"), (1_001, "2"), (2_999, "3")] {
            let rejection = Rejection::unavailable(Duration::from_millis(millis));
            let mut headers = rejection.headers();
            let told = headers.find(|(name, _)| *name == "retry-after").unwrap();
            assert_eq!(told.1, secs);
        }
    }
}
