//! The future.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_web::{
    HttpMessage, ResponseError,
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName, HeaderValue},
};
use pin_project_lite::pin_project;
use portcullis::{
    challenge::{Rejection, ResponseHeaders},
    guard::{
        Authentication, PendingCheck,
        service::{Call, GuardedCall},
    },
};

use crate::{AuthRejection, refused};

pin_project! {
    /// The future of [`AuthMiddleware`](crate::AuthMiddleware) and
    /// [`RequireMiddleware`](crate::RequireMiddleware).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<S>
    where
        S: Service<ServiceRequest>,
    {
        #[pin]
        call: GuardedCall<Waiting<S>>,
    }
}

impl<S> ResponseFuture<S>
where
    S: Service<ServiceRequest>,
{
    /// Calls `service`.
    pub(super) fn passed(
        service: &S,
        request: ServiceRequest,
        authentication: Authentication,
    ) -> Self {
        let headers = authentication.response_headers();
        request.extensions_mut().insert(authentication);
        Self {
            call: GuardedCall::passed(service.call(request), headers),
        }
    }

    /// Calls `service` with a request that was let through before.
    pub(crate) fn passed_on(service: &S, request: ServiceRequest) -> Self {
        Self {
            call: GuardedCall::passed(service.call(request), ResponseHeaders::default()),
        }
    }

    pub(crate) fn refused(rejection: Rejection, request: ServiceRequest) -> Self {
        Self {
            call: GuardedCall::refused((rejection, request)),
        }
    }

    /// Calls `service` when `check` says so.
    pub(crate) fn pending(check: PendingCheck, service: Rc<S>, request: ServiceRequest) -> Self {
        Self {
            call: GuardedCall::pending(check, Waiting { service, request }),
        }
    }
}

impl<S, B> Future for ResponseFuture<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
{
    type Output = Result<ServiceResponse<EitherBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let passed = |result: Result<ServiceResponse<B>, S::Error>, headers: &ResponseHeaders| {
            result.map(|response| answer(response, headers))
        };
        let refused = |(rejection, request): (Rejection, ServiceRequest)| {
            let response = AuthRejection(rejection).error_response();
            Ok(request.into_response(response).map_into_right_body())
        };
        self.project().call.poll_answer(cx, passed, refused)
    }
}

/// What the service said, unless an extractor has refused the request.
fn answer<B>(
    response: ServiceResponse<B>,
    headers: &ResponseHeaders,
) -> ServiceResponse<EitherBody<B>> {
    let mut response = match refused::swallowed(&response) {
        Some(rejection) => {
            let refusal = AuthRejection(rejection).error_response();
            response.into_response(refusal).map_into_right_body()
        }
        None => response.map_into_left_body(),
    };
    if !headers.is_empty() {
        for (name, value) in headers.iter() {
            add(response.headers_mut(), name, value);
        }
    }
    response
}

/// Beside those of the same name, and not twice, as
/// [`ResponseHeaders::add_to`] has it.
fn add(headers: &mut HeaderMap, name: &str, value: &[u8]) {
    let field = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value));
    if let (Ok(name), Ok(value)) = field
        && !headers.get_all(&name).any(|own| *own == value)
    {
        headers.append(name, value);
    }
}

impl<S> fmt::Debug for ResponseFuture<S>
where
    S: Service<ServiceRequest>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}

/// A request that waits, with the service that will answer it.
struct Waiting<S> {
    service: Rc<S>,
    request: ServiceRequest,
}

impl<S> Call for Waiting<S>
where
    S: Service<ServiceRequest>,
{
    type Future = S::Future;
    type Refusal = (Rejection, ServiceRequest);

    fn pass(self, authentication: Authentication) -> Self::Future {
        self.request.extensions_mut().insert(authentication);
        self.service.call(self.request)
    }

    fn refuse(self, rejection: Rejection) -> Self::Refusal {
        (rejection, self.request)
    }
}
