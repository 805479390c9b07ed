//! One connection that everybody shares, made again when it breaks.

use std::{
    future::Future,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use portcullis::session::StoreError;
use redis::{
    Client, Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, Value,
    aio::{ConnectionLike, MultiplexedConnection},
};

use crate::{
    error::{ends_connection, is_deposed, store_error},
    server::Server,
};

/// How long after a failed attempt to connect the next one is made; calls in
/// between fail at once.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that everybody shares. Every call ends within the limit.
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
    made: Option<Instant>,
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
        self.send_request(&Request::Command(command)).await
    }

    /// Sends a command, and writes `mark`, a field of a hash on the same server, behind it:
    /// who finds that on a server later finds there what the command wrote, too.
    pub(crate) async fn send_marked(
        &self,
        command: &Cmd,
        (hash, mark): (&str, &str),
    ) -> RedisResult<Value> {
        let mut commands = Pipeline::new();
        commands.add_command(command.clone());
        commands.cmd("HSET").arg(hash).arg(mark).arg(1);
        self.send_request(&Request::Marked(&commands)).await
    }

    /// Takes such a mark away, and waits until so many replicas have that: whether it was
    /// there. Nothing else gets through this connection meanwhile.
    pub(crate) async fn take_mark(
        &self,
        (hash, mark): (&str, &str),
        replicas: u32,
    ) -> RedisResult<bool> {
        let mut commands = Pipeline::new();
        commands.cmd("HDEL").arg(hash).arg(mark);
        let found = self.send_and_wait(commands, replicas).await?;
        Ok(bool::from_redis_value(found)?)
    }

    /// Sends a command and waits until so many replicas have what it wrote, or what it
    /// found there: `mark`, a key on the same server, is written behind it, so that
    /// there is something to wait for. Nothing else gets through this connection
    /// meanwhile.
    pub(crate) async fn send_to_replicas(
        &self,
        command: &Cmd,
        mark: &str,
        replicas: u32,
    ) -> RedisResult<Value> {
        let mut commands = Pipeline::new();
        commands.add_command(command.clone());
        commands.add_command(self.write(mark));
        self.send_and_wait(commands, replicas).await
    }

    /// What the first one is answered.
    async fn send_and_wait(&self, mut commands: Pipeline, replicas: u32) -> RedisResult<Value> {
        if replicas > 0 {
            let wait = commands.cmd("WAIT").arg(replicas);
            wait.arg(millis(self.limit / 2));
        }
        let answers = self.send_request(&Request::Commands(&commands)).await?;
        let mut answers = Vec::<Value>::from_redis_value(answers)?;
        if replicas > 0 {
            let reached = answers.pop().unwrap_or(Value::Nil);
            let reached = u32::from_redis_value(reached)?;
            if reached < replicas {
                return Err(too_few(reached, replicas));
            }
        }
        Ok(answers.into_iter().next().unwrap_or(Value::Nil))
    }

    /// Writes a key that is there for as long as anybody looks for it.
    fn write(&self, mark: &str) -> Cmd {
        let lasts = millis(self.limit.saturating_mul(4));
        let mut write = redis::cmd("SET");
        write.arg(mark).arg(1).arg("PX").arg(lasts);
        write
    }

    async fn send_request(&self, request: &Request<'_>) -> RedisResult<Value> {
        let used = AtomicU64::new(0);
        let attempts = async {
            match self.send_once(request, &used).await {
                Err(error) if error.is_connection_dropped() => self.send_once(request, &used).await,
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
        self.server.is_cluster()
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

    /// Where the feed can be listened to.
    pub(crate) async fn feeds(&self) -> Result<Vec<Client>, StoreError> {
        let feeds: BoxFuture<'_, _> = Box::pin(self.server.feeds());
        self.within(feeds).await
    }

    /// Looks anew where the server is: what answers here may have been replaced.
    pub(crate) fn look_again(&self) {
        let number = self.lock().number;
        self.give_up(number);
    }

    async fn send_once(&self, request: &Request<'_>, used: &AtomicU64) -> RedisResult<Value> {
        let (mut connection, number) = self.connection().await?;
        used.store(number, Ordering::Relaxed);
        let result = match &mut connection {
            Connection::Single(connection) => request.send(connection).await,
            #[cfg(feature = "cluster")]
            Connection::Cluster(connection) => request.send(connection).await,
        };
        if let Err(error) = &result
            && (ends_connection(error) || is_deposed(error) && self.has_lasted(number))
        {
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
        // Rare, and what asks sentinels is a future too deep for the compiler.
        let connecting: BoxFuture<'_, _> = Box::pin(self.connect());
        let result = connecting.await;
        let mut current = self.lock();
        match result {
            Ok(connection) => {
                current.number += 1;
                current.made = Some(Instant::now());
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
            #[cfg(feature = "cluster")]
            Server::Cluster(client, _) => {
                Ok(Connection::Cluster(client.get_async_connection().await?))
            }
            server => {
                let config = redis::AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(self.limit))
                    // Whoever waits for an answer has a limit already.
                    .set_response_timeout(None);
                let client = server.primary().await?;
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Connection::Single(connection.await?))
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
        let is_over = !self.server.is_cluster() || current.heard.is_some_and(hangs);
        if current.number == number && is_over {
            current.connection = None;
        }
    }

    /// Whether this connection is not a new one: where the name still stands for the
    /// same server, another would do no better, and all calls would make one.
    fn has_lasted(&self, number: u64) -> bool {
        let current = self.lock();
        current.number == number && current.made.is_some_and(|made| made.elapsed() > PAUSE)
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

/// What is sent at once, on one connection.
enum Request<'a> {
    Command(&'a Cmd),
    Commands(&'a Pipeline),
    /// A command, and others that are nothing without it.
    Marked(&'a Pipeline),
}

impl Request<'_> {
    /// What the server answers; an error in place of any answer is one.
    async fn send(&self, connection: &mut impl ConnectionLike) -> RedisResult<Value> {
        match self {
            Self::Command(command) => {
                let answer = connection.req_packed_command(command).await;
                answer.and_then(Value::extract_error)
            }
            Self::Commands(commands) => {
                let count = commands.len();
                let answers = connection.req_packed_commands(commands, 0, count).await?;
                let answers = answers.into_iter().map(Value::extract_error);
                answers.collect::<RedisResult<_>>().map(Value::Array)
            }
            Self::Marked(commands) => {
                let count = commands.len();
                let answers = connection.req_packed_commands(commands, 0, count).await?;
                let mut answers = answers.into_iter().map(Value::extract_error);
                let answer = answers.next().unwrap_or(Ok(Value::Nil))?;
                let others: RedisResult<Vec<_>> = answers.collect();
                others.map(|_| answer).map_err(written_but)
            }
        }
    }
}

/// As servers count them: none would be for ever, or not at all.
fn millis(duration: Duration) -> String {
    duration.as_millis().clamp(1, 1 << 40).to_string()
}

/// Of an error behind something that has been carried out, which is not to be repeated as
/// if it had not.
pub(crate) fn written_but(error: RedisError) -> RedisError {
    std::io::Error::other(format!("written, but {error}")).into()
}

fn too_few(reached: u32, replicas: u32) -> RedisError {
    let message = format!("written, but {reached} of {replicas} replicas have it");
    std::io::Error::new(std::io::ErrorKind::TimedOut, message).into()
}

fn timed_out() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}
