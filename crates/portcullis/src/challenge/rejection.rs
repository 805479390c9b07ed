//! A refused request.

use std::{fmt, mem, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};

use super::{
    Challenge, GrpcStatus, GrpcType, Realm, Reason, RefusalFormat, Refused, RejectionBody,
    RejectionKind, ResponseHeaders, grpc, own_answer::OwnAnswer,
};
use crate::{
    credentials::CredentialsError,
    metrics,
    policy::PolicyError,
    session::SessionError,
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
    own: Option<Box<OwnAnswer>>,
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
        let reason = Reason::MissingLayer(hint);
        metrics::HANDLER_REFUSALS.count([reason.as_str()]);
        Self::of(reason)
    }

    /// The application is put together in a way that cannot be right: 500, and
    /// a log line with `hint`, which says what to change.
    pub fn misconfigured(hint: &'static str) -> Self {
        tracing::error!(hint, "authentication is put together wrongly");
        let reason = Reason::Misconfigured(hint);
        metrics::HANDLER_REFUSALS.count([reason.as_str()]);
        Self::of(reason)
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
            own: None,
            further: ResponseHeaders::default(),
        }
    }

    fn in_realm(self, realm: &Realm) -> Self {
        let scope = self.reason.scope();
        let challenge = Challenge::of(&self.reason, realm, scope);
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
        self.set_body(body);
        self
    }

    pub(crate) fn set_body(&mut self, body: RejectionBody) {
        self.own.get_or_insert_default().body = Some(body);
    }

    /// Gives it the status and the body of `format`; `challenge` is what it gets if
    /// that makes a 401 of it.
    pub(crate) fn tell_in(&mut self, format: &RefusalFormat, challenge: Option<&Bytes>) {
        if format.is_json() {
            return;
        }
        let refused = Refused::by_guard(self.kind, &self.reason);
        let (status, body) = format.tell(&refused);
        // RFC 9110 section 15.5.2.
        if status == 401 && self.challenge.is_none() {
            self.challenge = challenge.cloned();
        }
        let own = self.own.get_or_insert_default();
        own.status = Some(status);
        own.body = Some(body);
    }

    /// Sends the browser elsewhere in place of saying no: 303 (RFC 9110 section
    /// 15.4.4), which nobody may keep.
    pub(crate) fn send_to(&mut self, location: Bytes) {
        self.challenge = None;
        // Nothing that others say of caches is stricter.
        self.further = self.further.without(&CACHE_CONTROL);
        self.own = Some(Box::new(OwnAnswer {
            status: Some(303),
            body: Some(RejectionBody::empty()),
            location: Some(location),
            ..OwnAnswer::default()
        }));
    }

    /// Tells a call of gRPC: 200, and everything in the header, which is then the
    /// trailer, too.
    pub(crate) fn tell_in_grpc(&mut self, media_type: GrpcType) {
        self.own = Some(Box::new(OwnAnswer {
            status: Some(200),
            grpc: Some(media_type),
            ..OwnAnswer::default()
        }));
    }

    pub(crate) fn with_headers(mut self, headers: ResponseHeaders) -> Self {
        self.further = headers;
        self
    }

    /// Tells caches that the answer depends on a field (RFC 9110 section 12.5.5).
    pub(crate) fn vary_by(&mut self, field: &str) {
        // There is no error: it is a name, and so a value.
        let _ = self.further.push("vary", field);
    }

    /// What kind of refusal it is.
    pub fn kind(&self) -> RejectionKind {
        self.kind
    }

    /// Why, in detail.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The HTTP status code: that of the kind, unless the application has
    /// [chosen another](super::RefusalFormat::custom), the browser is sent
    /// [elsewhere](Self::location), or a call of gRPC is [told](Self::grpc_status): its
    /// 200 says no more than that there is an answer.
    pub fn status(&self) -> u16 {
        let own = self.own.as_ref().and_then(|own| own.status);
        own.unwrap_or(self.kind.status())
    }

    /// Where the browser is sent to [log in](crate::guard::LoginPage), in place of
    /// an answer that says no.
    pub fn location(&self) -> Option<&Bytes> {
        self.own.as_ref()?.location.as_ref()
    }

    /// What a call of gRPC is told, where it is told as
    /// [such](crate::guard::Authenticator::grpc).
    pub fn grpc_status(&self) -> Option<GrpcStatus> {
        let own = self.own.as_ref()?;
        own.grpc.as_ref().map(|_| self.kind.grpc_status())
    }

    /// The refusal as gRPC has it, however it is told otherwise: `grpc-status`,
    /// `grpc-message`, and as metadata the challenge and whatever other
    /// [headers](Self::headers) there are. Where a handler refuses a call, it makes its
    /// library's status of them; tonic's is `Status::from_header_map`.
    pub fn grpc_headers(&self) -> HeaderMap {
        let mut told = self.clone();
        told.tell_in_grpc(GrpcType::PLAIN);
        let mut response = told.into_response::<Bytes>();
        response.headers_mut().remove(CONTENT_TYPE);
        mem::take(response.headers_mut())
    }

    /// Whether an answer of this status and these fields tells it. An adapter asks
    /// whose framework may hide from the answer what an extractor refused: a handler's
    /// own page is fine if it says the same, and nothing else is.
    pub fn is_told_by<'a>(&self, status: u16, field: impl Fn(&str) -> Option<&'a [u8]>) -> bool {
        let says = |name, value: Option<&[u8]>| value.is_none() || field(name) == value;
        let grpc_status = self.grpc_status().map(GrpcStatus::to_bytes);
        status == self.status()
            && says("location", self.location().map(|location| &location[..]))
            && says(GRPC_STATUS, grpc_status.as_deref())
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
        // The very same field is not written twice, nor is it in `into_response`.
        let further = further.filter(|(name, value)| {
            let mut own = self.own_headers();
            !own.any(|(own, content)| own == *name && content == *value)
        });
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
        let content_type = (!content.is_empty()).then_some(content_type);
        let [call_type, grpc_status, grpc_message] = self.own_grpc_headers();
        let location = self.location().cloned();
        let no_store = location
            .is_some()
            .then_some(Bytes::from_static(b"no-store"));
        [
            location.map(|value| ("location", value)),
            no_store.map(|value| ("cache-control", value)),
            challenge.map(|value| ("www-authenticate", value)),
            retry_after.map(|value| ("retry-after", value)),
            call_type
                .or(content_type)
                .map(|value| ("content-type", value)),
            grpc_status.map(|value| (GRPC_STATUS, value)),
            grpc_message.map(|value| ("grpc-message", value)),
        ]
        .into_iter()
        .flatten()
    }

    /// The media type, the status and the message for a call of gRPC.
    fn own_grpc_headers(&self) -> [Option<Bytes>; 3] {
        let own = self.own.as_ref();
        let Some(media_type) = own.and_then(|own| own.grpc.as_ref()) else {
            return [None, None, None];
        };
        let refused = Refused::by_guard(self.kind, &self.reason);
        let message = refused.description().unwrap_or(refused.title());
        [
            Some(media_type.to_bytes()),
            Some(self.kind.grpc_status().to_bytes()),
            Some(grpc::message(message)),
        ]
    }

    /// The body of the answer; its content type is among the
    /// [`headers`](Self::headers).
    pub fn body(&self) -> Bytes {
        self.content().1
    }

    fn content(&self) -> (&'static str, Bytes) {
        // Nothing follows the header of a call that is refused, whoever set a body.
        if self.grpc_status().is_some() {
            return ("", Bytes::new());
        }
        match self.own.as_ref().and_then(|own| own.body.as_ref()) {
            Some(body) => (body.content_type, body.content.clone()),
            None => {
                let standard = RejectionBody::of(self.kind, self.reason.description());
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

impl From<SessionError> for Rejection {
    /// What a handler answers that could not end or open a session, in the default
    /// realm. What went wrong on this side goes to the log.
    ///
    /// What is presented and no good is a 401, a store that is down a 503, and what the
    /// service can never do a 500. A handler that knows better looks at the
    /// [kind](SessionError::kind) first.
    fn from(error: SessionError) -> Self {
        let rejection = Self::of(Reason::Sessions(error.kind()));
        if rejection.kind.status() >= 500 {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "sessions could not do what a handler asked"
            );
        }
        rejection.in_realm(&Realm::default())
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

/// The field with the number of a [`GrpcStatus`].
const GRPC_STATUS: &str = "grpc-status";

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

    fn told_in_grpc(reason: Reason) -> Rejection {
        let mut rejection = Rejection::of(reason).in_realm(&Realm::default());
        rejection.tell_in_grpc(GrpcType::PLAIN);
        rejection
    }

    #[test]
    fn nothing_follows_the_header_of_a_refused_call() {
        let own = RejectionBody::new("text/plain", "own");
        let rejection = told_in_grpc(Reason::MissingCredentials).with_body(own);
        assert_eq!(rejection.status(), 200);
        assert_eq!(rejection.body(), "");
        let headers: Vec<_> = rejection.headers().collect();
        let expected = [
            ("www-authenticate", r#"Bearer realm="api""#),
            ("content-type", "application/grpc"),
            ("grpc-status", "16"),
            ("grpc-message", "Authentication required"),
        ];
        assert_eq!(headers, expected.map(|(name, value)| (name, value.into())));
    }

    #[test]
    fn a_handler_tells_by_grpc_what_http_would_have() {
        let mut further = ResponseHeaders::default();
        further.push("x-a", "b").unwrap();
        let rejection = Rejection::of(Reason::Unavailable).with_headers(further);
        assert_eq!(rejection.grpc_status(), None);
        let headers = rejection.grpc_headers();
        let expected = [
            ("retry-after", "1"),
            ("grpc-status", "14"),
            ("grpc-message", "Temporarily unavailable"),
            ("x-a", "b"),
        ];
        assert_eq!(headers.len(), expected.len());
        for (name, value) in expected {
            assert_eq!(headers[name], value);
        }
        let broken = Rejection::misconfigured("for a test").grpc_headers();
        assert_eq!(broken["grpc-status"], "13");
    }

    /// Every success of gRPC has the same status of HTTP.
    #[test]
    fn only_its_own_status_tells_a_refusal() {
        let in_grpc = told_in_grpc(Reason::MissingCredentials);
        let in_http = Rejection::of(Reason::MissingCredentials);
        let mut sent = Rejection::of(Reason::MissingCredentials);
        sent.send_to(Bytes::from("/login"));
        for (rejection, status, name, value, is_told) in [
            (&in_grpc, 200, "grpc-status", "16", true),
            (&in_grpc, 200, "grpc-status", "0", false),
            (&in_grpc, 200, "grpc-status", "7", false),
            (&in_grpc, 200, "x-a", "16", false),
            (&in_grpc, 401, "grpc-status", "16", false),
            (&in_http, 401, "x-a", "b", true),
            (&in_http, 200, "x-a", "b", false),
            (&sent, 303, "location", "/login", true),
            (&sent, 303, "location", "/", false),
            (&sent, 303, "x-a", "b", false),
            (&sent, 401, "x-a", "b", false),
        ] {
            let field = |asked: &str| (asked == name).then_some(value.as_bytes());
            assert_eq!(
                rejection.is_told_by(status, field),
                is_told,
                "{name}: {value}"
            );
        }
    }
}
