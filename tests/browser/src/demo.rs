//! A demo as a process.

use std::{
    fmt,
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
};

use tempfile::TempDir;

use crate::{patience::PATIENCE, token};

/// One of the demos, by what starts it.
#[derive(Clone, Copy)]
pub struct Program(pub &'static str);

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.rsplit('/').next().unwrap_or(self.0))
    }
}

/// A demo that is running, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Demo {
    child: Child,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

impl Demo {
    /// Starts it on a free port, with a store in memory and a key that
    /// [`token`] knows.
    pub(crate) fn start(program: Program, options: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key.jwk");
        std::fs::write(&key, token::JWK).unwrap();
        let mut child = Command::new(program.0)
            .args(["--store=memory:", "--listen=127.0.0.1:0", "--signing-key"])
            .arg(key)
            .args(options)
            .env("RUST_LOG", "error")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        // Held from here on, so that it is killed if it does not come up.
        let mut demo = Self {
            child,
            address: ([127, 0, 0, 1], 0).into(),
            _folder: folder,
        };
        let (tell, told) = mpsc::channel();
        thread::spawn(move || {
            // All of it: a demo that cannot print would wait.
            for line in output.lines().map_while(Result::ok) {
                let _ = tell.send(line);
            }
        });
        let first = told.recv_timeout(PATIENCE).expect("the demo starts");
        let (_, address) = first.split_once("http://").expect("its first line");
        let end = address.find(|c: char| c == '/' || c.is_whitespace());
        let address = &address[..end.unwrap_or(address.len())];
        demo.address = address.parse().expect("its address");
        demo
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
