//! The example, with a real WebSocket client.

#![allow(clippy::panic, clippy::unwrap_used)]

mod suite;

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use axum::{
    Router,
    extract::WebSocketUpgrade,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::get,
};
use futures_util::SinkExt;
use portcullis::{credentials::TokenSource, session::Sessions};
use portcullis_axum::AuthLayer;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

async fn serve(sessions: Sessions) -> SocketAddr {
    serve_app(websocket_axum::app(&sessions).unwrap()).await
}

async fn serve_app(app: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    address
}

suite::tests!(tokio::test, serve);

/// The clock goes on whenever nobody else can.
#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_keeps_no_socket() {
    let site = suite::Site::new(serve).await;
    let pair = site.log_in().await;
    let mut socket = site.open(&pair).await;
    let flood = async {
        let message = Message::binary(vec![0; 1 << 16]);
        while socket.send(message.clone()).await.is_ok() {}
    };
    let mut flood = std::pin::pin!(flood);
    let second = Duration::from_secs(1);
    // Until the service waits for the peer that waits for the service.
    assert!(timeout(second, &mut flood).await.is_err());
    site.log_out(&pair).await;
    for _ in 0..1000 {
        if timeout(second, &mut flood).await.is_ok() {
            return;
        }
    }
    panic!("still open");
}

/// Not even a handler that selects whatever comes first can send a token back, nor
/// print it.
#[tokio::test]
async fn what_handlers_see_of_a_handshake_has_no_token_in_it() {
    async fn careless(headers: HeaderMap, mut upgrade: WebSocketUpgrade) -> Response {
        let first = upgrade.requested_protocols().next().cloned().unwrap();
        upgrade.set_selected_protocol(first);
        let seen = [(
            "x-seen",
            format!("{headers:?} {upgrade:?}").replace('\n', ""),
        )];
        (seen, upgrade.on_upgrade(async |_| ())).into_response()
    }
    async fn serve(sessions: Sessions) -> SocketAddr {
        let protocol = TokenSource::websocket_protocol("bearer.").unwrap();
        let layer = AuthLayer::new(sessions.verifier().build().unwrap());
        let app = Router::new()
            .route("/chat", get(careless))
            .layer(layer.token_sources([TokenSource::bearer(), protocol]));
        serve_app(app).await
    }
    let site = suite::Site::new(serve).await;
    let token = site.token().await;
    let bearer = format!("Bearer {token}");
    let offered = format!("bearer.{token}, chat.v1");
    for fields in [
        [("sec-websocket-protocol", offered.as_str()), ("x", "y")],
        [
            ("sec-websocket-protocol", "chat.v1"),
            ("authorization", &bearer),
        ],
    ] {
        let (_, answer) = site.connect(&fields).await.unwrap();
        assert_eq!(answer.headers()["sec-websocket-protocol"], "chat.v1");
        let seen = answer.headers()["x-seen"].to_str().unwrap();
        assert!(seen.contains("chat.v1") && !seen.contains(&token), "{seen}");
    }
}
