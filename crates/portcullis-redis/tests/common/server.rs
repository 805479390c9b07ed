//! A Redis server of a test's own, which may be killed.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(crate) struct Server {
    port: u16,
    directory: PathBuf,
    options: Vec<String>,
    process: Child,
}

impl Server {
    /// A server that answers nothing before it is on the disk; `None` where the
    /// program is not installed.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        if !portcullis_testing::servers::redis_server_is_installed() {
            return None;
        }
        let port = free_port();
        let directory = std::env::temp_dir().join(format!("portcullis-redis-{port}"));
        std::fs::create_dir_all(&directory).unwrap();
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let process = run(port, &directory, &options);
        let server = Self {
            port,
            directory,
            options,
            process,
        };
        server.wait();
        Some(server)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}/", self.address())
    }

    /// `kill -9`: nothing is written any more.
    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Holds it up, as a machine that hangs: connections stay, nothing is answered.
    pub(crate) fn pause(&self) {
        self.signal("-STOP");
    }

    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.unwrap().success());
    }

    /// A server with all that `primary` has, over the connection to this address.
    pub(crate) fn replica_of(primary: SocketAddr, options: &[&str]) -> Option<Self> {
        let port = primary.port().to_string();
        let mut all = vec!["--replicaof", "127.0.0.1", &port];
        all.extend(options);
        let replica = Self::start(&all)?;
        replica.wait_until(&["INFO", "replication"], "master_link_status:up");
        Some(replica)
    }

    /// Waits until the answer to a command says this.
    pub(crate) fn wait_until(&self, words: &[&str], text: &str) {
        let give_up = Instant::now() + Duration::from_secs(20);
        while !format!("{:?}", self.command(words)).contains(text) {
            assert!(Instant::now() < give_up, "no {text}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts again on what is on the disk.
    pub(crate) fn restart(&mut self) {
        self.process = run(self.port, &self.directory, &self.options);
        self.wait();
    }

    fn wait(&self) {
        let give_up = Instant::now() + Duration::from_secs(20);
        let client = redis::Client::open(self.url()).unwrap();
        loop {
            if let Ok(mut connection) = client.get_connection()
                && redis::cmd("PING").exec(&mut connection).is_ok()
            {
                return;
            }
            assert!(Instant::now() < give_up, "the server does not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Runs one command as the operator would.
    pub(crate) fn command(&self, words: &[&str]) -> redis::Value {
        let client = redis::Client::open(self.url()).unwrap();
        let mut connection = client.get_connection().unwrap();
        redis::cmd(words[0])
            .arg(&words[1..])
            .query(&mut connection)
            .unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A port that nobody listens on; a node of a cluster takes the one 10 000
/// above as well.
pub(crate) fn free_port() -> u16 {
    loop {
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        if port < 55_000 {
            return port;
        }
    }
}

fn run(port: u16, directory: &Path, options: &[String]) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        .args(["--save", "", "--dir"])
        .arg(directory)
        .args(options)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
