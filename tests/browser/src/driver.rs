//! ChromeDriver as a process, and what it has started.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    sync::{OnceLock, mpsc},
    thread,
};

use tempfile::TempDir;

use crate::{installed::Programs, patience::PATIENCE};

/// How often it may find no port.
const ATTEMPTS: usize = 5;

/// ChromeDriver on a port of its own. Dropped, it ends with all its browsers.
#[derive(Debug)]
pub(crate) struct Driver {
    child: Child,
    port: u16,
    /// The session that is to be closed first, so that the browser ends by itself.
    session: OnceLock<String>,
    /// Dropped last: the browser writes into it until its end.
    profile: TempDir,
}

impl Driver {
    pub(crate) fn start(programs: &Programs) -> Self {
        // It takes a free port of IPv4 for both families, and ends if somebody has that
        // one of IPv6.
        let mut attempts = (0..ATTEMPTS).map(|_| Self::try_start(programs));
        attempts
            .find_map(|driver| driver)
            .expect("ChromeDriver starts")
    }

    fn try_start(programs: &Programs) -> Option<Self> {
        let profile = tempfile::tempdir().unwrap();
        let mut child = Command::new(&programs.driver)
            .args(["--port=0", "--log-level=SEVERE"])
            // What crashes and what is cached stays in the profile, too.
            .env("HOME", profile.path())
            .env("TMPDIR", profile.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut driver = Self {
            child,
            port: 0,
            session: OnceLock::new(),
            profile,
        };
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let port = line.split_once("started successfully on port ");
                if let Some((_, port)) = port {
                    let _ = tell.send(port.trim_end_matches('.').parse::<u16>());
                }
            }
        });
        // Nothing comes if it has ended.
        let port = told.recv_timeout(PATIENCE).ok()?;
        driver.port = port.expect("the port of ChromeDriver");
        Some(driver)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A directory for the profile of a browser.
    pub(crate) fn profile(&self) -> String {
        self.profile.path().join("profile").display().to_string()
    }

    /// What is to be closed in the end.
    pub(crate) fn remember(&self, session: String) {
        let _ = self.session.set(session);
    }

    /// By hand, since a test that has failed is in no runtime.
    fn close(&self) -> std::io::Result<()> {
        let Some(session) = self.session.get() else {
            return Ok(());
        };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "DELETE /session/{session} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        )?;
        // Answered when the browser has ended.
        stream.read(&mut [0]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.close();
        // Whatever is left: ChromeDriver is the leader of a group of its own.
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
    }
}
