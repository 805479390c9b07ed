//! The whole decision about one request, for adapters to call.
//!
//! ```text
//! header values -> credentials -> verifier -> policy -> Authentication
//!                       |             |          |
//!                       +-------------+----------+--> Rejection
//! ```
//!
//! An adapter hands over the values of the `Authorization` fields and gets an
//! [`Authentication`] to leave in the request's extensions, or a
//! [`Rejection`] to answer with. It knows nothing else of the protocol.

mod future;

pub use future::{Call, ResponseFuture};

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use crate::{
    challenge::{BodyFn, Challenges, Realm, Reason, Rejection, RejectionBody},
    claims::ScopeSet,
    credentials::{CredentialsError, is_b64token, unread_token},
    policy::{Policy, RequiredScopes, has_scopes},
    verify::{FromToken, PendingVerification, Verification, Verified, Verifier, VerifyError},
};

/// Decides about requests: a [`Verifier`] with a realm, a policy and bodies
/// for refusals. Cheap to clone.
///
/// Without further settings it demands a good access token and nothing else.
///
/// ```
/// # fn example(verifier: portcullis::verify::Verifier) -> Result<(), Box<dyn std::error::Error>> {
/// use portcullis::{challenge::Realm, guard::Authenticator, policy::Policy};
///
/// let authenticator = Authenticator::new(verifier)
///     .realm(Realm::new("stations")?)
///     .require(Policy::scope("stations:read")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Authenticator(Arc<Config>);

#[derive(Clone)]
struct Config {
    verifier: Verifier,
    realm: Realm,
    policy: Option<Policy>,
    optional: bool,
    body: Option<BodyFn>,
    challenges: Challenges,
}

impl Authenticator {
    /// Demands an access token that `verifier` accepts.
    pub fn new(verifier: Verifier) -> Self {
        let realm = Realm::default();
        Self(Arc::new(Config {
            verifier,
            challenges: Challenges::new(&realm, &ScopeSet::new()),
            realm,
            policy: None,
            optional: false,
            body: None,
        }))
    }

    /// The realm that challenges name.
    #[must_use = "returns the changed authenticator"]
    pub fn realm(self, realm: Realm) -> Self {
        self.with(|config| config.realm = realm)
    }

    /// Demands that the token satisfy `policy` too; several add up.
    #[must_use = "returns the changed authenticator"]
    pub fn require(self, policy: Policy) -> Self {
        self.with(|config| {
            config.policy = Some(match config.policy.take() {
                Some(own) => own.and(policy),
                None => policy,
            });
        })
    }

    /// Lets requests without credentials pass. Optional means absent: bad
    /// credentials are still refused.
    #[must_use = "returns the changed authenticator"]
    pub fn optional(self) -> Self {
        self.with(|config| config.optional = true)
    }

    /// Writes the bodies of refusals. Status and headers stay as they are.
    #[must_use = "returns the changed authenticator"]
    pub fn rejection_body(
        self,
        body: impl Fn(&Rejection) -> RejectionBody + Send + Sync + 'static,
    ) -> Self {
        self.with(|config| config.body = Some(Arc::new(body)))
    }

    fn with(mut self, change: impl FnOnce(&mut Config)) -> Self {
        let config = Arc::make_mut(&mut self.0);
        change(config);
        let scope = config.policy.as_ref().map(Policy::sufficient_scope);
        config.challenges = Challenges::new(&config.realm, scope.unwrap_or(&ScopeSet::new()));
        self
    }

    /// Decides about a request of `http` 1.x. The credentials no longer show in
    /// a `Debug` output of the headers after it.
    pub fn check_headers(&self, headers: &mut HeaderMap) -> Check {
        self.decide_headers(headers, self.0.optional)
    }

    /// As [`check_headers`](Self::check_headers), where credentials are
    /// [`optional`](Self::optional) for this one request.
    pub fn check_headers_optional(&self, headers: &mut HeaderMap) -> Check {
        self.decide_headers(headers, true)
    }

