//! The endpoint at the path of a request.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header, request::Parts};
use http_body::Body;

use super::{
    accepted_request::AcceptedRequest,
    actions::Services,
    answer::for_method,
    future::EndpointFuture,
    refusal::Refusal,
    request_body::{BODY_LIMIT, BoxError, read},
    route::Route,
};

/// The endpoint at a path, as [`Endpoints::find`](super::Endpoints::find) finds
/// it. It answers every request that is handed to it, whatever its path.
#[derive(Clone)]
pub struct MatchedEndpoint {
    services: Arc<Services>,
    route: Arc<Route>,
}

impl MatchedEndpoint {
    pub(super) fn new(services: Arc<Services>, route: Arc<Route>) -> Self {
        Self { services, route }
    }

    /// As [`Endpoints::serve`](super::Endpoints::serve).
    pub fn serve<B>(self, request: Request<B>) -> EndpointFuture
    where
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        let (head, body) = request.into_parts();
        match self.accept(head) {
            Ok(accepted) => EndpointFuture::new(async move {
                let body = read(body).await;
                accepted.respond(body).await
            }),
            Err(refused) => refused,
        }
    }

    /// As [`Endpoints::accept`](super::Endpoints::accept).
    ///
    /// # Errors
    ///
    /// The answer to a request that is refused whatever its body is.
    pub fn accept(self, head: Parts) -> Result<AcceptedRequest, EndpointFuture> {
        match self.refuse(&head) {
            Some(response) => {
                let response = for_method(&head.method, response);
                Err(EndpointFuture::ready(response))
            }
            None => Ok(AcceptedRequest::new(self.services, self.route, head)),
        }
    }

    fn refuse(&self, head: &Parts) -> Option<Response<Bytes>> {
        let route = &self.route;
        if !route.methods.contains(&head.method) {
            return Some(self.not_allowed());
        }
        if let Err(refusal) = route.action.check_origin(head) {
            return Some(self.refusal(refusal));
        }
        let length = head.headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|length| length > BODY_LIMIT) {
            return Some(self.refusal(Refusal::TooLarge));
        }
        let refusal = route.action.encoding()?.check(&head.headers).err()?;
        Some(self.refusal(refusal))
    }

    /// The answer to a request that cannot be read.
    pub(super) fn bad_request(&self) -> Response<Bytes> {
        self.refusal(Refusal::Body("the request cannot be read"))
    }

    fn refusal(&self, refusal: Refusal) -> Response<Bytes> {
        self.route.refuse(&self.services.format, refusal)
    }

    fn not_allowed(&self) -> Response<Bytes> {
        let mut response = self.refusal(Refusal::MethodNotAllowed);
        response.headers_mut().insert(
            header::ALLOW,
            HeaderValue::from_static(self.route.methods.as_str()),
        );
        response
    }
}

impl fmt::Debug for MatchedEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MatchedEndpoint")
            .field(&self.route.path)
            .finish()
    }
}
