//! A PostgreSQL server of the run's own.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, PgConnection, postgres::PgConnectOptions};

use crate::{
    Result,
    process::{children, signal},
};

/// Longer than it takes to recover, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// As an operator has it: it waits for the disk.
const SETTINGS: [&str; 5] = [
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=on",
    "synchronous_commit=on",
    "full_page_writes=on",
];

pub(crate) struct Postgres {
    programs: PathBuf,
    directory: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl Postgres {
    pub(super) async fn start(folder: &Path) -> Result<Self> {
        let programs = programs().ok_or("PostgreSQL is not installed below /usr/lib/postgresql")?;
        let directory = folder.join("postgres");
        fs::create_dir(&directory)?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = free.local_addr()?.port();
        drop(free);
        let mut server = Self {
            programs,
            directory,
            port,
            process: None,
        };
        if is_root()
            && let Some(id) = owner_of_postgres()
        {
            chown(&server.directory, Some(id), None)?;
        }
        let made = server
            .command("initdb")
            .args(["--no-sync", "--auth=trust", "--username=postgres", "-D"])
            .arg(server.data())
            .status()?;
        if !made.success() {
            return Err("initdb failed".into());
        }
        server.run().await?;
        Ok(server)
    }

    pub(super) fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// `kill -9` of the server; its children notice and end.
    pub(super) async fn kill_and_start(&mut self) -> Result<()> {
        self.kill();
        self.run().await
    }

    /// Stops it in good order, with connections cut.
    pub(super) async fn restart(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            signal("INT", &[process.id()])?;
            let give_up = Instant::now() + PATIENCE;
            while process.try_wait()?.is_none() {
                if Instant::now() > give_up {
                    return Err("PostgreSQL does not stop".into());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        self.run().await
    }

    /// Holds all its processes up.
    pub(super) async fn pause(&self, span: Duration) -> Result<()> {
        let Some(process) = &self.process else {
            return Ok(());
        };
        let server = process.id();
        signal("STOP", &[server])?;
        // Nobody new comes now; some may have gone.
        let children = children(server);
        let _ = signal("STOP", &children);
        tokio::time::sleep(span).await;
        let _ = signal("CONT", &children);
        signal("CONT", &[server])
    }

    pub(super) async fn end_connections(&self) -> Result<()> {
        let mut connection = self.connection().await?;
        sqlx::raw_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
        )
        .execute(&mut connection)
        .await?;
        Ok(())
    }

    async fn connection(&self) -> sqlx::Result<PgConnection> {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .username("postgres")
            .database("postgres");
        options.connect().await
    }

    /// Starts it and waits until it answers.
    async fn run(&mut self) -> Result<()> {
        let give_up = Instant::now() + PATIENCE;
        while Instant::now() < give_up {
            let has_ended = match &mut self.process {
                Some(process) => process.try_wait()?.is_some(),
                None => true,
            };
            // What the killed one left may still be in use for a moment.
            if has_ended {
                let mut command = self.command("postgres");
                command.arg("-D").arg(self.data());
                command.args(["-p", &self.port.to_string()]);
                for setting in SETTINGS {
                    command.args(["-c", setting]);
                }
                self.process = Some(command.spawn()?);
            }
            if self.connection().await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err("PostgreSQL does not start".into())
    }

    fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// A program of PostgreSQL, as a user that may run it: root may not.
    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        let mut command = if is_root() {
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

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        // Its children notice and end; until then they may still write.
        for _ in 0..50 {
            if fs::remove_dir_all(&self.directory).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Whether a server can be started here.
pub(crate) fn is_installed() -> bool {
    programs().is_some() && (!is_root() || owner_of_postgres().is_some())
}

/// Where the newest version's programs are.
fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut programs: Vec<_> = versions
        .flatten()
        .map(|version| version.path().join("bin"))
        .filter(|programs| programs.join("initdb").exists())
        .collect();
    programs.sort();
    programs.pop()
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|data| data.uid() == 0)
}

fn owner_of_postgres() -> Option<u32> {
    let output = Command::new("id").args(["-u", "postgres"]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
