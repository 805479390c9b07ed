//! The service.

use bytes::Bytes;
use http::{Request, Response};
use hyper::service::Service;
use portcullis::guard::{Authenticator, Check};

use super::ResponseFuture;

/// Calls the inner service for requests with a good access token, and answers
/// the others itself.
///
/// The inner service finds an [`Authentication`](portcullis::guard::Authentication)
/// in the request's extensions. Its errors pass through untouched; there are
/// none of its own.
///
/// ```
/// # fn example<S>(inner: S, verifier: portcullis::verify::Verifier) -> Result<(), Box<dyn std::error::Error>> {
/// use portcullis::policy::Policy;
/// use portcullis_hyper::{Auth, Authenticator};
///
/// let authenticator = Authenticator::new(verifier).require(Policy::scope("stations:read")?);
/// let service = Auth::new(inner, authenticator);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Auth<S> {
    inner: S,
    authenticator: Authenticator,
}

impl<S> Auth<S> {
    /// Puts `authenticator`, or a verifier alone, in front of `inner`.
    pub fn new(inner: S, authenticator: impl Into<Authenticator>) -> Self {
        Self {
            inner,
            authenticator: authenticator.into(),
        }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, without protection.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

/// The inner service is cloned where a verification has to wait for somebody
/// else, and only there. One that is not `Clone` goes into an `Arc`.
impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Auth<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    ResBody: From<Bytes>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S, ReqBody>;

    fn call(&self, mut request: Request<ReqBody>) -> Self::Future {
        let check = self.authenticator.check(&request);
        self.authenticator.hide_credentials(request.headers_mut());
        match check {
            Check::Ready(Ok(authentication)) => {
                ResponseFuture::passed(&self.inner, request, authentication)
            }
            Check::Ready(Err(rejection)) => ResponseFuture::refused(rejection),
            Check::Pending(check) => ResponseFuture::pending(check, self.inner.clone(), request),
        }
    }
}
