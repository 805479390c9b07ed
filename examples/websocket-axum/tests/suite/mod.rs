//! What both examples do, whatever the framework.

use std::{future::Future, net::SocketAddr, time::Duration};

use http::{HeaderValue, StatusCode, header::SEC_WEBSOCKET_PROTOCOL};
use portcullis::{
    issue::TokenIssuer,
    jose::{Algorithm, SigningKey},
    session::{
        DynSessionStore, MemoryStore, OpenSession, Revocations, Sessions, TokenPair,
        refresh::RefreshKeys,
    },
    subject::Subject,
};
use portcullis_testing::clock::FakeClock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{
        Bytes, Error, Message,
        client::IntoClientRequest,
        handshake::client::Response,
        protocol::{
            CloseFrame,
            frame::{
                Frame,
                coding::{CloseCode, Data, OpCode},
            },
        },
    },
};

const TTL: Duration = Duration::from_secs(900);

/// A running service and all that stands behind it.
pub(crate) struct Site {
    address: SocketAddr,
    sessions: Sessions,
    clock: FakeClock,
}

pub(crate) type Socket = WebSocketStream<TcpStream>;

fn alice() -> Subject {
    Subject::new("users", "alice")
}

impl Site {
    pub(crate) async fn new<F>(serve: impl FnOnce(Sessions) -> F) -> Self
    where
        F: Future<Output = SocketAddr>,
    {
        let clock = FakeClock::new();
        let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
        let issuer = TokenIssuer::builder(key)
            .issuer("https://issuer.example")
            .audience("https://api.example")
            .access_ttl(TTL)
            .clock(clock.shared())
            .build()
            .unwrap();
        let store = DynSessionStore::new(MemoryStore::new(clock.shared()));
        let revocations = Revocations::new(store, clock.shared(), TTL).sole_writer();
        revocations.sync().await.unwrap();
        let sessions = Sessions::builder(revocations, issuer)
            .refresh_keys(RefreshKeys::generate().unwrap())
            .build()
            .unwrap();
        Self {
            address: serve(sessions.clone()).await,
            sessions,
            clock,
        }
    }

    pub(crate) async fn log_in(&self) -> TokenPair {
        let ticket = self.sessions.begin_login().await.unwrap();
        let alice = alice();
        let request = OpenSession::login(&alice).client("web");
        self.sessions.open(ticket, &request).await.unwrap()
    }

    pub(crate) async fn log_out(&self, pair: &TokenPair) {
        let ended = self.sessions.log_out(&alice(), &pair.session).await;
        assert!(ended.unwrap());
    }

    pub(crate) async fn token(&self) -> String {
        text(&self.log_in().await)
    }

