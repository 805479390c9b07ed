//! The router.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::Arc,
};

use bytes::Bytes;
use http::{Method, Request, Response, request::Parts};
use http_body::Body;

use super::{
    accepted_request::AcceptedRequest, actions::Services, answer::for_method, dialect::Dialect,
    future::EndpointFuture, matched_endpoint::MatchedEndpoint, name::Name, refusal::Refusal,
    request_body::BoxError, route::Route,
};

/// All token endpoints of a service, as one function from request to response.
/// Cheap to clone.
///
/// It answers every request itself: what has another method (405), is too
/// large (413), of another type (415), or has a path that it does not know
/// (404). [`find`](Self::find) tells whether it knows a path.
#[derive(Clone)]
pub struct Endpoints(Arc<Inner>);

struct Inner {
    routes: BTreeMap<Name, Arc<Route>>,
    /// The paths of what is found outside of the mount.
    outside: BTreeSet<Name>,
    services: Arc<Services>,
}

impl Endpoints {
    pub(super) fn new(
        routes: BTreeMap<Name, Arc<Route>>,
        outside: BTreeSet<Name>,
        services: Services,
    ) -> Self {
        Self(Arc::new(Inner {
            routes,
            outside,
            services: Arc::new(services),
        }))
    }

    /// The documents whose well-known places are not below the path that the
    /// endpoints are [mounted at](super::EndpointsBuilder::mounted_at), for the
    /// root of the same server; none where they are not mounted.
    ///
    /// ```
    /// # use portcullis::endpoint::{Endpoints, ResourceMetadata};
    /// let endpoints = Endpoints::without_accounts()
    ///     .mounted_at("/mcp")
    ///     .resource(ResourceMetadata::new("https://api.example.com/mcp")?)
    ///     .build()?;
    /// let root = endpoints.outside_mount();
    /// assert!(root.matches("/.well-known/oauth-protected-resource/mcp"));
    /// # Ok::<(), portcullis::ConfigError>(())
    /// ```
    ///
    /// On axum: `Router::new().nest("/mcp", router(endpoints)).merge(router(root))`.
    #[must_use = "does nothing until it is served"]
    pub fn outside_mount(&self) -> Self {
        let outside = &self.0.outside;
        let routes = self.0.routes.iter();
        let routes = routes.filter(|(path, _)| outside.contains(*path));
        Self(Arc::new(Inner {
            routes: routes
                .map(|(path, route)| (path.clone(), route.clone()))
                .collect(),
            outside: outside.clone(),
            services: self.0.services.clone(),
        }))
    }

    /// The endpoint at `path`, if there is one: for services that pass other
    /// requests on.
    pub fn find(&self, path: &str) -> Option<MatchedEndpoint> {
        let route = self.0.routes.get(path)?;
        let services = self.0.services.clone();
        Some(MatchedEndpoint::new(services, route.clone()))
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
        B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
    {
        match self.find(request.uri().path()) {
            Some(endpoint) => endpoint.serve(request),
            None => self.unmatched(request.method()),
        }
    }

    /// Answers a request whose body was read before.
    pub fn call(&self, request: Request<Bytes>) -> EndpointFuture {
        let (head, body) = request.into_parts();
        match self.accept(head) {
            Ok(accepted) => accepted.answer(Ok(body)),
            Err(refused) => refused,
        }
    }

    /// Takes the head of a request whose body is yet to be read.
    ///
    /// ```
    /// # use std::io;
    /// # use bytes::Bytes;
    /// # use http::{Request, Response};
    /// use portcullis::endpoint::{BODY_LIMIT, BodyError, Endpoints};
    ///
    /// # enum ReadError { TooLong, Io(io::Error) }
    /// # struct Payload;
    /// # impl Payload { async fn read(self, limit: usize) -> Result<Bytes, ReadError> { Ok(Bytes::new()) } }
    /// async fn answer(endpoints: Endpoints, request: Request<Payload>) -> Response<Bytes> {
    ///     let (head, payload) = request.into_parts();
    ///     let accepted = match endpoints.accept(head) {
    ///         Ok(accepted) => accepted,
    ///         Err(refused) => return refused.await,
    ///     };
    ///     let body = payload.read(BODY_LIMIT).await.map_err(|error| match error {
    ///         ReadError::TooLong => BodyError::TooLarge,
    ///         ReadError::Io(_) => BodyError::Broken,
    ///     });
    ///     accepted.answer(body).await
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// The answer to a request that is refused whatever its body is: for its
    /// path, its method, the length that it announces, or the type of its body.
    pub fn accept(&self, head: Parts) -> Result<AcceptedRequest, EndpointFuture> {
        match self.find(head.uri.path()) {
            Some(endpoint) => endpoint.accept(head),
            None => Err(self.unmatched(&head.method)),
        }
    }

    /// Answers a request to `path` that is none, as `http` 1.x knows them: 400.
    pub fn bad_request(&self, path: &str) -> Response<Bytes> {
        match self.find(path) {
            Some(endpoint) => endpoint.bad_request(),
            None => self.not_found(),
        }
    }

    fn unmatched(&self, method: &Method) -> EndpointFuture {
        EndpointFuture::ready(for_method(method, self.not_found()))
    }

    fn not_found(&self) -> Response<Bytes> {
        let services = &self.0.services;
        Dialect::bearer(services.realm.clone()).refuse(&services.format, &Refusal::NotFound)
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoints")
            .field(&self.0.routes.keys())
            .finish()
    }
}
