//! A policy behind an authentication.

use bytes::Bytes;
use http::{Request, Response};
use hyper::service::Service;
use portcullis::{
    guard::{Check, PolicyGuard},
    policy::Policy,
};

use crate::ResponseFuture;

/// Demands more of some of the requests that an [`Auth`](crate::Auth) further out let
/// through, without verifying anything again.
///
/// What it refuses looks as if the other one had refused it. Where there is no other
/// one, it answers with a server error, and the log says what to add.
///
/// ```
/// # fn example<S: Clone>(reading: S, writing: S) -> Result<(), portcullis::claims::ScopeError> {
/// use portcullis::policy::Policy;
/// use portcullis_hyper::Require;
///
/// // Both stand behind one `Auth`, which calls the one or the other.
/// let reading = Require::new(reading, Policy::scope("stations:read")?);
/// let writing = Require::new(writing, Policy::scope("stations:write")?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Require<S> {
    inner: S,
    guard: PolicyGuard,
}

impl<S> Require<S> {
    /// Demands a token that satisfies `policy`, even where the other service is
    /// [`optional`](crate::Authenticator::optional).
    pub fn new(inner: S, policy: Policy) -> Self {
        Self {
            inner,
            guard: PolicyGuard::new(policy),
        }
    }

    /// Demands that the token satisfy `policy`, if there is one; whoever sends none
    /// passes where the other service lets them.
    pub fn if_present(inner: S, policy: Policy) -> Self {
        Self {
            inner,
            guard: PolicyGuard::if_present(policy),
        }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, without the policy.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

/// The inner service is cloned where somebody has to be waited for, and only there.
impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Require<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: From<Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn call(&self, request: Request<ReqBody>) -> Self::Future {
        let found = request.extensions().get();
        match self.guard.check(found, &request, HINT) {
            Check::Ready(Ok(_)) => ResponseFuture::passed_on(&self.inner, request),
            Check::Ready(Err(rejection)) => ResponseFuture::refused(rejection),
            Check::Pending(check) => ResponseFuture::pending(check, self.inner.clone(), request),
        }
    }
}

const HINT: &str = "put an `Auth::new(service, verifier)` around the service that is in `Require`";
