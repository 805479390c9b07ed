//! A server that answers what a test tells it, byte by byte: it can do what no
//! library would.

use std::{
    collections::HashMap,
    future,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// What is answered to a path.
#[derive(Clone)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    then: Then,
}

/// What comes after the body.
#[derive(Copy, Clone, PartialEq, Eq)]
enum Then {
    Close,
    /// More of the body, without an end.
    More,
    Silence,
    /// Not even the head of the answer.
    NothingAtAll,
}

impl Reply {
    pub(super) fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            then: Then::Close,
        }
    }

    pub(super) fn body(body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..Self::status(200)
        }
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn endless() -> Self {
        Self {
            then: Then::More,
            ..Self::status(200)
        }
    }

    pub(super) fn silence_after_head() -> Self {
        Self {
            then: Then::Silence,
            ..Self::status(200)
        }
    }

    pub(super) fn silence() -> Self {
        Self {
            then: Then::NothingAtAll,
            ..Self::status(200)
        }
    }

    fn etag(&self) -> Option<&str> {
        let found = self.headers.iter().find(|(name, _)| *name == "etag");
        found.map(|(_, value)| &**value)
    }
}

/// A request that came in.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) path: String,
    head: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

#[derive(Default)]
struct State {
    replies: HashMap<String, Reply>,
    seen: Vec<Seen>,
}

pub(super) struct Server {
    /// Without a slash at the end.
    pub(super) url: String,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers 404 to everything as yet.
    pub(super) async fn start() -> Self {
        Self::accept(None).await
    }

    pub(super) async fn start_tls(acceptor: TlsAcceptor) -> Self {
        Self::accept(Some(acceptor)).await
    }

    async fn accept(tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let url = match tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        };
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (state, tls) = (Arc::clone(&shared), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, state).await,
                        // A client that does not trust us ends the handshake.
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, state).await,
                            Err(_) => None,
                        },
                    }
                });
            }
        });
        Self { url, state, task }
    }

    pub(super) fn answer(&self, path: &str, reply: Reply) {
        let mut state = self.state.lock().unwrap();
        state.replies.insert(path.to_owned(), reply);
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What came in since the last time this was asked.
    pub(super) fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.lock().unwrap().seen)
    }

    pub(super) fn take_paths(&self) -> Vec<String> {
        self.take_seen().into_iter().map(|seen| seen.path).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One request and its answer; `None` once the other side is gone.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    state: Arc<Mutex<State>>,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let path = head.split(' ').nth(1)?.to_owned();
    let seen = Seen { path, head };
    let reply = {
        let mut state = state.lock().unwrap();
        let reply = state.replies.get(&seen.path).cloned();
        state.seen.push(seen.clone());
        reply.unwrap_or_else(|| Reply::status(404))
    };
    let is_same = reply.etag().is_some() && reply.etag() == seen.header("if-none-match");
    let (status, body) = match is_same {
        true => (304, &[][..]),
        false => (reply.status, &*reply.body),
    };
    if reply.then == Then::NothingAtAll {
        return future::pending().await;
    }
    let mut answer = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n");
    for (name, value) in &reply.headers {
        answer += &format!("{name}: {value}\r\n");
    }
    let has_length = reply
        .headers
        .iter()
        .any(|(name, _)| *name == "content-length");
    if reply.then == Then::Close && !has_length && status != 304 {
        answer += &format!("content-length: {}\r\n", body.len());
    }
    answer += "\r\n";
    stream.write_all(answer.as_bytes()).await.ok()?;
    stream.write_all(body).await.ok()?;
    stream.flush().await.ok()?;
    match reply.then {
        Then::More => loop {
            stream.write_all(&[b' '; 4096]).await.ok()?;
        },
        Then::Silence => future::pending().await,
        Then::Close | Then::NothingAtAll => stream.shutdown().await.ok(),
    }
}
