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
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header,
    request::Parts,
};
use http_body::Body;

use super::{
    Accounts, BODY_LIMIT, EndpointsBuilder,
    actions::{self, Services},
    answer::{Members, json_response},
    body::collect,
    incoming::Incoming,
    refusal::Refusal,
    route::{Name, Route},
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
            if let Some(response) = endpoints.refuse_head(&parts) {
                return response;
            }
            match collect(body, BODY_LIMIT).await.ok() {
                Some(body) => endpoints.0.answer(Request::from_parts(parts, body)).await,
                None => endpoints.refuse_body(parts.uri.path()),
            }
        }))
    }

    /// Answers a request that is refused whatever its body is: for its path, its
    /// method, the length that it announces, or the type of its body.
    /// [`serve`](Self::serve) does so by itself, before it reads the body.
    pub fn refuse_head(&self, head: &Parts) -> Option<Response<Bytes>> {
        let response = self.0.refuse_head(head)?;
        Some(for_method(&head.method, response))
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
        let (mut parts, body) = request.into_parts();
        mark_sensitive(&mut parts.headers, &self.services.refresh_headers);
        let method = parts.method.clone();
        let response = match (self.refuse_head(&parts), self.routes.get(parts.uri.path())) {
            (Some(response), _) => response,
            (None, None) => not_found(),
            (None, Some(route)) => {
                let result = if body.len() > BODY_LIMIT {
                    Err(Refusal::TooLarge)
                } else {
                    let incoming = Incoming::new(parts, body);
                    actions::run(&self.services, route, &incoming).await
                };
                result.unwrap_or_else(|refusal| refuse(route, refusal))
            }
        };
        for_method(&method, response)
    }

    fn refuse_head(&self, head: &Parts) -> Option<Response<Bytes>> {
        let Some(route) = self.routes.get(head.uri.path()) else {
            return Some(not_found());
        };
        if !route.methods.contains(&head.method) {
            return Some(not_allowed(route));
        }
        let length = head.headers.get(header::CONTENT_LENGTH);
        let length = length.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if length.is_some_and(|length| length > BODY_LIMIT) {
            return Some(refuse(route, Refusal::TooLarge));
        }
        let encoding = route.action.encoding()?;
        let refusal = encoding.check(&head.headers).err()?;
        Some(refuse(route, refusal))
    }
}

/// Whatever prints the headers of a request shall not print its tokens.
fn mark_sensitive(headers: &mut HeaderMap, refresh_headers: &[HeaderName]) {
    for (name, value) in headers.iter_mut() {
        if *name == header::AUTHORIZATION || refresh_headers.contains(name) {
            value.set_sensitive(true);
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

fn for_method(method: &Method, response: Response<Bytes>) -> Response<Bytes> {
    if method == Method::HEAD {
        without_body(response)
    } else {
        response
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_in_headers_are_marked() {
        let own = HeaderName::from_static("refresh-token");
        let mut headers = HeaderMap::new();
        for name in [header::AUTHORIZATION, own.clone(), header::USER_AGENT] {
            headers.append(name.clone(), HeaderValue::from_static("hush"));
            headers.append(name, HeaderValue::from_static("hush"));
        }
        mark_sensitive(&mut headers, &[own]);
        let shown = format!("{headers:?}");
        assert_eq!(shown.matches("hush").count(), 2, "{shown}");
    }
}
