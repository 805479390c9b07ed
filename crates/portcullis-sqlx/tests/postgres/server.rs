//! A server of the test's own, to be killed.

use std::{
    fs::Permissions,
    io::Write as _,
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use sqlx::{ConnectOptions, postgres::PgConnectOptions};

/// A server with an empty database. Stopped and removed on drop.
pub(crate) struct Server {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    settings: Vec<String>,
    process: Option<Child>,
}

impl Server {
    /// `None` where PostgreSQL's programs are not installed, or cannot be run:
    /// they refuse to run as root.
    pub(crate) fn new() -> Option<Self> {
        Self::or_left_out(Self::make())
    }

    /// A server that follows this one, with all that it has; started.
    pub(crate) async fn standby_of(primary: &Self) -> Option<Self> {
        let mut standby = Self::or_left_out(Self::prepare())?;
        let port = primary.port.to_string();
        let copied = standby
            .command("pg_basebackup")
            .args(["--host=127.0.0.1", "--username=postgres", "--port", &port])
            .args([
                "--write-recovery-conf",
                "--checkpoint=fast",
                "--no-sync",
                "-D",
            ])
            .arg(standby.data())
            .status();
        assert!(copied.unwrap().success());
        standby.start().await;
        Some(standby)
    }

    fn or_left_out(server: Option<Self>) -> Option<Self> {
        let Some(server) = server else {
            let _ = writeln!(
                std::io::stderr(),
                "left out: a PostgreSQL server that is killed; to include it, install \
                 PostgreSQL's own programs below /usr/lib/postgresql"
            );
            return None;
        };
        Some(server)
    }

    fn make() -> Option<Self> {
        let server = Self::prepare()?;
        let made = server
            .command("initdb")
            .args(["--no-sync", "--auth=trust", "--username=postgres", "-D"])
            .arg(server.data())
            .status();
        made.ok()?.success().then_some(server)
    }

    /// The directory, with nothing in it.
    fn prepare() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let programs = programs()?;
        let name = format!("portcullis-pg-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir(&directory).ok()?;
        let port = TcpListener::bind(("127.0.0.1", 0)).ok()?;
        let port = port.local_addr().ok()?.port();
        let server = Self {
            programs,
            directory,
            port,
            settings: Vec::new(),
            process: None,
        };
        give_to_postgres(&server.directory)?;
        Some(server)
    }

    /// Says this at its start.
    pub(crate) fn set(&mut self, setting: &str) {
        self.settings.push(setting.to_owned());
    }

    /// A file that only the server reads.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.directory.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        give_to_postgres(&path).unwrap();
        path
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Starts the server and waits until it answers.
    pub(crate) async fn start(&mut self) {
        let options: PgConnectOptions = self.url().parse().unwrap();
        for _ in 0..300 {
            let ended = match &mut self.process {
                Some(process) => process.try_wait().unwrap().is_some(),
                None => true,
            };
            // What the killed one left may still be in use for a moment.
            if ended {
                let mut command = self.command("postgres");
                let port = self.port.to_string();
                let settings = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
                command.arg("-D").arg(self.data()).args(["-p", &port]);
                for setting in settings {
                    command.args(["-c", setting]);
                }
                for setting in &self.settings {
                    command.args(["-c", setting]);
                }
                self.process = Some(command.spawn().unwrap());
            }
            if options.connect().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not start");
    }

    /// `kill -9`: nothing is written, nobody is told.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// A program of PostgreSQL, as the user that owns the directory.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root(Path::new("/proc/self")) {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        // Its children notice and end; until then they may still write.
        for _ in 0..50 {
            if std::fs::remove_dir_all(&self.directory).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Where the newest version's programs are.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut programs: Vec<_> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("initdb").exists())
        .collect();
    programs.sort();
    programs.pop()
}

fn is_root(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|data| data.uid() == 0)
}

/// To the user that the server runs as, where this is another one.
fn give_to_postgres(path: &Path) -> Option<()> {
    match is_root(path).then(owner_of_postgres).flatten() {
        Some(id) => chown(path, Some(id), None).ok(),
        None => Some(()),
    }
}

fn owner_of_postgres() -> Option<u32> {
    let output = Command::new("id").args(["-u", "postgres"]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
