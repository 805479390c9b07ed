//! The future.

use http::Request;
use hyper::service::Service;
use portcullis::guard::{self, Authentication};

/// The future of [`Auth`](super::Auth).
pub type ResponseFuture<S, ReqBody> = guard::ResponseFuture<Waiting<S, ReqBody>>;

/// A request that waits.
#[derive(Debug)]
pub struct Waiting<S, ReqBody> {
    pub(super) service: S,
    pub(super) request: Request<ReqBody>,
}

impl<S, ReqBody> guard::Call for Waiting<S, ReqBody>
where
    S: Service<Request<ReqBody>>,
{
    type Future = S::Future;

    fn call(mut self, authentication: Authentication) -> Self::Future {
        self.request.extensions_mut().insert(authentication);
        self.service.call(self.request)
    }
}
