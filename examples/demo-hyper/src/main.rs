//! The three reference APIs on hyper, without tower.

mod body;
mod routes;

use std::{io, pin::pin, process::ExitCode, sync::Arc, time::Duration};

use demo_common::{AccessLog, Demo, cors};
use http::{HeaderValue, Method, Request, Response};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use portcullis_hyper::WithEndpoints;
use tokio::{net::TcpListener, time};
use tower::{Layer, ServiceExt, util::option_layer};
use tower_http::cors::CorsLayer;

use self::{body::AnswerBody, routes::Routes};

fn main() -> ExitCode {
    demo_common::run("demo-hyper", serve)
}

async fn serve(demo: Demo) -> io::Result<()> {
    let listener = TcpListener::from_std(demo.listener)?;
    let routes = Arc::new(Routes::new(demo.guards, demo.console, demo.metrics));
    let cors = match demo.cors.is_empty() {
        true => None,
        false => Some(cors(&demo.cors)?),
    };
    let connections = GracefulShutdown::new();
    let mut stop = pin!(demo.shutdown.requested());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let Ok((stream, peer)) = accepted else {
            // Out of file descriptors, most likely: some may be free soon.
            time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let routes = Arc::clone(&routes);
        let own = service_fn(move |request| Arc::clone(&routes).answer(request));
        let service = WithEndpoints::new(own, demo.endpoints.clone()).client(peer.ip());
        // Outside of the guards, so that their refusals can be read, too.
        let service = option_layer(cors.clone())
            .layer(tower::service_fn(move |request| service.call(request)));
        let log = demo.access_log;
        let service = service_fn(move |request| told(log, service.clone(), request));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service);
        let connection = connections.watch(connection);
        // An error: the other side went away.
        tokio::spawn(async move { connection.await.ok() });
    }
    drop(listener);
    connections.shutdown().await;
    Ok(())
}

/// Lets pages of these origins call with credentials, and read what they need.
fn cors(origins: &[String]) -> io::Result<CorsLayer> {
    let origins = origins.iter().map(HeaderValue::try_from);
    let origins: Result<Vec<_>, _> = origins.collect();
    Ok(CorsLayer::new()
        .allow_origin(origins.map_err(io::Error::other)?)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(cors::REQUEST_HEADERS)
        .expose_headers(cors::RESPONSE_HEADERS)
        .allow_credentials(true)
        .max_age(cors::MAX_AGE))
}

async fn told<S>(
    log: AccessLog,
    service: S,
    request: Request<Incoming>,
) -> Result<Response<AnswerBody>, S::Error>
where
    S: tower::Service<Request<Incoming>, Response = Response<AnswerBody>>,
{
    let target = request.uri().path_and_query().map_or("*", |it| it.as_str());
    let entry = log.begin(request.method().as_str(), target);
    let response = service.oneshot(request).await?;
    entry.end(response.status().as_u16());
    Ok(response)
}
