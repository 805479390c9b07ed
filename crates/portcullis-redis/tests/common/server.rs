//! A Redis server of a test's own, which may be killed.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
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
    /// A server that answers nothing before it is on the disk; `None`, with a
    /// word about it, where the program is not installed.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        if Command::new("redis-server").arg("-v").output().is_err() {
            use std::io::Write as _;
            let _ = writeln!(
                std::io::stderr(),
                "left out: faults of Redis: to include them, install redis-server"
            );
            return None;
        }
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let directory = std::env::temp_dir().join(format!("portcullis-redis-{port}"));
        std::fs::create_dir_all(&directory).unwrap();
        let options: Vec<_> = options.iter().map(|&option| option.to_owned()).collect();
        let process = run(port, &directory, &options);
        Some(Self {
            port,
            directory,
            options,
            process,
        })
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

    /// Starts again on what is on the disk.
    pub(crate) fn restart(&mut self) {
        self.process = run(self.port, &self.directory, &self.options);
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

fn run(port: u16, directory: &PathBuf, options: &[String]) -> Child {
    let process = Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
        .args(["--appendonly", "yes", "--appendfsync", "always"])
        .args(["--save", "", "--dir"])
        .arg(directory)
        .args(options)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let give_up = Instant::now() + Duration::from_secs(20);
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/")).unwrap();
    loop {
        let open = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok();
        if open
            && let Ok(mut connection) = client.get_connection()
            && redis::cmd("PING").exec(&mut connection).is_ok()
        {
            return process;
        }
        assert!(Instant::now() < give_up, "the server does not start");
        std::thread::sleep(Duration::from_millis(10));
    }
}
