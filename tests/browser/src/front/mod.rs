//! What stands in front of a demo: TLS, other hosts, and somebody who watches.
//!
//! Requests for the application's host go to the demo, except those for
//! [`PAGES`], which are the test's own files on any origin. All other hosts have an
//! empty page and belong to attackers, if nothing else is said.

mod exchange;
mod faults;
mod forward;
mod seen;
mod tls;

pub use faults::{Fault, Gate};
pub use seen::Seen;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{Notify, oneshot},
    time::timeout,
};

use crate::patience::PATIENCE;

use self::{exchange::Exchange, faults::Faults, seen::Log, tls::Identity};

/// Where the application is.
pub const APP: &str = "app.demo.localhost";

/// A host of somebody else on the same site.
pub const SIBLING: &str = "evil.demo.localhost";

/// A host on another site.
pub const STRANGER: &str = "evil.other.localhost";

/// Where the application is for a browser that does not take it for this machine:
/// over http it is no secure context.
pub const APP_ELSEWHERE: &str = "app.demo.test";

/// A page of the application on another origin of its site, which the demo may be
/// told to trust.
pub const OTHER_ORIGIN: &str = "spa.demo.localhost";

/// Where the examples with sockets expect their page.
pub const EXAMPLE: &str = "app.example";

/// A host of somebody else on the same site as [`EXAMPLE`].
pub const EXAMPLE_SIBLING: &str = "evil.app.example";

/// Beginning of the paths of the test's own files.
pub const PAGES: &str = "/page/";

/// A URL of one of these hosts, for the browser of the same stage.
pub fn url(host: &str, path: &str) -> String {
    format!("https://{host}{path}")
}

/// A URL without TLS.
pub fn plain_url(host: &str, path: &str) -> String {
    format!("http://{host}{path}")
}

/// A server that ends when it is dropped.
#[derive(Debug)]
pub struct Front {
    https: SocketAddr,
    http: SocketAddr,
    spki: String,
    shared: Arc<Shared>,
    thread: Option<(oneshot::Sender<()>, thread::JoinHandle<()>)>,
}

#[derive(Debug)]
struct Shared {
    demo: SocketAddr,
    pages: HashMap<String, String>,
    faults: Faults,
    log: Mutex<Log>,
    added: Notify,
}

impl Front {
    /// A front for the demo at `demo`, with files by their names.
    pub(crate) fn start(demo: SocketAddr, pages: HashMap<String, String>) -> Self {
        let identity = Identity::new(&[
            APP,
            SIBLING,
            STRANGER,
            APP_ELSEWHERE,
            OTHER_ORIGIN,
            EXAMPLE,
            EXAMPLE_SIBLING,
        ]);
        let spki = identity.spki.clone();
        let shared = Arc::new(Shared {
            demo,
            pages,
            faults: Faults::default(),
            log: Mutex::default(),
            added: Notify::new(),
        });
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let of_thread = shared.clone();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let (https, http) = (listen().await, listen().await);
                let addresses = [&https, &http].map(|one| one.local_addr().unwrap());
                tell.send(addresses).unwrap();
                tokio::select! {
                    () = serve_tls(https, identity, of_thread.clone()) => {}
                    () = serve(http, of_thread) => {}
                    _ = stopped => {}
                }
            });
            // Streams that nobody ends.
            runtime.shutdown_timeout(Duration::ZERO);
        });
        let [https, http] = told.recv().expect("the front starts");
        Self {
            https,
            http,
            spki,
            shared,
            thread: Some((stop, thread)),
        }
    }

    /// The digest of the key that its certificate is for.
    pub(crate) fn spki(&self) -> &str {
        &self.spki
    }

    /// How a browser finds it: whatever the host, all other ports are this machine's.
    pub(crate) fn resolver_rules(&self) -> String {
        let (https, http) = (self.https, self.http);
        format!("MAP *:443 {https},MAP *:80 {http},MAP * 127.0.0.1")
    }

    /// Everything that was asked and answered since the last time that somebody
    /// looked, in the order of the answers.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.log.lock().unwrap().take()
    }

    /// What was asked at a path and answered, once it was: the first that nobody has
    /// looked at.
    pub async fn next(&self, path: &str) -> Seen {
        let next = async {
            loop {
                let mut added = std::pin::pin!(self.shared.added.notified());
                added.as_mut().enable();
                let found = self.shared.log.lock().unwrap().take_one(path);
                match found {
                    Some(seen) => break seen,
                    None => added.await,
                }
            }
        };
        let result = timeout(PATIENCE, next).await;
        result.unwrap_or_else(|_| panic!("nobody asked for {path}"))
    }

    /// Asks the demo past the browser, as a program does; the status of the answer.
    pub async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
        forward::by_hand(self.shared.demo, method, path, headers).await
    }

    /// What happens to a request at a path, each to one.
    pub fn fault(&self, path: &str, fault: Fault) {
        self.shared.faults.add(path, fault);
    }

    /// Holds requests at a path up, from now on until the gate is opened. One that
    /// was there holds on to those that have come to it.
    pub fn gate(&self, path: &str) -> Gate {
        self.shared.faults.close_gate(path)
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.thread.take() {
            let _ = stop.send(());
            let _ = thread.join();
        }
    }
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

async fn serve_tls(listener: TcpListener, identity: Identity, shared: Arc<Shared>) {
    let acceptor = identity.acceptor();
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, shared) = (acceptor.clone(), shared.clone());
        tokio::spawn(async move {
            // A browser that does not like the certificate is a test that fails.
            if let Ok(stream) = acceptor.accept(stream).await {
                connection(stream, "https", shared).await;
            }
        });
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, "http", shared.clone()));
    }
}

async fn connection<S>(stream: S, scheme: &'static str, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let service = service_fn(move |request| {
        let exchange = Exchange {
            shared: shared.clone(),
            scheme,
        };
        exchange.answer(request)
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}
