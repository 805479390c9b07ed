//! A demo as a process.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use crate::{Result, http::Pool, process::signal};

/// Longer than a demo takes to start, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Before the next attempt.
const PAUSE: Duration = Duration::from_millis(100);

/// What a demo is started with.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The program.
    pub program: PathBuf,
    /// Where it keeps its sessions, as `--store` takes it.
    pub store: String,
    /// The grace window.
    pub grace: Duration,
    /// After which access tokens are not accepted without news of the store.
    pub max_silence: Duration,
    /// How many users there are, all with [`PASSWORD`].
    pub users: usize,
    /// Where its log goes.
    pub log: PathBuf,
}

/// Everybody's.
pub const PASSWORD: &str = "wonderland";

/// The name of a user.
pub fn user(number: usize) -> String {
    format!("user-{number}")
}

/// A demo that may be running. Killed when it is dropped.
#[derive(Debug)]
pub struct Node {
    setting: Setting,
    child: Mutex<Option<Child>>,
    pool: Mutex<Option<Arc<Pool>>>,
}

impl Node {
    /// One that is not running yet.
    pub fn new(setting: Setting) -> Self {
        Self {
            setting,
            child: Mutex::default(),
            pool: Mutex::default(),
        }
    }

    /// The name of its program.
    pub fn name(&self) -> &str {
        let name = self.setting.program.file_name();
        name.and_then(|name| name.to_str()).unwrap_or("a demo")
    }

    /// Starts it on a free port, and waits until it listens. One that ends because its
    /// store does not answer is started again, as whatever looks after services does.
    ///
    /// # Errors
    ///
    /// When it does not come up for long.
    pub async fn start(&self) -> Result<()> {
        let give_up = Instant::now() + PATIENCE;
        loop {
            match self.start_once().await {
                Err(_) if Instant::now() < give_up => sleep(PAUSE).await,
                result => return result,
            }
        }
    }

    async fn start_once(&self) -> Result<()> {
        self.kill()?;
        let setting = &self.setting;
        let log = File::options()
            .create(true)
            .append(true)
            .open(&setting.log)?;
        let users = (0..setting.users).map(|number| format!("{}:{PASSWORD}", user(number)));
        let seconds = |span: Duration| format!("{}ms", span.as_millis());
        let mut child = Command::new(&setting.program)
            .args(["--listen=127.0.0.1:0", "--store", &setting.store])
            .args(["--grace", &seconds(setting.grace)])
            .args(["--max-silence", &seconds(setting.max_silence)])
            // As cheap as can be: passwords are not what is looked at.
            .args(["--argon2-memory", "8"])
            .env("PORTCULLIS_USER", users.collect::<Vec<_>>().join(","))
            .env("RUST_LOG", "warn,portcullis::cookies=error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()?;
        let output = child.stdout.take();
        // Held from here on, so that it is killed if it does not come up.
        *lock(&self.child) = Some(child);
        let (tell, told) = oneshot::channel();
        thread::spawn(move || {
            let mut lines = output
                .into_iter()
                .flat_map(|output| BufReader::new(output).lines().map_while(Result::ok));
            let _ = tell.send(lines.next());
            // All of it: a demo that cannot print would wait.
            lines.for_each(drop);
        });
        let first = timeout(PATIENCE, told).await??.unwrap_or_default();
        let address = first.strip_prefix("listening on http://");
        let address: SocketAddr = address
            .ok_or_else(|| self.complaint("does not start"))?
            .parse()?;
        *lock(&self.pool) = Some(Arc::new(Pool::new(address)));
        Ok(())
    }

    /// `kill -9`.
    ///
    /// # Errors
    ///
    /// When that fails.
    pub fn kill(&self) -> Result<()> {
        *lock(&self.pool) = None;
        if let Some(mut child) = lock(&self.child).take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Holds it up, as a machine that is overloaded does, or lets it go on.
    ///
    /// # Errors
    ///
    /// When it is not running.
    pub fn pause(&self, is_paused: bool) -> Result<()> {
        let child = lock(&self.child).as_ref().map(Child::id);
        let child = child.ok_or_else(|| self.complaint("is not running"))?;
        signal(if is_paused { "STOP" } else { "CONT" }, &[child])
    }

    /// Whether it ended by itself, which it must not.
    pub fn has_ended(&self) -> bool {
        let mut child = lock(&self.child);
        child
            .as_mut()
            .is_some_and(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// How to reach it, unless it is down.
    pub(crate) fn pool(&self) -> Option<Arc<Pool>> {
        lock(&self.pool).clone()
    }

    fn complaint(&self, what: &str) -> String {
        let said = last_line(&self.setting.log);
        format!("{} {what}: {said}", self.name())
    }
}

fn last_line(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().last().unwrap_or("no log").to_owned()
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
