//! The server: a thread and a runtime of its own.

use std::{
    future::poll_fn,
    io,
    net::SocketAddr,
    sync::{Arc, mpsc as std_mpsc},
    task::Poll,
    thread::{self, JoinHandle},
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::{Builder, Handle, Runtime},
    sync::mpsc,
    task::JoinSet,
};

use super::{respond::respond, state::Shared};

/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A port that is ours, and the runtime that is going to serve it.
pub(super) struct Socket {
    runtime: Runtime,
    address: SocketAddr,
    /// Bound, but never listening: it keeps the port while nobody listens.
    reservation: Option<TcpSocket>,
}

impl Socket {
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        let reservation = bind(address)?;
        // Last: where it is bound by a future, no runtime may be dropped.
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self {
            runtime,
            address: reservation.local_addr()?,
            reservation: Some(reservation),
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) fn runtime(&self) -> Handle {
        self.runtime.handle().clone()
    }

    /// Listens, in a thread that ends with the server.
    pub(super) fn serve(mut self, shared: Arc<Shared>) -> io::Result<Server> {
        let (commands, received) = mpsc::unbounded_channel();
        let thread = thread::Builder::new().name("fake issuer".to_owned());
        let thread = thread.spawn(move || {
            let reservation = self.reservation.take();
            let serving = run(self.address, reservation, shared, received);
            self.runtime.block_on(serving);
        })?;
        let server = Server {
            commands: Some(commands),
            thread: Some(thread),
        };
        server.listen(true)?;
        Ok(server)
    }
}

/// A server that ends when it is dropped.
#[derive(Debug)]
pub(super) struct Server {
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

/// Whether to listen, and whom to tell that it is so.
#[derive(Debug)]
struct Command {
    listen: bool,
    done: std_mpsc::Sender<io::Result<()>>,
}

impl Server {
    /// Listens, or closes the port and all connections; returns when it is so.
    pub(super) fn listen(&self, listen: bool) -> io::Result<()> {
        let (done, outcome) = std_mpsc::channel();
        let commands = self.commands.as_ref().ok_or_else(ended)?;
        let command = Command { listen, done };
        commands.send(command).map_err(|_| ended())?;
        outcome.recv().map_err(|_| ended())?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // If it has panicked, it has said so.
            let _ = thread.join();
        }
    }
}

fn ended() -> io::Error {
    io::Error::other("the fake issuer has ended")
}

/// Serves until nobody can send a command any more.
async fn run(
    address: SocketAddr,
    mut reservation: Option<TcpSocket>,
    shared: Arc<Shared>,
    mut commands: mpsc::UnboundedReceiver<Command>,
) {
    let mut listener = None;
    let mut connections = JoinSet::new();
    loop {
        match next(&mut commands, listener.as_ref(), &mut connections).await {
            Event::End => return,
            Event::Command(Command { listen: true, done }) => {
                let outcome = match &listener {
                    Some(_) => Ok(()),
                    None => start(address, &mut reservation).map(|new| listener = Some(new)),
                };
                let _ = done.send(outcome);
            }
            Event::Command(Command {
                listen: false,
                done,
            }) => {
                listener = None;
                connections.shutdown().await;
                let _ = done.send(Ok(()));
            }
            Event::Connection(stream) => {
                shared.lock().connections += 1;
                shared.signal.notify();
                connections.spawn(serve(stream, Arc::clone(&shared)));
            }
        }
    }
}

enum Event {
    End,
    Command(Command),
    Connection(TcpStream),
}

async fn next(
    commands: &mut mpsc::UnboundedReceiver<Command>,
    listener: Option<&TcpListener>,
    connections: &mut JoinSet<()>,
) -> Event {
    poll_fn(|cx| {
        if let Poll::Ready(command) = commands.poll_recv(cx) {
            return Poll::Ready(command.map_or(Event::End, Event::Command));
        }
        // Those that are over.
        while let Poll::Ready(Some(_)) = connections.poll_join_next(cx) {}
        let Some(listener) = listener else {
            return Poll::Pending;
        };
        match listener.poll_accept(cx) {
            Poll::Ready(Ok((stream, _))) => Poll::Ready(Event::Connection(stream)),
            // The client has gone again, or there are too many.
            Poll::Ready(Err(_)) => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

async fn serve(stream: TcpStream, shared: Arc<Shared>) {
    // Without it a body in pieces waits for acknowledgements.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| respond(Arc::clone(&shared), request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // Clients that go away, and answers that are cut on purpose.
    let _ = connection.await;
}

fn start(address: SocketAddr, reservation: &mut Option<TcpSocket>) -> io::Result<TcpListener> {
    let socket = match bind(address) {
        Ok(socket) => socket,
        // Some systems give a port to one socket only.
        Err(_) => {
            *reservation = None;
            bind(address)?
        }
    };
    socket.listen(BACKLOG)
}

fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // Elsewhere it lets others take the port.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    Ok(socket)
}
