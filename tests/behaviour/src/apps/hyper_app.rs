//! The site on hyper without tower: `portcullis-hyper` around services of
//! `hyper::service`.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use http::{Request, Response};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::rt::TokioIo;
use portcullis::{endpoint::Endpoints, head::Peer};
use portcullis_hyper::{Auth, Require, WithEndpoints};

use super::{
    Server,
    by_hand::{self, Answering, AnyBody},
    run,
};
use crate::site::{Demand, Guard, Handler, Route, Site};

/// Serves a site.
pub fn serve(site: &Site) -> Server {
    let router = Router::new(site);
    let endpoints = site.endpoints.clone();
    Server::start("hyper", move |listener, stop| {
        run(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            tokio::select! {
                () = accept(listener, router, endpoints) => {}
                _ = stop => {}
            }
        });
    })
}

async fn accept(listener: tokio::net::TcpListener, router: Router, endpoints: Option<Endpoints>) {
    loop {
        let (stream, peer) = listener.accept().await.expect("a connection");
        let stream = TokioIo::new(stream);
        let router = router.clone();
        let endpoints = endpoints.clone();
        tokio::spawn(async move {
            let server = http1::Builder::new();
            // A client that goes away is no failure of the server.
            let _ = match endpoints {
                Some(endpoints) => {
                    let service = WithEndpoints::new(router, endpoints).client(peer.ip());
                    server.serve_connection(stream, service).await
                }
                None => {
                    let service = service_fn(|mut request: Request<Incoming>| {
                        request.extensions_mut().insert(Peer(peer));
                        router.call(request)
                    });
                    server.serve_connection(stream, service).await
                }
            };
        });
    }
}

/// Finds the service of a path.
#[derive(Clone)]
struct Router {
    routes: Arc<HashMap<&'static str, Serving>>,
}

enum Serving {
    Protected(Auth<Handling>),
    ByExtractor(Auth<Handling>),
    Behind(Auth<Require<Handling>>),
    Alone(Require<Handling>),
    Open(Handling),
}

impl Router {
    fn new(site: &Site) -> Self {
        let routes = site.routes.iter().map(|route| (route.path, serving(route)));
        Self {
            routes: Arc::new(routes.collect()),
        }
    }
}

fn serving(route: &Route) -> Serving {
    let inner = Handling(route.handler);
    match &route.guard {
        Guard::Layer(authenticator) => {
            Serving::Protected(Auth::new(inner, (**authenticator).clone()))
        }
        Guard::Extractor(authenticator) => {
            Serving::ByExtractor(Auth::new(inner, (**authenticator).clone()))
        }
        Guard::Inner(outer, demand) => {
            let inner = match demand {
                Demand::Token(policy) => Require::new(inner, policy.clone()),
                Demand::IfPresent(policy) => Require::if_present(inner, policy.clone()),
            };
            match outer {
                Some(outer) => Serving::Behind(Auth::new(inner, (**outer).clone())),
                None => Serving::Alone(inner),
            }
        }
        Guard::Nothing => Serving::Open(inner),
    }
}

impl Service<Request<Incoming>> for Router {
    type Response = Response<AnyBody>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let routes = Arc::clone(&self.routes);
        Box::pin(async move {
            let response = match routes.get(request.uri().path()) {
                Some(Serving::Protected(service)) => service.call(request).await?,
                Some(Serving::ByExtractor(service)) => {
                    by_hand::by_extractor(service.call(request).await?)
                }
                Some(Serving::Behind(service)) => service.call(request).await?,
                Some(Serving::Alone(service)) => service.call(request).await?,
                Some(Serving::Open(service)) => service.call(request).await?,
                None => by_hand::not_found(),
            };
            Ok(by_hand::show_reason(response))
        })
    }
}

/// A handler as a service.
#[derive(Clone, Copy)]
struct Handling(Handler);

impl Service<Request<Incoming>> for Handling {
    type Response = Response<AnyBody>;
    type Error = Infallible;
    type Future = Answering;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        by_hand::answering(self.0, request)
    }
}
