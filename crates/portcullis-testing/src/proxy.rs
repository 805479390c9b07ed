//! A TCP proxy that loses answers and holds requests up, for tests of what stands between a node and
//! its store.
//!
//! ```no_run
//! use portcullis_testing::proxy::{Mode, Proxy};
//!
//! let proxy = Proxy::start("127.0.0.1:6379")?;
//! let url = format!("redis://{}/", proxy.address());
//! // … connect a store there, then:
//! proxy.set(Mode::CutAnswers);
//! # let _ = url;
//! # Ok::<(), std::io::Error>(())
//! ```

use std::{
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

/// How often a thread that waits looks whether it may go on.
const TICK: Duration = Duration::from_millis(2);

/// What a [`Proxy`] does with what it is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mode {
    /// Everything goes through.
    #[default]
    Pass,
    /// Requests go through; at the answer the connection is cut in its place.
    CutAnswers,
    /// Requests go through; answers wait until the mode is another.
    HoldAnswers,
    /// Requests wait until the mode is another, and go through then, even if
    /// whoever sent them has gone.
    HoldRequests,
    /// Connections are cut as soon as there is anything to send, new ones too.
    Refuse,
}

/// A proxy to one server at a time. It ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    server: SocketAddr,
    mode: Mode,
    over: bool,
    streams: Vec<TcpStream>,
}

impl Proxy {
    /// A proxy to `server` on a free port of this machine.
    ///
    /// # Errors
    ///
    /// When the address makes no sense or there is no free port.
    pub fn start(server: impl ToSocketAddrs) -> io::Result<Self> {
        let server = server
            .to_socket_addrs()?
            .next()
            .ok_or(io::ErrorKind::AddrNotAvailable)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let proxy = Self {
            address: listener.local_addr()?,
            state: Arc::new(Mutex::new(State {
                server,
                mode: Mode::default(),
                over: false,
                streams: Vec::new(),
            })),
        };
        let state = proxy.state.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if lock(&state).over {
                    return;
                }
                // A server that is down is a connection that is cut.
                let _ = serve(client, &state);
            }
        });
        Ok(proxy)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it does from now on.
    pub fn set(&self, mode: Mode) {
        lock(&self.state).mode = mode;
    }

    /// Leads new connections to another server, as a name does after a fail-over;
    /// those there are stay until they are [cut](Self::cut).
    pub fn lead_to(&self, server: SocketAddr) {
        lock(&self.state).server = server;
    }

    /// Cuts all connections there are.
    pub fn cut(&self) {
        for stream in lock(&self.state).streams.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        lock(&self.state).over = true;
        self.cut();
        // The listener waits for one more connection before it looks.
        let _ = TcpStream::connect_timeout(&self.address, TICK);
    }
}

/// Carries what one connection has to say, both ways.
fn serve(client: TcpStream, state: &Arc<Mutex<State>>) -> io::Result<()> {
    let server = lock(state).server;
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    lock(state)
        .streams
        .extend([client.try_clone()?, server.try_clone()?]);
    let (requests, answers) = ((client.try_clone()?, server.try_clone()?), (server, client));
    for (is_answer, (from, to)) in [(false, requests), (true, answers)] {
        let state = state.clone();
        thread::spawn(move || {
            let _ = carry(&from, &to, is_answer, &state);
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(())
}

/// Ends when the connection does, or is to be cut.
fn carry(
    mut from: &TcpStream,
    mut to: &TcpStream,
    is_answer: bool,
    state: &Mutex<State>,
) -> io::Result<()> {
    let mut buffer = [0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        loop {
            let (mode, over) = {
                let state = lock(state);
                (state.mode, state.over)
            };
            match mode {
                _ if over => return Ok(()),
                Mode::Refuse => return Ok(()),
                Mode::CutAnswers if is_answer => return Ok(()),
                Mode::HoldAnswers if is_answer => thread::sleep(TICK),
                Mode::HoldRequests if !is_answer => thread::sleep(TICK),
                _ => break,
            }
        }
        to.write_all(&buffer[..count])?;
    }
}

fn lock(state: &Mutex<State>) -> std::sync::MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
