//! The site, built with each adapter and served on a socket of its own.

pub mod actix_app;
pub mod axum_app;
mod by_hand;
pub mod hyper_app;
pub mod tower_app;

use std::{
    net::{Ipv4Addr, SocketAddr},
    thread::{self, JoinHandle},
};

use tokio::sync::oneshot;

use crate::site::Site;

/// A server on a thread of its own, until it is dropped.
pub struct Server {
    /// The adapter.
    pub name: &'static str,
    /// Where it listens.
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Serves a site with every adapter.
pub fn all(site: &Site) -> Vec<Server> {
    vec![
        tower_app::serve(site),
        axum_app::serve(site),
        hyper_app::serve(site),
        actix_app::serve(site),
    ]
}

impl Server {
    /// Starts a thread that serves on `listener` until `stop` comes.
    fn start(
        name: &'static str,
        serve: impl FnOnce(std::net::TcpListener, oneshot::Receiver<()>) + Send + 'static,
    ) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("the listener has an address");
        listener
            .set_nonblocking(true)
            .expect("sockets can be asynchronous");
        let (stop, stopped) = oneshot::channel();
        Self {
            name,
            address,
            stop: Some(stop),
            thread: Some(thread::spawn(move || serve(listener, stopped))),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Dropping the sender stops the server.
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert!(!matches!(ended, Some(Err(_))), "{} panicked", self.name);
        }
    }
}

/// Runs a server's future on the current thread.
fn run(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future);
}
