//! The example, with a real WebSocket client.

#![allow(clippy::panic, clippy::unwrap_used)]

#[path = "../../websocket-axum/tests/suite/mod.rs"]
mod suite;

use std::net::{Ipv4Addr, SocketAddr};

use actix_web::{App, HttpServer};
use portcullis::session::Sessions;

async fn serve(sessions: Sessions) -> SocketAddr {
    let auth = websocket_actix::auth(&sessions).unwrap();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(auth.clone())
            .configure(websocket_actix::routes)
    });
    let server = server
        .workers(1)
        .disable_signals()
        .bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap();
    let address = server.addrs()[0];
    actix_web::rt::spawn(server.run());
    address
}

suite::tests!(actix_web::test, serve);
