//! A WebSocket and a stream of events that end when their token does.

use std::{convert::Infallible, time::Duration};

use actix_web::{
    Error, HttpRequest, HttpResponse, Responder,
    rt::{
        spawn,
        time::{interval, timeout},
    },
    web::{self, Bytes, Payload, ServiceConfig},
};
use actix_ws::{
    AggregatedMessage, AggregatedMessageStream, CloseCode, CloseReason, Closed, MessageStream,
    Session,
};
use futures_util::stream;
use portcullis_actix::{
    Auth, ConfigError, Token,
    cookies::SessionCookies,
    credentials::TokenSource,
    csrf::{CsrfKey, CsrfProtection},
    session::Sessions,
};

/// The page that may open sockets with its cookie.
pub const PAGE: &str = "https://app.example";

/// The subprotocol that is spoken.
pub const PROTOCOL: &str = "chat.v1";

/// How long a peer may take to close a socket whose token has ended.
const GRACE: Duration = Duration::from_secs(5);

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
    spawn(talk(session, messages, token));
    Ok(response)
}

async fn talk(mut session: Session, messages: MessageStream, token: Token) {
    let mut messages = messages.aggregate_continuations();
    // Around all the rest: a peer that does not read holds up whoever sends to it.
    let reason = tokio::select! {
        biased;
        why = token.ended() => Some(CloseReason {
            code: CloseCode::from(why.close_code()),
            description: Some(why.to_string()),
        }),
        reason = echo(&mut session, &mut messages) => reason,
    };
    // Whoever is gone need not be told.
    let _ = timeout(GRACE, close(session, messages, reason)).await;
}

/// Why the peer has closed the socket, if it says so.
async fn echo(
    session: &mut Session,
    messages: &mut AggregatedMessageStream,
) -> Option<CloseReason> {
    while let Some(Ok(message)) = messages.recv().await {
        let sent = match message {
            AggregatedMessage::Text(text) => session.text(text).await,
            AggregatedMessage::Binary(bytes) => session.binary(bytes).await,
            AggregatedMessage::Ping(bytes) => session.pong(&bytes).await,
            AggregatedMessage::Pong(_) => Ok(()),
            AggregatedMessage::Close(reason) => return reason,
        };
        if sent.is_err() {
            break;
        }
    }
    None
}

/// Says why, or answers the peer that did, and waits until it has closed the connection,
/// too: what it sent meanwhile would cut it otherwise, and the reason be lost.
async fn close(
    session: Session,
    mut messages: AggregatedMessageStream,
    reason: Option<CloseReason>,
) -> Result<(), Closed> {
    session.close(reason).await?;
    while let Some(Ok(_)) = messages.recv().await {}
    Ok(())
}

async fn clock(token: Token) -> impl Responder {
    let ticks = interval(Duration::from_secs(1));
    let open = Some((ticks, token.ended(), 0_u64));
    let events = stream::unfold(open, async |open| {
        let (mut ticks, mut ended, seconds) = open?;
        let (event, open) = tokio::select! {
            biased;
            why = &mut ended => (format!("event: ended\ndata: {why}\n\n"), None),
            _ = ticks.tick() => {
                let event = format!("data: {seconds}\n\n");
                (event, Some((ticks, ended, seconds + 1)))
            }
        };
        Some((Ok::<_, Infallible>(Bytes::from(event)), open))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("cache-control", "no-cache"))
        .streaming(events)
}
