//! What a guard says to those it refuses, and adds to every answer.

use std::{fmt, sync::Arc};

use super::{
    LoginPage,
    login_page::{self, Location},
};
use crate::{
    challenge::{
        BodyFn, Challenges, GrpcType, MetadataUrl, Realm, Reason, RefusalFormat, Rejection,
        ResponseHeaders,
    },
    claims::ScopeSet,
    credentials::{Sent, TokenOrigin},
    policy::ScopeHierarchy,
};

#[derive(Clone)]
pub(super) struct Answers {
    pub(super) realm: Realm,
    pub(super) resource: Option<MetadataUrl>,
    pub(super) bodies: Bodies,
    pub(super) headers: ResponseHeaders,
    /// Where a token was of a request that is answered so. Kept here, so that what
    /// is known of a request that passed is no larger for it.
    pub(super) origin: TokenOrigin,
    /// The scheme of challenges, unless it is Bearer.
    pub(super) scheme: Option<String>,
    pub(super) login: Option<LoginPage>,
    /// Which scopes imply others, for whoever demands some of a request that is
    /// answered so.
    pub(super) hierarchy: Option<ScopeHierarchy>,
    /// Whether calls of gRPC are told as such.
    pub(super) grpc: bool,
    /// How this one request is told if it is refused.
    way: Option<Way>,
    /// The same answers to calls of the common types: one that passes copies nothing.
    to_calls: Vec<(GrpcType, SharedAnswers)>,
    challenges: Challenges,
}

/// How somebody is told of a refusal, if not as the application tells everybody.
#[derive(Clone)]
pub(super) enum Way {
    /// The browser is sent there in place of a 401.
    Login(Location),
    /// As a call of this type.
    Grpc(GrpcType),
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
            origin: TokenOrigin::Authorization,
            scheme: None,
            login: None,
            hierarchy: None,
            grpc: false,
            way: None,
            to_calls: Vec::new(),
        }
    }

    /// Writes the challenges for a policy that demands `scope`.
    pub(super) fn prepare(&mut self, scope: &ScopeSet) {
        let scheme = self.scheme.as_deref();
        self.challenges = Challenges::new(scheme, &self.realm, self.resource.as_ref(), scope);
        self.prepare_calls();
    }

    fn prepare_calls(&mut self) {
        self.to_calls.clear();
        if self.grpc {
            let to_call = |media_type: GrpcType| {
                let mut answers = self.clone();
                answers.way = Some(Way::Grpc(media_type.clone()));
                (media_type, Arc::new(answers))
            };
            self.to_calls = GrpcType::common().map(to_call).into();
        }
    }

    /// Whether it depends on the request how a refusal is told.
    pub(super) fn look_at_requests(&self) -> bool {
        self.login.is_some() || self.grpc
    }

    /// The same for requests whose token was elsewhere.
    pub(super) fn of_origin(&self, origin: TokenOrigin) -> Self {
        let mut answers = Self {
            origin,
            ..self.clone()
        };
        if origin != TokenOrigin::Authorization {
            // A shared cache keeps its hands off by itself only where there was
            // `Authorization` (RFC 9111 section 3.5); for queries RFC 6750 section 2.3
            // says it, too. It is a field, so there is no error.
            let _ = answers.headers.push("cache-control", "private");
        }
        answers.prepare_calls();
        answers
    }

    /// Gives a refusal its body and its fields, and the log its reason. Where it depends
    /// on the request, what is told of it is for [`finish`](Self::finish) to say.
    pub(super) fn refuse(&self, reason: Reason) -> Rejection {
        self.refuse_sent(reason, None)
    }

    /// The same, where the log tells of the credentials, too.
    pub(super) fn refuse_sent(&self, reason: Reason, sent: Option<Sent>) -> Rejection {
        let rejection = self.challenges.reject(reason);
        tracing::debug!(
            status = rejection.status(),
            "error.type" = rejection.reason().as_str(),
            reason = %rejection.reason(),
            sent = sent.map(tracing::field::display),
            "request refused"
        );
        let mut rejection = rejection.with_headers(self.headers.clone());
        if !self.look_at_requests() {
            self.tell(&mut rejection);
        }
        rejection
    }

    /// Tells a refusal as this one request wants it: a call of gRPC as such, and a
    /// browser is sent to the login page in place of a 401.
    pub(super) fn finish(&self, rejection: &mut Rejection) {
        self.finish_by(rejection, self.way.as_ref());
    }

    /// The same, where the request wants it in this way.
    pub(super) fn finish_by(&self, rejection: &mut Rejection, way: Option<&Way>) {
        if !self.look_at_requests() {
            return;
        }
        if let Some(Way::Grpc(media_type)) = way {
            return rejection.tell_in_grpc(media_type.clone());
        }
        if self.login.is_some() && rejection.kind().status() == 401 {
            // No cache may take the redirection for the refusal, or the other way
            // round.
            rejection.vary_by(login_page::MODE);
            if let Some(Way::Login(location)) = way {
                tracing::debug!("the browser is sent to log in");
                return rejection.send_to(location.to_bytes());
            }
        }
        self.tell(rejection);
    }

    /// As the application wants it.
    fn tell(&self, rejection: &mut Rejection) {
        match &self.bodies {
            Bodies::Format(format) => rejection.tell_in(format, self.challenges.plain()),
            Bodies::Own(body) => rejection.set_body(body(rejection)),
        }
    }
}

/// Makes the answers those to one request, which is told in this way if it is refused:
/// what is known of a request that passed is no larger for it.
pub(super) fn make_way(answers: &mut SharedAnswers, way: Option<Way>) {
    let Some(way) = way else { return };
    if let Way::Grpc(media_type) = &way {
        let mut common = answers.to_calls.iter();
        if let Some((_, to_call)) = common.find(|(common, _)| common == media_type) {
            *answers = to_call.clone();
            return;
        }
    }
    Arc::make_mut(answers).way = Some(way);
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers")
            .field("realm", &self.realm)
            .field("resource", &self.resource)
            .field("headers", &self.headers)
            .field("login", &self.login)
            .field("grpc", &self.grpc)
            .finish_non_exhaustive()
    }
}

/// Shared by all requests.
pub(super) type SharedAnswers = Arc<Answers>;
