//! A request that passed.

use http::Extensions;

use super::answers::{SharedAnswers, Way, make_way};
use crate::{
    challenge::{Reason, Rejection, ResponseHeaders},
    credentials::TokenOrigin,
    head::{HeadRef, RequestHead},
    metrics,
    policy::{
        Lack, Policy, PolicyError, RequiredRoles, RequiredScopes, Seen, has_roles, has_scopes,
    },
    verify::{FromToken, Verified},
};

/// What a layer leaves in a request's extensions, and extractors read.
#[derive(Clone, Debug)]
pub struct Authentication {
    answers: SharedAnswers,
    verified: Option<Verified>,
}

impl Authentication {
    /// `None`: there were no credentials, and none were needed.
    pub(super) fn new(answers: SharedAnswers, verified: Option<Verified>) -> Self {
        Self { answers, verified }
    }

    /// Tells in this way if a handler refuses the request.
    pub(super) fn make_way(&mut self, way: Option<Way>) {
        make_way(&mut self.answers, way);
    }

    /// What a layer has left, for handlers without extractors: of a service of tower or
    /// hyper, or of tonic.
    ///
    /// ```
    /// use http::Request;
    /// use portcullis::{challenge::Rejection, guard::Authentication};
    ///
    /// # #[derive(Clone, serde::Deserialize)] struct User {}
    /// fn user<B>(request: &Request<B>) -> Result<User, Rejection> {
    ///     Authentication::of(request.extensions())?.claims()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If there was no layer: 500, and a log line.
    pub fn of(extensions: &Extensions) -> Result<&Self, Rejection> {
        let authentication = extensions.get();
        authentication.ok_or_else(|| Rejection::missing_layer(HINT))
    }

    /// The token, if there were credentials.
    pub fn optional(&self) -> Option<&Verified> {
        self.verified.as_ref()
    }

    /// Where the token came from, if there were credentials. What a browser sends by
    /// itself ([`TokenOrigin::Cookie`]) is less than what somebody chose to send.
    pub fn origin(&self) -> Option<TokenOrigin> {
        self.verified.as_ref().map(|_| self.answers.origin)
    }

    /// The token.
    ///
    /// # Errors
    ///
    /// If authentication is optional and there were no credentials.
    pub fn verified(&self) -> Result<&Verified, Rejection> {
        let verified = self.optional();
        verified.ok_or_else(|| self.refuse_for(Reason::MissingCredentials))
    }

    /// The application's own type, built from the token's claims.
    ///
    /// # Errors
    ///
    /// If there is no token, or its claims do not have the form of `T`.
    pub fn claims<T: FromToken>(&self) -> Result<T, Rejection> {
        let claims = self.verified()?.claims();
        claims.map_err(|error| self.refuse_for(Reason::Claims(error)))
    }

    /// As [`claims`](Self::claims), if there were credentials.
    ///
    /// # Errors
    ///
    /// If there is a token, and its claims do not have the form of `T`.
    pub fn optional_claims<T: FromToken>(&self) -> Result<Option<T>, Rejection> {
        let claims = self.verified.as_ref().map(|_| self.claims());
        claims.transpose()
    }

    /// A refusal of this layer for the reason of `rejection`: with its realm
    /// and its body, or as this one request is told: by its [login
    /// page](super::LoginPage), as a [call of gRPC](super::Authenticator::grpc).
    pub fn refuse(&self, rejection: &Rejection) -> Rejection {
        self.refuse_for(rejection.reason().clone())
    }

    pub(super) fn refuse_for(&self, reason: Reason) -> Rejection {
        metrics::HANDLER_REFUSALS.count([reason.as_str()]);
        let mut rejection = self.answers.refuse(reason);
        self.answers.finish(&mut rejection);
        rejection
    }

    /// The token, if it satisfies `policy`. What a policy asks about the
    /// [request](Policy::request) does not hold here: see
    /// [`require_for`](Self::require_for). One that [asks](Policy::ask) somebody is a
    /// mistake here, 500: that is for [`PolicyGuard`](super::PolicyGuard).
    ///
    /// # Errors
    ///
    /// If there is no token, or it does not.
    pub fn require(&self, policy: &Policy) -> Result<&Verified, Rejection> {
        self.require_of(policy, None)
    }

    /// The token, if it and the request that brought it satisfy `policy`.
    ///
    /// # Errors
    ///
    /// If there is no token, or they do not.
    pub fn require_for(
        &self,
        policy: &Policy,
        head: &impl RequestHead,
    ) -> Result<&Verified, Rejection> {
        self.require_of(policy, Some(HeadRef::new(head)))
    }

    fn require_of(
        &self,
        policy: &Policy,
        head: Option<HeadRef<'_>>,
    ) -> Result<&Verified, Rejection> {
        let verified = self.verified()?;
        self.evaluate(verified, policy, head)
            .map_err(|error| self.refuse_for(Reason::Policy(error)))?;
        Ok(verified)
    }

    fn evaluate(
        &self,
        verified: &Verified,
        policy: &Policy,
        head: Option<HeadRef<'_>>,
    ) -> Result<(), PolicyError> {
        let seen = Seen::new(verified, head, self.answers.hierarchy.as_ref());
        policy.evaluate(&seen).map_err(Lack::without_asking)
    }

    /// Whether there is a token, and it and the request that brought it satisfy
    /// `policy`: for what is chosen by it, where nobody is refused.
    pub fn satisfies(&self, policy: &Policy, head: &impl RequestHead) -> bool {
        let head = Some(HeadRef::new(head));
        let verified = self.optional();
        verified.is_some_and(|verified| self.evaluate(verified, policy, head).is_ok())
    }

    /// The token, if it has every scope that `S` demands.
    ///
    /// # Errors
    ///
    /// If there is no token, or it lacks one.
    pub fn require_scopes<S: RequiredScopes>(&self) -> Result<&Verified, Rejection> {
        match self.verified()? {
            verified if has_scopes::<S>(verified, self.answers.hierarchy.as_ref()) => Ok(verified),
            // Only a refusal needs the policy itself.
            _ => self.require(&Policy::scopes_of::<S>()),
        }
    }

    /// The token, if it has every role that `R` demands.
    ///
    /// # Errors
    ///
    /// If there is no token, or it lacks one.
    pub fn require_roles<R: RequiredRoles>(&self) -> Result<&Verified, Rejection> {
        match self.verified()? {
            verified if has_roles::<R>(verified) => Ok(verified),
            // Only a refusal needs the policy itself.
            _ => self.require(&Policy::roles_of::<R>()),
        }
    }

    /// How this request is answered.
    pub(super) fn answers(&self) -> &SharedAnswers {
        &self.answers
    }

    /// What an adapter adds to the answer of the service behind it.
    pub fn response_headers(&self) -> ResponseHeaders {
        self.answers.headers.clone()
    }
}

const HINT: &str = "put the authentication layer around this service";
