//! The router.

use std::{
    collections::BTreeMap,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;

use super::{
    Accounts, BODY_LIMIT, EndpointsBuilder,
    actions::{self, Services},
    answer::{Members, json_response},
    body::collect,
    incoming::Incoming,
    profile::{Name, Route},
    refusal::Refusal,
};

/// All token endpoints of a service, as one function from request to response.
/// Cheap to clone.
///
/// It answers every request itself: what has another method (405), is too
/// large (413), of another type (415), or has a path that it does not know
/// (404). [`matches`](Self::matches) tells whether it knows a path.
#[derive(Clone)]
pub struct Endpoints(Arc<Inner>);

pub(super) struct Inner {
    pub(super) routes: BTreeMap<Name, Route>,
    pub(super) services: Services,
}

impl Endpoints {
    /// Starts with no endpoints; `accounts` says who is who.
    pub fn builder(accounts: impl Accounts) -> EndpointsBuilder {
        EndpointsBuilder::new(accounts)
    }

    pub(super) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Whether there is an endpoint at `path`.
    pub fn matches(&self, path: &str) -> bool {
        self.0.routes.contains_key(path)
    }

    /// The paths of all endpoints, for routers that want to be told.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.0.routes.keys().map(AsRef::as_ref)
    }

    /// Reads the body of a request, not further than it matters, and answers.
    ///
    /// [`ClientAddress`](super::ClientAddress) among the request's extensions
    /// says where it comes from.
    pub fn serve<B>(&self, request: Request<B>) -> EndpointFuture
    where
        B: Body<Data: Send> + Send + 'static,
    {
        let endpoints = self.clone();
        EndpointFuture(Box::pin(async move {
            let (parts, body) = request.into_parts();
            match collect(body, BODY_LIMIT).await.ok() {
                Some(body) => endpoints.0.answer(Request::from_parts(parts, body)).await,
                None => endpoints.refuse_body(parts.uri.path()),
            }
        }))
    }

    /// Answers a request to `path` whose body broke off or could not be
    /// decoded. [`serve`](Self::serve) does so by itself.
    pub fn refuse_body(&self, path: &str) -> Response<Bytes> {
        match self.0.routes.get(path) {
            Some(route) => refuse(route, Refusal::Body("the body cannot be read to its end")),
            None => not_found(),
        }
    }

    /// Answers a request whose body was read before.
    ///
    /// Of a body that is larger than [`BODY_LIMIT`] the first `BODY_LIMIT` + 1
    /// bytes are enough. [`ClientAddress`](super::ClientAddress) among the
    /// request's extensions says where it comes from.
    pub fn call(&self, request: Request<Bytes>) -> EndpointFuture {
        let inner = self.0.clone();
        EndpointFuture(Box::pin(async move { inner.answer(request).await }))
    }
}

impl Inner {
    async fn answer(&self, request: Request<Bytes>) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let is_head = parts.method == Method::HEAD;
        let response = match self.routes.get(parts.uri.path()) {
            None => not_found(),
            Some(route) if !route.methods.contains(&parts.method) => not_allowed(route),
            Some(route) => {
                let body_size = body.len();
                let incoming = Incoming::new(parts, body);
                let result = if body_size > BODY_LIMIT {
                    Err(Refusal::TooLarge)
                } else {
                    actions::run(&self.services, route, &incoming).await
                };
                result.unwrap_or_else(|refusal| refuse(route, refusal))
            }
        };
        if is_head {
            without_body(response)
        } else {
            response
        }
    }
}

fn refuse(route: &Route, refusal: Refusal) -> Response<Bytes> {
    let refusal = match refusal {
        Refusal::Unavailable(after) => Refusal::Unavailable(after.min(route.retry_after)),
        other => other,
    };
    tracing::debug!(path = %route.path, kind = ?refusal.kind(), "request refused");
    route.dialect.refuse(&refusal)
}

fn not_found() -> Response<Bytes> {
    let mut members = Members::default();
    members.push("error", "not_found");
    json_response(StatusCode::NOT_FOUND, &members)
}

fn not_allowed(route: &Route) -> Response<Bytes> {
    let mut members = Members::default();
    members.push("error", "method_not_allowed");
    let mut response = json_response(StatusCode::METHOD_NOT_ALLOWED, &members);
    response.headers_mut().insert(
        header::ALLOW,
        HeaderValue::from_static(route.methods.as_str()),
    );
    response
}

/// The answer to HEAD says how long the one to GET would be (RFC 9110 section
/// 8.6).
fn without_body(mut response: Response<Bytes>) -> Response<Bytes> {
    let length = response.body().len();
    response
        .headers_mut()
        .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    *response.body_mut() = Bytes::new();
    response
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoints")
            .field(&self.0.routes.keys())
            .finish()
    }
}

/// The answer of [`Endpoints::call`].
#[must_use = "futures do nothing unless polled"]
pub struct EndpointFuture(Pin<Box<dyn Future<Output = Response<Bytes>> + Send>>);

impl Future for EndpointFuture {
    type Output = Response<Bytes>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Bytes>> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for EndpointFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointFuture").finish_non_exhaustive()
    }
}
