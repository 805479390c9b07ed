//! On tower, and so on axum.

use std::task::{Context, Poll};

use http::{Request, header::AUTHORIZATION};
use tower_layer::Layer;
use tower_service::Service;

use super::{OnEachRequest, WithToken};

impl<S> Layer<S> for OnEachRequest {
    type Service = WithToken<S>;

    fn layer(&self, inner: S) -> Self::Service {
        self.around(inner)
    }
}

impl<S, B> Service<Request<B>> for WithToken<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let headers = request.headers_mut();
        if !headers.contains_key(AUTHORIZATION) {
            headers.insert(AUTHORIZATION, self.token.renewed().authorization());
        }
        self.inner.call(request)
    }
}
