//! A demo as a process.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::Path,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use super::http::Request;

/// Longer than anything takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A demo that is running; killed when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// What it printed after the first line.
    pub(crate) hints: Vec<String>,
}

impl Server {
    /// Starts `program` on a free port, with a store in `store`.
    pub(crate) fn start(program: &str, store: &str, further: &[&str]) -> Self {
        Self::spawn(command(program, store, further))
    }

    /// As [`start`](Self::start), with everything that can be logged in `log`.
    pub(crate) fn start_logging(program: &str, store: &str, log: File) -> Self {
        let mut command = command(program, store, &[]);
        command.env("RUST_LOG", "trace").stderr(log);
        Self::spawn(command)
    }

    /// As [`start`](Self::start), with what it says on stderr in a file.
    pub(crate) fn start_telling(program: &str, further: &[&str], told: File) -> Self {
        let mut command = command(program, "memory:", further);
        command.stderr(told);
        Self::spawn(command)
    }

    /// As [`start`](Self::start), with its log in a file: it does not end when a
    /// file becomes larger than it may.
    #[cfg(target_os = "linux")]
    pub(crate) fn start_without_signal(program: &str, store: &str, log: File) -> Self {
        let demo = command(program, store, &[]);
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' XFSZ; exec \"$@\"", "sh", program])
            .args(demo.get_args())
            .envs(
                demo.get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            )
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        Self::spawn(shell)
    }

    fn spawn(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let lines = first_lines(child.stdout.take().unwrap());
        let (first, hints) = lines.split_first().unwrap();
        let address = first
            .strip_prefix("listening on http://")
            .unwrap_or_else(|| panic!("the first line is {first:?}"));
        Self {
            address: address.parse().unwrap(),
            hints: hints.to_vec(),
            child,
        }
    }

    pub(crate) fn get(&self, path: &str) -> Request {
        self.request("GET", path)
    }

    pub(crate) fn post(&self, path: &str) -> Request {
        self.request("POST", path)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address, method, path)
    }

    /// Its process.
    #[cfg(target_os = "linux")]
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it in the middle of whatever it does.
    pub(crate) fn kill(&self) {
        self.signal("-KILL");
    }

    /// Asks it to read again what it reads.
    #[cfg(unix)]
    pub(crate) fn hang_up(&self) {
        self.signal("-HUP");
    }

    /// Asks it to stop.
    pub(crate) fn terminate(mut self) -> ExitStatus {
        self.signal("-TERM");
        end_of(&mut self.child)
    }

    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How a demo ends that cannot start: its exit code and what it says.
pub(crate) fn failure(program: &str, store: &str, further: &[&str]) -> (Option<i32>, String) {
    let mut child = command(program, store, further)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = end_of(&mut child);
    let mut text = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    (status.code(), text)
}

pub(crate) fn sqlite_in(folder: &Path) -> String {
    format!("sqlite:{}", folder.join("demo.db").display())
}

fn command(program: &str, store: &str, further: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(["--store", store])
        .args(further)
        .env("PORTCULLIS_LISTEN", "127.0.0.1:0")
        // Cookies that do without TLS are what most of the tests want.
        .env("RUST_LOG", "warn,portcullis::cookies=error")
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

/// The lines up to the one that is always the last.
fn first_lines(stdout: ChildStdout) -> Vec<String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if tell.send(line).is_err() {
                return;
            }
        }
    });
    let mut lines = Vec::new();
    loop {
        let line = told.recv_timeout(PATIENCE).expect("the demo starts");
        let is_last = line.ends_with("/.well-known/jwks.json");
        lines.push(line);
        if is_last {
            return lines;
        }
    }
}

fn end_of(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(start.elapsed() < PATIENCE, "the demo does not end");
        thread::sleep(Duration::from_millis(20));
    }
}
