//! `cargo run -p websocket-axum`, then paste what it prints: a stream of events,
//! and a socket, for a minute. Both end with the token.

use std::time::Duration;

use portcullis_axum::{
    issue::{TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{
        DynSessionStore, MemoryStore, OpenSession, Revocations, Sessions, refresh::RefreshKeys,
    },
    subject::Subject,
    time::SharedClock,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let minute = Duration::from_secs(60);
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
        .shape(TokenShape::plain())
        .access_ttl(minute)
        .build()?;
    let clock = SharedClock::default();
    let store = DynSessionStore::new(MemoryStore::new(clock.clone()));
    let revocations = Revocations::new(store, clock, minute).sole_writer();
    revocations.sync().await?;
    let sessions = Sessions::builder(revocations, issuer)
        .refresh_keys(RefreshKeys::generate()?)
        .build()?;

    // What a login does.
    let alice = Subject::new("users", "alice");
    let ticket = sessions.begin_login().await?;
    let pair = sessions.open(ticket, &OpenSession::login(&alice)).await?;
    let token = pair.access.token().expose();
    println!("curl -N http://127.0.0.1:8080/clock -H 'Authorization: Bearer {token}'\n");
    println!("In the console of a browser, on whatever page is served by plain http:");
    println!("socket = new WebSocket('ws://127.0.0.1:8080/chat', ['chat.v1', 'bearer.{token}'])");
    println!("socket.onclose = (event) => console.log(event.code, event.reason)");

    let app = websocket_axum::app(&sessions)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
    axum::serve(listener, app).await?;
    Ok(())
}
