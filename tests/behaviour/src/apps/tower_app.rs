//! The site on bare tower: the layer of `portcullis-tower` around services
//! written by hand, served by hyper.

use std::{
    collections::HashMap,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header::CONTENT_TYPE};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use portcullis::{
    challenge::{Reason, Rejection},
    guard::Authentication,
    policy::Policy,
};
use portcullis_tower::AuthLayer;
use tower::{Layer, Service, ServiceExt, util::BoxCloneSyncService};

use super::{Server, run};
use crate::site::{self, AnyClaims, Employee, Guard, Handler, ReadAndWrite, Route, Site};

/// A body of any kind.
pub struct AnyBody(UnsyncBoxBody<Bytes, hyper::Error>);

impl From<Bytes> for AnyBody {
    fn from(bytes: Bytes) -> Self {
        Self(
            Full::new(bytes)
                .map_err(|never| match never {})
                .boxed_unsync(),
        )
    }
}

impl Body for AnyBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }
}

type Inner = BoxCloneSyncService<Request<Incoming>, Response<AnyBody>, Infallible>;

/// Serves a site.
pub fn serve(site: &Site) -> Server {
    let router = Router::new(site);
    Server::start("tower", move |listener, stop| {
        run(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            tokio::select! {
                () = accept(listener, router) => {}
                _ = stop => {}
            }
        });
    })
}

async fn accept(listener: tokio::net::TcpListener, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            // A client that goes away is no failure of the server.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Finds the service of a path and shows reasons.
#[derive(Clone)]
struct Router {
    routes: Arc<HashMap<&'static str, Inner>>,
}

impl Router {
    fn new(site: &Site) -> Self {
        let routes = site.routes.iter().map(|route| (route.path, service(route)));
        Self {
            routes: Arc::new(routes.collect()),
        }
    }
}

impl Service<Request<Incoming>> for Router {
    type Response = Response<AnyBody>;
    type Error = Infallible;
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Answering {
        let found = self.routes.get(request.uri().path()).cloned();
        Box::pin(async move {
            let mut response = match found {
                Some(service) => service.oneshot(request).await?,
                None => not_found(),
            };
            let reason = response.extensions().get::<Reason>().map(site::reason_name);
            if let Some(name) = reason.and_then(|name| HeaderValue::from_str(&name).ok()) {
                response.headers_mut().insert("x-reason", name);
            }
            Ok(response)
        })
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<AnyBody>, Infallible>> + Send>>;

fn service(route: &Route) -> Inner {
    let inner = Handling(route.handler);
    match &route.guard {
        Guard::Layer(authenticator) => {
            let layer = AuthLayer::new((**authenticator).clone());
            BoxCloneSyncService::new(layer.layer(inner))
        }
        Guard::Nothing => BoxCloneSyncService::new(inner),
    }
}

/// A handler as a service.
#[derive(Clone, Copy)]
struct Handling(Handler);

impl Service<Request<Incoming>> for Handling {
    type Response = Response<AnyBody>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<AnyBody>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        if self.0 == Handler::Echo {
            let body = AnyBody(request.into_body().boxed_unsync());
            return std::future::ready(Ok(Response::new(body)));
        }
        let body = handle(self.0, &request);
        std::future::ready(Ok(match body {
            Ok(body) => json(body),
            Err(rejection) => rejection.into_response(),
        }))
    }
}

/// What an extractor does elsewhere, by hand.
pub(super) fn handle<B>(handler: Handler, request: &Request<B>) -> Result<String, Rejection> {
    let authentication = request.extensions().get::<Authentication>();
    let authentication = authentication
        .ok_or_else(|| Rejection::missing_layer("wrap the service in an `AuthLayer`"))?;
    Ok(match handler {
        Handler::Claims => site::claims_body(&authentication.claims::<AnyClaims>()?),
        Handler::Maybe => {
            let token = authentication.optional();
            site::maybe_body(token.and_then(|token| token.subject_name()))
        }
        Handler::Typed => site::typed_body(&authentication.claims::<Employee>()?),
        Handler::Scoped => {
            let policy = Policy::scopes_of::<ReadAndWrite>();
            site::scoped_body(authentication.require(&policy)?)
        }
        Handler::Echo => String::new(),
    })
}

fn json(body: String) -> Response<AnyBody> {
    let mut response = Response::new(AnyBody::from(Bytes::from(body)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

fn not_found() -> Response<AnyBody> {
    let mut response = Response::new(AnyBody::from(Bytes::new()));
    *response.status_mut() = http::StatusCode::NOT_FOUND;
    response
}
