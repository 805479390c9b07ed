//! One connection that everybody shares, made again when it breaks.

use std::{
    future::Future,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use portcullis::session::StoreError;
use redis::{
    Client, Cmd, RedisError, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};

use crate::error::{ends_connection, store_error};

/// How long after a failed attempt to connect the next one is made; calls in
/// between fail at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Where the commands go.
pub(crate) enum Server {
    /// One server, or whatever a name stands for at the time.
    Single(Box<Client>),
    /// The nodes of a cluster.
    #[cfg(feature = "cluster")]
    Cluster(Box<redis::cluster::ClusterClient>),
}

/// The shared connection. Every call ends within the limit.
pub(crate) struct Link {
    server: Server,
    limit: Duration,
    current: Mutex<Current>,
    /// Held by the one who connects, while the others wait.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Current {
    connection: Option<Connection>,
    /// How many connections there have been.
    number: u64,
    failed: Option<(Instant, RedisError)>,
    /// When a call last ended in time.
    heard: Option<Instant>,
}

#[derive(Clone)]
enum Connection {
    Single(MultiplexedConnection),
    #[cfg(feature = "cluster")]
    Cluster(redis::cluster_async::ClusterConnection),
}

impl Link {
    pub(crate) fn new(server: Server, limit: Duration) -> Self {
        Self {
            server,
            limit,
            current: Mutex::default(),
            connecting: tokio::sync::Mutex::default(),
        }
    }

    /// Sends one command. Where the connection turns out to be broken it is sent
    /// once more on a new one: it may then have been carried out twice.
    pub(crate) async fn send(&self, command: &Cmd) -> RedisResult<Value> {
        let used = AtomicU64::new(0);
        let attempts = async {
            match self.send_once(command, &used).await {
                Err(error) if error.is_connection_dropped() => self.send_once(command, &used).await,
                result => result,
            }
        };
        match tokio::time::timeout(self.limit, attempts).await {
            Ok(result) => {
                if !result.as_ref().is_err_and(RedisError::is_timeout) {
                    self.lock().heard = Some(Instant::now());
                }
                result
            }
            Err(_) => {
                // A server that is slow, or a connection that is dead without
                // knowing it: the next call had better not wait for it.
                self.give_up(used.load(Ordering::Relaxed));
                Err(timed_out())
            }
        }
    }

    /// How long a call may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// Whether keys are in slots, on several servers.
    pub(crate) fn is_cluster(&self) -> bool {
        !matches!(self.server, Server::Single(_))
    }

    /// Sends one command that is about no key to the server that has this slot.
    pub(crate) async fn send_to(&self, slot: u16, command: &Cmd) -> RedisResult<Value> {
        #[cfg(feature = "cluster")]
        if self.is_cluster() {
            use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};

            let route = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
            let sent = async {
                match self.connection().await? {
                    (Connection::Cluster(mut connection), _) => {
                        let route = RoutingInfo::SingleNode(route);
                        connection.route_command(command.clone(), route).await
                    }
                    (Connection::Single(_), _) => self.send(command).await,
                }
            };
            let sent = tokio::time::timeout(self.limit, sent).await;
            return sent.unwrap_or_else(|_| Err(timed_out()))?.extract_error();
        }
        let _ = slot;
        self.send(command).await
    }

    /// Fails, within the limit, as soon as something is wrong.
    pub(crate) async fn within<T>(
        &self,
        work: impl Future<Output = RedisResult<T>>,
    ) -> Result<T, StoreError> {
        match tokio::time::timeout(self.limit, work).await {
            Ok(result) => result.map_err(store_error),
            Err(_) => Err(store_error(timed_out())),
        }
    }

    async fn send_once(&self, command: &Cmd, used: &AtomicU64) -> RedisResult<Value> {
        let (mut connection, number) = self.connection().await?;
        used.store(number, Ordering::Relaxed);
        let result = match &mut connection {
            Connection::Single(connection) => connection.req_packed_command(command).await,
            #[cfg(feature = "cluster")]
            Connection::Cluster(connection) => connection.req_packed_command(command).await,
        };
        // What the server says in place of an answer.
        let result = result.and_then(Value::extract_error);
        if result.as_ref().is_err_and(ends_connection) {
            self.give_up(number);
        }
        result
    }

    async fn connection(&self) -> RedisResult<(Connection, u64)> {
        if let Some(known) = self.lock().known() {
            return known;
        }
        let _turn = self.connecting.lock().await;
        if let Some(known) = self.lock().known() {
            return known;
        }
        let result = self.connect().await;
        let mut current = self.lock();
        match result {
            Ok(connection) => {
                current.number += 1;
                current.failed = None;
                current.heard = Some(Instant::now());
                current.connection = Some(connection.clone());
                Ok((connection, current.number))
            }
            Err(error) => {
                current.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }

    async fn connect(&self) -> RedisResult<Connection> {
        match &self.server {
            Server::Single(client) => {
                let config = redis::AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(self.limit))
                    .set_response_timeout(Some(self.limit));
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Connection::Single(connection.await?))
            }
            #[cfg(feature = "cluster")]
            Server::Cluster(client) => {
                Ok(Connection::Cluster(client.get_async_connection().await?))
            }
        }
    }

    /// Lets go of this connection, unless there is a newer one already. Those
    /// who wait for an answer on it go on waiting. A cluster's client looks after
    /// its connections itself; but one that many ask while a server is lost may hang for
    /// ever, and then not one call ends in time.
    fn give_up(&self, number: u64) {
        let mut current = self.lock();
        let hangs = |heard: Instant| heard.elapsed() >= self.limit * 2;
        let is_over = !self.is_cluster() || current.heard.is_some_and(hangs);
        if current.number == number && is_over {
            current.connection = None;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Current {
    /// The connection, or why there was none a moment ago.
    fn known(&self) -> Option<RedisResult<(Connection, u64)>> {
        if let Some(connection) = &self.connection {
            return Some(Ok((connection.clone(), self.number)));
        }
        match &self.failed {
            Some((at, error)) if at.elapsed() < PAUSE => Some(Err(error.clone())),
            _ => None,
        }
    }
}

fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
