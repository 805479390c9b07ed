//! Requests without a network: a service is called and its future polled.

use std::{
    convert::Infallible,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::{Router, body::Body};
use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use tower::Service;

use crate::measure::Case;

/// What every handler answers.
pub const ANSWER: &str = "ok";

/// Polls a future that waits for nobody.
pub fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}

/// A request with these credentials.
pub fn request<B: Default>(authorization: Option<&HeaderValue>) -> Request<B> {
    let mut request = Request::new(B::default());
    if let Some(value) = authorization {
        request.headers_mut().insert(AUTHORIZATION, value.clone());
    }
    request
}

/// Requests through a router of axum.
pub fn case(name: &str, router: Router, authorization: Option<HeaderValue>) -> Case {
    service_case::<_, Body, _>(name, router, authorization)
}

/// Requests through any service, whose answers are dropped.
pub fn service_case<S, B, R>(name: &str, mut service: S, authorization: Option<HeaderValue>) -> Case
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + 'static,
    B: Default,
{
    let mut call = move || match finish(service.call(request(authorization.as_ref()))) {
        Ok(response) => response.status(),
        Err(never) => match never {},
    };
    // The first request of a kind may be dearer.
    let status = Some(call().as_u16());
    Case::new(name, call).answered(status)
}