    /// Decides about a request by the raw values of all its `Authorization`
    /// fields.
    pub fn check<'a>(&self, authorization: impl IntoIterator<Item = &'a [u8]>) -> Check {
        self.decide(authorization, self.0.optional)
    }

    /// As [`check`](Self::check), where credentials are
    /// [`optional`](Self::optional) for this one request.
    pub fn check_optional<'a>(&self, authorization: impl IntoIterator<Item = &'a [u8]>) -> Check {
        self.decide(authorization, true)
    }

    fn decide_headers(&self, headers: &mut HeaderMap, optional: bool) -> Check {
        let values = headers.get_all(AUTHORIZATION);
        let check = self.decide(values.iter().map(HeaderValue::as_bytes), optional);
        hide(headers);
        check
    }

    fn decide<'a>(
        &self,
        authorization: impl IntoIterator<Item = &'a [u8]>,
        optional: bool,
    ) -> Check {
        let token = match unread_token(authorization) {
            Ok(Some(token)) => token,
            Ok(None) => return Check::Ready(self.without_credentials(optional)),
            Err(error) => {
                return Check::Ready(Err(self.refuse(Reason::Credentials(error))));
            }
        };
        match self.0.verifier.verify(token) {
            // A token that was verified has no other characters.
            Verification::Done(Err(_)) if !is_b64token(token) => {
                let error = CredentialsError::Malformed;
                Check::Ready(Err(self.refuse(Reason::Credentials(error))))
            }
            Verification::Done(result) => Check::Ready(self.judge(result)),
            Verification::Pending(verification) => Check::Pending(PendingCheck {
                verification,
                authenticator: self.clone(),
            }),
        }
    }

    fn without_credentials(&self, optional: bool) -> Result<Authentication, Rejection> {
        if optional {
            Ok(Authentication {
                authenticator: self.clone(),
                verified: None,
            })
        } else {
            Err(self.refuse(Reason::MissingCredentials))
        }
    }

    fn judge(&self, result: Result<Verified, VerifyError>) -> Result<Authentication, Rejection> {
        let verified = result.map_err(|error| self.refuse(Reason::Token(error)))?;
        if let Some(policy) = &self.0.policy {
            policy
                .check(&verified)
                .map_err(|error| self.refuse(Reason::Policy(error)))?;
        }
        Ok(Authentication {
            authenticator: self.clone(),
            verified: Some(verified),
        })
    }

    /// Gives a refusal its body and the log its reason.
    fn refuse(&self, reason: Reason) -> Rejection {
        let rejection = self.0.challenges.reject(reason);
        tracing::debug!(
            status = rejection.status(),
            kind = ?rejection.kind(),
            reason = %rejection.reason(),
            "request refused"
        );
        match &self.0.body {
            Some(body) => {
                let body = body(&rejection);
                rejection.with_body(body)
            }
            None => rejection,
        }
    }
}

/// Keeps credentials out of `Debug` outputs.
fn hide(headers: &mut HeaderMap) {
    // Not by `entry`, which makes room for one more field first.
    if headers.get_all(AUTHORIZATION).iter().nth(1).is_none() {
        if let Some(value) = headers.get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        return;
    }
    for (name, value) in headers {
        if name == AUTHORIZATION {
            value.set_sensitive(true);
        }
    }
}

impl From<Verifier> for Authenticator {
    fn from(verifier: Verifier) -> Self {
        Self::new(verifier)
    }
}

impl fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticator")
            .field("realm", &self.0.realm)
            .field("policy", &self.0.policy)
            .field("optional", &self.0.optional)
            .finish_non_exhaustive()
    }
}

/// The answer of [`Authenticator::check`].
#[derive(Debug)]
pub enum Check {
    /// Decided, without waiting for anything: the hot path.
    Ready(Result<Authentication, Rejection>),
    /// Somebody else has to be asked first.
    Pending(PendingCheck),
}

/// A decision that waits for somebody else.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct PendingCheck {
    verification: PendingVerification,
    authenticator: Authenticator,
}

impl Future for PendingCheck {
    type Output = Result<Authentication, Rejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.verification)
            .poll(cx)
            .map(|result| self.authenticator.judge(result))
    }
}

/// What a layer leaves in a request's extensions, and extractors read.
#[derive(Clone, Debug)]
pub struct Authentication {
    authenticator: Authenticator,
    verified: Option<Verified>,
}

impl Authentication {
    /// The token, if there were credentials.
    pub fn optional(&self) -> Option<&Verified> {
        self.verified.as_ref()
    }

    /// The token.
    ///
    /// # Errors
    ///
    /// If authentication is optional and there were no credentials.
    pub fn verified(&self) -> Result<&Verified, Rejection> {
        let verified = self.verified.as_ref();
        verified.ok_or_else(|| self.authenticator.refuse(Reason::MissingCredentials))
    }

    /// The application's own type, built from the token's claims.
    ///
    /// # Errors
    ///
    /// If there is no token, or its claims do not have the form of `T`.
    pub fn claims<T: FromToken>(&self) -> Result<T, Rejection> {
        let claims = self.verified()?.claims();
        claims.map_err(|error| self.authenticator.refuse(Reason::Claims(error)))
    }

    /// A refusal of this layer for the reason of `rejection`: with its realm
    /// and its body.
    pub fn refuse(&self, rejection: &Rejection) -> Rejection {
        self.authenticator.refuse(rejection.reason().clone())
    }

    /// The token, if it satisfies `policy`.
    ///
    /// # Errors
    ///
    /// If there is no token, or it does not.
    pub fn require(&self, policy: &Policy) -> Result<&Verified, Rejection> {
        let verified = self.verified()?;
        policy
            .check(verified)
            .map_err(|error| self.authenticator.refuse(Reason::Policy(error)))?;
        Ok(verified)
    }

    /// The token, if it has every scope that `S` demands.
    ///
    /// # Errors
    ///
    /// If there is no token, or it lacks one.
    pub fn require_scopes<S: RequiredScopes>(&self) -> Result<&Verified, Rejection> {
        match self.verified()? {
            verified if has_scopes::<S>(verified) => Ok(verified),
            // Only a refusal needs the policy itself.
            _ => self.require(&Policy::scopes_of::<S>()),
        }
    }
}
