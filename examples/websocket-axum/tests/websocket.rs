//! The example, with a real WebSocket client.

#![allow(clippy::panic, clippy::unwrap_used)]

mod suite;

use std::net::{Ipv4Addr, SocketAddr};

use axum::{
    Router,
    extract::WebSocketUpgrade,
    http::HeaderMap,
    response::{IntoResponse, Response},
    routing::get,
};
use portcullis::{credentials::TokenSource, session::Sessions};
use portcullis_axum::AuthLayer;

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
