//! A request that wants for its body only.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{Response, request::Parts};

use super::{
    actions::{Services, run},
    answer::for_method,
    future::EndpointFuture,
    incoming::Incoming,
    refusal::Refusal,
    request_body::{BODY_LIMIT, BodyError},
    route::Route,
};
use crate::metrics;

/// A request whose path, method, announced length and type of body are good:
/// what comes next is its body. Made by
/// [`Endpoints::accept`](super::Endpoints::accept), for adapters that read
/// bodies themselves.
#[must_use = "does nothing until it is answered"]
pub struct AcceptedRequest {
    services: Arc<Services>,
    route: Arc<Route>,
    head: Parts,
}

impl AcceptedRequest {
    pub(super) fn new(services: Arc<Services>, route: Arc<Route>, head: Parts) -> Self {
        Self {
            services,
            route,
            head,
        }
    }

    /// Answers, given the body or why there is none. More than [`BODY_LIMIT`]
    /// bytes of it need not be read: that is [`BodyError::TooLarge`].
    pub fn answer(self, body: Result<Bytes, BodyError>) -> EndpointFuture {
        EndpointFuture::new(self.respond(body))
    }

    pub(super) async fn respond(self, body: Result<Bytes, BodyError>) -> Response<Bytes> {
        let Self {
            services,
            route,
            head,
        } = self;
        let method = head.method.clone();
        let result = match body {
            Ok(body) if body.len() > BODY_LIMIT => Err(BodyError::TooLarge.into()),
            Ok(body) => {
                let incoming = Incoming::new(head, body, &services.refresh_headers);
                run(&services, &route, &incoming).await
            }
            Err(error) => Err(Refusal::from(error)),
        };
        let response = match result {
            Ok(response) => {
                metrics::ENDPOINT_REQUESTS.count([route.action.name(), "answered", metrics::NONE]);
                response
            }
            Err(refusal) => route.refuse(&services.format, refusal),
        };
        for_method(&method, response)
    }
}

impl fmt::Debug for AcceptedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AcceptedRequest")
            .field(&self.route.path)
            .finish()
    }
}
