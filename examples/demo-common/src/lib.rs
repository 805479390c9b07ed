//! What the three demos share: everything but the framework.
//!
//! A demo is one call of [`run`] with a function that serves a [`Demo`]:
//!
//! ```text
//! command line -> store, keys, accounts -> endpoints and guards -> serve(Demo) -> exit code
//!      cli         store, keys, accounts     apis, trust, trust_file, the demo
//!                                            entra, cookies, console,
//!                                            feed
//! ```
//!
//! What the demo's own routes answer is in [`replies`], so that the three
//! servers answer alike.

mod access_log;
mod accounts;
mod apis;
mod background;
mod cli;
mod console;
mod cookies;
pub mod cors;
mod curl;
mod entra;
mod feed;
mod hangups;
mod keys;
mod logging;
mod metrics;
pub mod replies;
mod run;
mod shutdown;
mod start;
mod store;
mod trust;
mod trust_file;

pub use access_log::{AccessLog, Entry};
pub use apis::Guards;
pub use console::Console;
pub use feed::EventStream;
pub use metrics::Metrics;
pub use run::{Demo, run};
pub use shutdown::Shutdown;
