//! The future.

use http::Request;
use portcullis::guard::{self, Authentication};
use tower_service::Service;

/// The future of [`Auth`](super::Auth).
pub type ResponseFuture<S, ReqBody> = guard::ResponseFuture<Waiting<S, ReqBody>>;

/// A request that waits, with the service that was polled ready for it.
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
