//! One Redis server of the run's own.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use redis::{AsyncConnectionConfig, FromRedisValue, aio::MultiplexedConnection};

use crate::{Result, process::signal};

/// Longer than it takes to read its file, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that waits for the disk.
pub(super) struct RedisServer {
    port: u16,
    directory: PathBuf,
    options: Vec<String>,
    process: Child,
}

impl RedisServer {
    pub(super) async fn start(folder: &Path, options: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let directory = folder.join(format!("redis-{port}"));
        fs::create_dir_all(&directory)?;
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let process = run(port, &directory, &options)?;
        let server = Self {
            port,
            directory,
            options,
            process,
        };
        server.wait().await?;
        Ok(server)
    }

    pub(super) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// `kill -9`.
    pub(super) fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it again on what is on the disk.
    pub(super) async fn run_again(&mut self) -> Result<()> {
        self.process = run(self.port, &self.directory, &self.options)?;
        self.wait().await
    }

    pub(super) async fn pause(&self, span: Duration) -> Result<()> {
        signal("STOP", &[self.process.id()])?;
        tokio::time::sleep(span).await;
        signal("CONT", &[self.process.id()])
    }

    pub(super) async fn connection(&self) -> Result<MultiplexedConnection> {
        let client = redis::Client::open(format!("redis://{}/", self.address()))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        Ok(client
            .get_multiplexed_async_connection_with_config(&config)
            .await?)
    }

    /// Runs one command, as an operator does.
    pub(super) async fn command<T: FromRedisValue>(&self, words: &[&str]) -> Result<T> {
        let mut command = redis::cmd(words.first().unwrap_or(&"PING"));
        command.arg(words.get(1..).unwrap_or_default());
        Ok(command.query_async(&mut self.connection().await?).await?)
    }

    async fn wait(&self) -> Result<()> {
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            if self.command::<String>(&["PING"]).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err("a Redis server does not start".into())
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// A port that nobody listens on; a node of a cluster takes the one 10,000 above as well.
fn free_port() -> Result<u16> {
    loop {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = free.local_addr()?.port();
        if port < 55_000 && TcpListener::bind((Ipv4Addr::LOCALHOST, port + 10_000)).is_ok() {
            return Ok(port);
        }
    }
}

fn run(port: u16, directory: &Path, options: &[String]) -> Result<Child> {
    Ok(Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        .args(["--save", "", "--dir"])
        .arg(directory)
        .args(options)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?)
}
