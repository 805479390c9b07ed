//! A WebSocket and a stream of events that end when their token does.

use std::{convert::Infallible, time::Duration};

use actix_web::{
    Error, HttpRequest, HttpResponse, Responder,
    rt::{spawn, time::interval},
    web::{self, Bytes, Payload, ServiceConfig},
};
use actix_ws::{CloseCode, CloseReason, Closed, Message, MessageStream, Session};
use futures_util::stream;
use portcullis::{
    ConfigError,
    cookies::SessionCookies,
    credentials::TokenSource,
    csrf::{CsrfKey, CsrfProtection},
    session::Sessions,
};
use portcullis_actix::{Auth, Token};

/// The page that may open sockets with its cookie.
pub const PAGE: &str = "https://app.example";

/// The subprotocol that is spoken.
pub const PROTOCOL: &str = "chat.v1";

/// What lets in whoever has a token of `sessions`.
///
/// # Errors
///
/// If it cannot be configured so.
pub fn auth(sessions: &Sessions) -> Result<Auth, ConfigError> {
    let csrf = CsrfProtection::new(CsrfKey::generate()?).allow_origin(PAGE)?;
    Ok(Auth::new(sessions.verifier().build()?).token_sources([
        // Programs.
        TokenSource::bearer(),
        // Pages of other sites, which can choose nothing but the subprotocols.
        TokenSource::websocket_protocol("bearer.")?,
        // Own pages: the browser sends the cookie, and where the page is from.
        SessionCookies::new(csrf).token_source(),
    ]))
}

/// The service: `/chat` and `/clock`.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/chat", web::get().to(chat))
        .route("/clock", web::get().to(clock));
}

async fn chat(token: Token, request: HttpRequest, body: Payload) -> Result<HttpResponse, Error> {
    // By name: what else the client offers holds its token.
    let (response, session, messages) =
        actix_ws::handle_with_protocols(&request, body, &[PROTOCOL])?;
    spawn(echo(session, messages, token));
    Ok(response)
}

async fn echo(mut session: Session, mut messages: MessageStream, token: Token) {
    let mut ended = token.ended();
    loop {
        tokio::select! {
            message = messages.recv() => match message {
                Some(Ok(message)) => {
                    if answer(&mut session, message).await.is_err() {
                        return;
                    }
                }
                Some(Err(_)) | None => return,
            },
            why = &mut ended => {
                let reason = CloseReason {
                    code: CloseCode::from(why.close_code()),
                    description: Some(why.to_string()),
                };
                // Whoever is gone need not be told.
                let _ = session.close(Some(reason)).await;
                return;
            }
        }
    }
}

/// An error is the end.
async fn answer(session: &mut Session, message: Message) -> Result<(), Closed> {
    match message {
        Message::Text(text) => session.text(text).await,
        Message::Binary(bytes) => session.binary(bytes).await,
        Message::Ping(bytes) => session.pong(&bytes).await,
        Message::Close(_) => Err(Closed),
        _ => Ok(()),
    }
}

async fn clock(token: Token) -> impl Responder {
    let ticks = interval(Duration::from_secs(1));
    let open = Some((ticks, token.ended(), 0_u64));
    let events = stream::unfold(open, async |open| {
        let (mut ticks, mut ended, seconds) = open?;
        let (event, open) = tokio::select! {
            _ = ticks.tick() => {
                let event = format!("data: {seconds}\n\n");
                (event, Some((ticks, ended, seconds + 1)))
            }
            why = &mut ended => (format!("event: ended\ndata: {why}\n\n"), None),
        };
        Some((Ok::<_, Infallible>(Bytes::from(event)), open))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .streaming(events)
}
