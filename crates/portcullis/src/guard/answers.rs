//! What a guard says to those it refuses, and adds to every answer.

use std::{fmt, sync::Arc};

use super::{LoginPage, login_page::Location};
use crate::{
    challenge::{
        BodyFn, Challenges, MetadataUrl, Realm, Reason, RefusalFormat, Rejection, ResponseHeaders,
    },
    claims::ScopeSet,
    credentials::{Sent, TokenOrigin},
};

#[derive(Clone)]
pub(super) struct Answers {
    pub(super) realm: Realm,
    pub(super) resource: Option<MetadataUrl>,
    pub(super) bodies: Bodies,
    pub(super) headers: ResponseHeaders,
    /// The same, where the token came in the query.
    private: ResponseHeaders,
    /// The scheme of challenges, unless it is Bearer.
    pub(super) scheme: Option<String>,
    pub(super) login: Option<LoginPage>,
    challenges: Challenges,
}

/// Who writes the bodies.
#[derive(Clone)]
pub(super) enum Bodies {
    Format(RefusalFormat),
    Own(BodyFn),
}

impl Answers {
    pub(super) fn new() -> Self {
        let realm = Realm::default();
        Self {
            challenges: Challenges::new(None, &realm, None, &ScopeSet::new()),
            realm,
            resource: None,
            bodies: Bodies::Format(RefusalFormat::json()),
            headers: ResponseHeaders::default(),
            private: ResponseHeaders::default(),
            scheme: None,
            login: None,
        }
    }

    /// Writes the challenges for a policy that demands `scope`, and what is added to
    /// answers.
    pub(super) fn prepare(&mut self, scope: &ScopeSet) {
        let scheme = self.scheme.as_deref();
        self.challenges = Challenges::new(scheme, &self.realm, self.resource.as_ref(), scope);
        self.private = self.headers.clone();
        // It is a field, so there is no error.
        let _ = self.private.push("cache-control", "private");
    }

    /// What is added to the answer to a request that passed.
    pub(super) fn headers_for(&self, origin: Option<TokenOrigin>) -> &ResponseHeaders {
        match origin {
            // RFC 6750 section 2.3.
            Some(TokenOrigin::Query) => &self.private,
            _ => &self.headers,
        }
    }

    /// Gives a refusal its challenge and its fields, and the log its reason. What is
    /// told of it is for [`finish`](Self::finish) to say.
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
        rejection.with_headers(self.headers.clone())
    }

    /// Says how a refusal is told, once for each: as the application wants it, or by
    /// a login page where `login` leads to one.
    pub(super) fn finish(&self, rejection: &mut Rejection, login: Option<&Location>) {
        if let Some(page) = &self.login
            && rejection.kind().status() == 401
        {
            rejection.set_headers(page.vary(&self.headers));
            if let Some(location) = login {
                tracing::debug!("the browser is sent to log in");
                return rejection.send_to(location.to_bytes());
            }
        }
        match &self.bodies {
            Bodies::Format(format) => rejection.tell_in(format, self.challenges.plain()),
            Bodies::Own(body) => rejection.set_body(body(rejection)),
        }
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers")
            .field("realm", &self.realm)
            .field("resource", &self.resource)
            .field("headers", &self.headers)
            .field("login", &self.login)
            .finish_non_exhaustive()
    }
}

/// Shared by all requests.
pub(super) type SharedAnswers = Arc<Answers>;
