//! The site on bare tower: the layer of `portcullis-tower` around services
//! written by hand, served by hyper.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use portcullis::{endpoint::ClientAddress, head::Peer};
use portcullis_tower::{AuthLayer, EndpointLayer, RequireLayer};
use tower::{Layer, Service, ServiceExt, util::BoxCloneSyncService};

use super::{
    Server,
    by_hand::{self, Answering, AnyBody},
    run,
};
use crate::site::{Demand, Guard, Handler, Route, Site};

type Inner = BoxCloneSyncService<Request<Incoming>, Response<AnyBody>, Infallible>;

/// Serves a site.
pub fn serve(site: &Site) -> Server {
    let router = BoxCloneSyncService::new(Router::new(site));
    let service: Inner = match &site.endpoints {
        Some(endpoints) => {
            let layer = EndpointLayer::new(endpoints.clone());
            BoxCloneSyncService::new(layer.layer(router))
        }
        None => router,
    };
    Server::start("tower", move |listener, stop| {
        run(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            tokio::select! {
                () = accept(listener, service) => {}
                _ = stop => {}
            }
        });
    })
}

async fn accept(listener: tokio::net::TcpListener, service: Inner) {
    loop {
        let (stream, peer) = listener.accept().await.expect("a connection");
        let service = service
            .clone()
            .map_request(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(ClientAddress(peer.ip()));
                request.extensions_mut().insert(Peer(peer));
                request
            });
        let service = TowerToHyperService::new(service);
        tokio::spawn(async move {
            // A client that goes away is no failure of the server.
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// Finds the service of a path.
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
            Ok(match found {
                Some(service) => by_hand::show_reason(service.oneshot(request).await?),
                None => by_hand::not_found(),
            })
        })
    }
}

fn service(route: &Route) -> Inner {
    let inner = Handling(route.handler);
    match &route.guard {
        Guard::Layer(authenticator) => {
            let layer = AuthLayer::new((**authenticator).clone());
            BoxCloneSyncService::new(layer.layer(inner))
        }
        Guard::Extractor(authenticator) => {
            let layer = AuthLayer::new((**authenticator).clone());
            let service = layer.layer(inner).map_response(by_hand::by_extractor);
            BoxCloneSyncService::new(service)
        }
        Guard::Inner(outer, demand) => {
            let layer = match demand {
                Demand::Token(policy) => RequireLayer::new(policy.clone()),
                Demand::IfPresent(policy) => RequireLayer::if_present(policy.clone()),
            };
            let inner = layer.layer(inner);
            match outer {
                Some(outer) => {
                    let layer = AuthLayer::new((**outer).clone());
                    BoxCloneSyncService::new(layer.layer(inner))
                }
                None => BoxCloneSyncService::new(inner),
            }
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
    type Future = Answering;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        by_hand::answering(self.0, request)
    }
}
