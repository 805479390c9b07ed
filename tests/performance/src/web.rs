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

use crate::{
    fixture::{self, Fixture},
    measure::Case,
};

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

/// The credentials of a case's requests.
#[derive(Clone)]
pub struct Sent {
    /// A good token's: bad ones are sent to services that work.
    pub first: HeaderValue,
    /// Those that are measured.
    pub then: Option<HeaderValue>,
}

impl Sent {
    /// The fixture's good token, again and again.
    pub fn good(fixture: &Fixture) -> Self {
        let good = fixture::bearer(&fixture.token);
        Self {
            first: good.clone(),
            then: Some(good),
        }
    }

    /// Something else after the good token.
    pub fn then(fixture: &Fixture, authorization: Option<HeaderValue>) -> Self {
        Self {
            then: authorization,
            ..Self::good(fixture)
        }
    }
}

/// Requests through a router of axum.
pub fn case(name: &str, router: Router, sent: Sent) -> Case {
    service_case::<_, Body, _>(name, router, sent)
}

/// Requests through any service, whose answers are dropped.
pub fn service_case<S, B, R>(name: &str, mut service: S, sent: Sent) -> Case
where
    S: Service<Request<B>, Response = Response<R>, Error = Infallible> + 'static,
    B: Default,
{
    let mut send = move |authorization: Option<&HeaderValue>| match finish(
        service.call(request(authorization)),
    ) {
        Ok(response) => response.status(),
        Err(never) => match never {},
    };
    send(Some(&sent.first));
    let mut call = move || send(sent.then.as_ref());
    // The first request of a kind may be dearer.
    let status = Some(call().as_u16());
    Case::new(name, call).answered(status)
}
