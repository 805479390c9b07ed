//! The three reference APIs on hyper, without tower.

mod body;
mod routes;

use std::{io, pin::pin, process::ExitCode, sync::Arc, time::Duration};

use demo_common::Demo;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use portcullis_hyper::WithEndpoints;
use tokio::{net::TcpListener, time};

use self::routes::Routes;

fn main() -> ExitCode {
    demo_common::run("demo-hyper", serve)
}

async fn serve(demo: Demo) -> io::Result<()> {
    let listener = TcpListener::from_std(demo.listener)?;
    let routes = Arc::new(Routes::new(demo.guards, demo.console));
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
