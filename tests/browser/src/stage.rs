//! Everything that a test needs.

use std::net::SocketAddr;

use crate::{
    browser::Browser,
    demo::{Demo, Program},
    front::{self, APP, Front},
    installed::{self, Programs},
    interceptors,
};

/// A server, what is in front of it, and a browser that looks at a blank page of the
/// application.
#[derive(Debug)]
pub struct Stage {
    /// Ends first.
    pub browser: Browser,
    /// Between the two.
    pub front: Front,
    server: SocketAddr,
}

impl Stage {
    /// A URL of the server itself, past the front.
    pub fn server_url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.server.port())
    }
}

/// Runs a test with a demo that has these options. Without a browser, nothing.
pub fn with_stage<F>(program: Program, options: &[&str], test: impl FnOnce(Stage) -> F)
where
    F: Future<Output = ()>,
{
    if let Some(programs) = installed::programs() {
        let demo = Demo::start(program, options);
        run(&programs, demo.address, test);
    }
}

/// Runs a test with a server of its own, which is started if there is a browser.
pub fn with_server<F>(start: impl FnOnce() -> SocketAddr, test: impl FnOnce(Stage) -> F)
where
    F: Future<Output = ()>,
{
    if let Some(programs) = installed::programs() {
        run(&programs, start(), test);
    }
}

fn run<F>(programs: &Programs, server: SocketAddr, test: impl FnOnce(Stage) -> F)
where
    F: Future<Output = ()>,
{
    let front = Front::start(server, interceptors::pages());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let browser = Browser::start(programs, &front).await;
        browser.open(&front::url(APP, "/page/blank.html")).await;
        let stage = Stage {
            browser,
            front,
            server,
        };
        test(stage).await;
    });
}
