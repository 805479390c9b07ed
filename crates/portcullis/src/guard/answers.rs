//! What a guard says to those it refuses, and adds to every answer.

use std::{fmt, sync::Arc};

use crate::{
    challenge::{BodyFn, Challenges, MetadataUrl, Realm, Reason, Rejection, ResponseHeaders},
    claims::ScopeSet,
    credentials::{Sent, TokenOrigin},
};

#[derive(Clone)]
pub(super) struct Answers {
    pub(super) realm: Realm,
    pub(super) resource: Option<MetadataUrl>,
    pub(super) body: Option<BodyFn>,
    pub(super) headers: ResponseHeaders,
    /// Where a token was of a request that is answered so. Kept here, so that what
    /// is known of a request that passed is no larger for it.
    pub(super) origin: TokenOrigin,
    /// The scheme of challenges, unless it is Bearer.
    pub(super) scheme: Option<String>,
    challenges: Challenges,
}

impl Answers {
    pub(super) fn new() -> Self {
        let realm = Realm::default();
        Self {
            challenges: Challenges::new(None, &realm, None, &ScopeSet::new()),
            realm,
            resource: None,
            body: None,
            headers: ResponseHeaders::default(),
            origin: TokenOrigin::Authorization,
            scheme: None,
        }
    }

    /// Writes the challenges for a policy that demands `scope`.
    pub(super) fn prepare(&mut self, scope: &ScopeSet) {
        let scheme = self.scheme.as_deref();
        self.challenges = Challenges::new(scheme, &self.realm, self.resource.as_ref(), scope);
    }

    /// The same for requests whose token was elsewhere.
    pub(super) fn of_origin(&self, origin: TokenOrigin) -> Self {
        let mut answers = Self {
            origin,
            ..self.clone()
        };
        if origin == TokenOrigin::Query {
            // RFC 6750 section 2.3. It is a field, so there is no error.
            let _ = answers.headers.push("cache-control", "private");
        }
        answers
    }

    /// Gives a refusal its body and its fields, and the log its reason.
    pub(super) fn refuse(&self, reason: Reason) -> Rejection {
        self.refuse_sent(reason, None)
    }

    /// The same, where the log tells of the credentials, too.
    pub(super) fn refuse_sent(&self, reason: Reason, sent: Option<Sent>) -> Rejection {
        let rejection = self.challenges.reject(reason);
        tracing::debug!(
            status = rejection.status(),
            kind = ?rejection.kind(),
            reason = %rejection.reason(),
            sent = sent.map(tracing::field::display),
            "request refused"
        );
        let rejection = rejection.with_headers(self.headers.clone());
        match &self.body {
            Some(body) => {
                let body = body(&rejection);
                rejection.with_body(body)
            }
            None => rejection,
        }
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers")
            .field("realm", &self.realm)
            .field("resource", &self.resource)
            .field("headers", &self.headers)
            .finish_non_exhaustive()
    }
}

/// Shared by all requests.
pub(super) type SharedAnswers = Arc<Answers>;
