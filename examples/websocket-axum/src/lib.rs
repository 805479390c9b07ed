//! A WebSocket and a stream of events that end when their token does.

use std::{convert::Infallible, time::Duration};

use axum::{
    Error, Router,
    extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    response::{
        Response,
        sse::{Event, Sse},
    },
    routing::get,
};
use futures_util::stream::{self, Stream};
use portcullis_axum::{
    AuthLayer, ConfigError, Token,
    cookies::SessionCookies,
    credentials::TokenSource,
    csrf::{CsrfKey, CsrfProtection},
    session::Sessions,
    verify::Ended,
};
use tokio::time::timeout;

/// The page that may open sockets with its cookie.
pub const PAGE: &str = "https://app.example";

/// The subprotocol that is spoken.
pub const PROTOCOL: &str = "chat.v1";

/// How long a peer may take to close a socket whose token has ended.
const GRACE: Duration = Duration::from_secs(5);

/// The service: `/chat` and `/clock`, for whoever has a token of `sessions`.
///
/// # Errors
///
/// If it cannot be configured so.
pub fn app(sessions: &Sessions) -> Result<Router, ConfigError> {
    let csrf = CsrfProtection::new(CsrfKey::generate()?).allow_origin(PAGE)?;
    let layer = AuthLayer::new(sessions.verifier().build()?).token_sources([
        // Programs.
        TokenSource::bearer(),
        // Pages of other sites, which can choose nothing but the subprotocols.
        TokenSource::websocket_protocol("bearer.")?,
        // Own pages: the browser sends the cookie, and where the page is from.
        SessionCookies::new(csrf).token_source(),
    ]);
    Ok(Router::new()
        .route("/chat", get(chat))
        .route("/clock", get(clock))
        .layer(layer))
}

async fn chat(token: Token, upgrade: WebSocketUpgrade) -> Response {
    // The token is no longer among the subprotocols that the client offers.
    let upgrade = upgrade.protocols([PROTOCOL]);
    upgrade.on_upgrade(move |socket| talk(socket, token))
}

async fn talk(mut socket: WebSocket, token: Token) {
    // Around all the rest: a peer that does not read holds up whoever sends to it, and
    // must not keep its socket by that.
    let why = tokio::select! {
        biased;
        why = token.ended() => why,
        () = echo(&mut socket) => return,
    };
    // Whoever is gone need not be told.
    let _ = timeout(GRACE, close(&mut socket, why)).await;
}

async fn echo(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(_) | Message::Binary(_) = message
            && socket.send(message).await.is_err()
        {
            return;
        }
    }
}

/// Tells the peer why, and waits until it has closed the socket, too: what it sent
/// meanwhile would cut the connection otherwise, and the reason be lost.
async fn close(socket: &mut WebSocket, why: Ended) -> Result<(), Error> {
    let frame = CloseFrame {
        code: why.close_code(),
        reason: why.as_str().into(),
    };
    socket.send(Message::Close(Some(frame))).await?;
    while let Some(Ok(_)) = socket.recv().await {}
    Ok(())
}

async fn clock(token: Token) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let ticks = tokio::time::interval(Duration::from_secs(1));
    let open = Some((ticks, token.ended(), 0_u64));
    Sse::new(stream::unfold(open, async |open| {
        let (mut ticks, mut ended, seconds) = open?;
        let (event, open) = tokio::select! {
            biased;
            why = &mut ended => (Event::default().event("ended").data(why.as_str()), None),
            _ = ticks.tick() => {
                let event = Event::default().data(seconds.to_string());
                (event, Some((ticks, ended, seconds + 1)))
            }
        };
        Some((Ok(event), open))
    }))
}
