//! Everything that a test needs.

use crate::{
    browser::Browser,
    demo::{Demo, Program},
    front::{self, APP, Front},
    installed, interceptors,
};

/// A demo, what is in front of it, and a browser that looks at a blank page of
/// the application.
#[derive(Debug)]
pub struct Stage {
    /// Ends first.
    pub browser: Browser,
    /// Between the two.
    pub front: Front,
    demo: Demo,
}

impl Stage {
    /// A URL of the demo itself, past the front.
    pub fn demo_url(&self, host: &str, path: &str) -> String {
        format!("http://{host}:{}{path}", self.demo.address.port())
    }
}

/// Runs a test with a demo that has these options. Without a browser, nothing.
pub fn with_stage<F>(program: Program, options: &[&str], test: impl FnOnce(Stage) -> F)
where
    F: Future<Output = ()>,
{
    let Some(programs) = installed::programs() else {
        return;
    };
    let demo = Demo::start(program, options);
    let front = Front::start(demo.address, interceptors::pages());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let browser = Browser::start(&programs, &front).await;
        browser.open(&front::url(APP, "/page/blank.html")).await;
        let stage = Stage {
            browser,
            front,
            demo,
        };
        test(stage).await;
    });
}