    /// Opens a socket with these fields in its handshake.
    pub(crate) async fn connect(
        &self,
        fields: &[(&'static str, &str)],
    ) -> Result<(Socket, Response), Error> {
        let mut request = format!("ws://{}/chat", self.address).into_client_request()?;
        for (name, value) in fields {
            let value = HeaderValue::from_str(value).unwrap();
            request.headers_mut().append(*name, value);
        }
        client_async(request, TcpStream::connect(self.address).await?).await
    }

    /// The status with which a handshake is refused, and the body.
    async fn refused(&self, fields: &[(&'static str, &str)]) -> (StatusCode, String) {
        match self.connect(fields).await {
            Err(Error::Http(answer)) => {
                let body = answer.body().clone().unwrap_or_default();
                (answer.status(), String::from_utf8(body).unwrap())
            }
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("let in"),
        }
    }

    pub(crate) async fn open(&self, pair: &TokenPair) -> Socket {
        let bearer = format!("Bearer {}", text(pair));
        let (mut socket, _) = self.connect(&[("authorization", &bearer)]).await.unwrap();
        echoes(&mut socket).await;
        socket
    }
}

fn text(pair: &TokenPair) -> String {
    pair.access.token().expose().to_owned()
}

async fn echoes(socket: &mut Socket) {
    send(socket, Message::text("hello")).await;
    assert_eq!(next(socket).await, Message::text("hello"));
}

async fn send(socket: &mut Socket, message: Message) {
    futures_util::SinkExt::send(socket, message).await.unwrap();
}

async fn next(socket: &mut Socket) -> Message {
    let message = futures_util::StreamExt::next(socket).await;
    message.unwrap().unwrap()
}

/// Why the service closed the socket.
async fn closed(socket: &mut Socket) -> (u16, String) {
    match next(socket).await {
        Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn programs_bring_a_header(site: Site) {
    let bearer = format!("Bearer {}", site.token().await);
    let (mut socket, answer) = site.connect(&[("authorization", &bearer)]).await.unwrap();
    assert_eq!(answer.headers().get(SEC_WEBSOCKET_PROTOCOL), None);
    echoes(&mut socket).await;
    let fields = [
        ("authorization", bearer.as_str()),
        ("sec-websocket-protocol", "chat.v1"),
    ];
    let (_, answer) = site.connect(&fields).await.unwrap();
    assert_eq!(answer.headers()[SEC_WEBSOCKET_PROTOCOL], "chat.v1");
}

pub(crate) async fn nobody_gets_in_without_a_token(site: Site) {
    assert_eq!(site.refused(&[]).await.0, 401);
    let bad = [("authorization", "Bearer a.b.c")];
    assert_eq!(site.refused(&bad).await.0, 401);
    let bad = [("sec-websocket-protocol", "chat.v1, bearer.a.b.c")];
    assert_eq!(site.refused(&bad).await.0, 401);
}

pub(crate) async fn pages_bring_a_cookie_and_where_they_are_from(site: Site) {
    let cookie = format!("__Host-access_token={}", site.token().await);
    let from = |origin: &'static str| [("cookie", cookie.clone()), ("origin", origin.to_owned())];
    let from = |origin| from(origin).map(|(name, value)| (name, value.leak() as &str));
    let (mut socket, _) = site.connect(&from("https://app.example")).await.unwrap();
    echoes(&mut socket).await;
    for origin in [
        "https://evil.example",
        "https://evil.app.example",
        "http://app.example",
        "null",
    ] {
        assert_eq!(site.refused(&from(origin)).await.0, 403, "{origin}");
    }
    assert_eq!(site.refused(&[("cookie", &cookie)]).await.0, 403);
    // What a browser says besides is no way around it.
    let fields = [
        ("cookie", cookie.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(site.refused(&fields).await.0, 403);
}

pub(crate) async fn a_token_may_be_a_subprotocol_and_is_never_selected(site: Site) {
    let token = site.token().await;
    for offered in [
        format!("chat.v1, bearer.{token}"),
        format!("bearer.{token}, chat.v1"),
        format!("chat.v0,bearer.{token},chat.v1"),
    ] {
        let fields = [("sec-websocket-protocol", offered.as_str())];
        let (mut socket, answer) = site.connect(&fields).await.unwrap();
        let selected = answer.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        assert_eq!(selected.collect::<Vec<_>>(), ["chat.v1"], "{offered}");
        echoes(&mut socket).await;
    }
}

pub(crate) async fn a_token_that_is_the_only_subprotocol_is_refused(site: Site) {
    let offered = format!("bearer.{}", site.token().await);
    let (status, body) = site.refused(&[("sec-websocket-protocol", &offered)]).await;
    assert_eq!(status, 400);
    assert!(body.contains("subprotocol"), "{body}");
}

pub(crate) async fn a_socket_closes_when_its_token_expires(site: Site) {
    let pair = site.log_in().await;
    site.clock.advance(TTL - Duration::from_secs(1));
    let mut socket = site.open(&pair).await;
    site.clock.advance(Duration::from_secs(1));
    let reason = "the token has expired".to_owned();
    assert_eq!(closed(&mut socket).await, (1008, reason));
}

pub(crate) async fn a_socket_closes_when_its_session_ends(site: Site) {
    let (gone, stays) = (site.log_in().await, site.log_in().await);
    let (mut closes, mut open) = (site.open(&gone).await, site.open(&stays).await);
    site.log_out(&gone).await;
    let reason = "the token was revoked".to_owned();
    assert_eq!(closed(&mut closes).await, (1008, reason));
    echoes(&mut open).await;
}

/// RFC 6455 section 5.5.1: a browser would call it an abnormal end otherwise.
pub(crate) async fn whoever_closes_a_socket_is_answered(site: Site) {
    let mut socket = site.open(&site.log_in().await).await;
    let frame = CloseFrame {
        code: CloseCode::Away,
        reason: "gone".into(),
    };
    send(&mut socket, Message::Close(Some(frame))).await;
    assert_eq!(closed(&mut socket).await, (1001, "gone".to_owned()));
}

pub(crate) async fn a_message_may_come_in_parts(site: Site) {
    let mut socket = site.open(&site.log_in().await).await;
    let part = |text: &'static str, opcode, is_last| {
        let text = Bytes::from_static(text.as_bytes());
        Message::Frame(Frame::message(text, OpCode::Data(opcode), is_last))
    };
    send(&mut socket, part("hel", Data::Text, false)).await;
    send(&mut socket, part("lo", Data::Continue, true)).await;
    assert_eq!(next(&mut socket).await, Message::text("hello"));
}

pub(crate) async fn events_end_when_their_session_does(site: Site) {
    let pair = site.log_in().await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let request = format!(
        "GET /clock HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\r\n",
        text(&pair)
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    let has = |read: &[u8], text: &str| String::from_utf8_lossy(read).contains(text);
    while !has(&read, "data: 0") {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0);
    }
    assert!(!has(&read, "ended"));
    site.log_out(&pair).await;
    // To the end: nothing comes after it.
    stream.read_to_end(&mut read).await.unwrap();
    let read = String::from_utf8(read).unwrap();
    let (_, end) = read
        .split_once("event: ended\ndata: the token was revoked\n\n")
        .unwrap();
    assert!(!end.contains("data"), "{end}");
}

macro_rules! tests {
    ($test:meta, $serve:ident) => {
        suite::tests!(
            $test, $serve,
            programs_bring_a_header
            nobody_gets_in_without_a_token
            pages_bring_a_cookie_and_where_they_are_from
            a_token_may_be_a_subprotocol_and_is_never_selected
            a_token_that_is_the_only_subprotocol_is_refused
            a_socket_closes_when_its_token_expires
            a_socket_closes_when_its_session_ends
            whoever_closes_a_socket_is_answered
            a_message_may_come_in_parts
            events_end_when_their_session_does
        );
    };
    ($test:meta, $serve:ident, $($name:ident)*) => {
        $(
            #[$test]
            async fn $name() {
                suite::$name(suite::Site::new($serve).await).await;
            }
        )*
    };
}
pub(crate) use tests;
