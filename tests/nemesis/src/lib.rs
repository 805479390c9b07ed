//! Several demos on one store, clients that refresh, log out and steal, faults all the
//! while, and a checker that reads what happened.
//!
//! ```sh
//! cargo build --release -p nemesis
//! target/release/nemesis                          # every store, 100,000 generations each
//! target/release/nemesis redis-cluster --generations 5000
//! ```
//!
//! A [`run`] starts the servers of a [`site`] itself, and demos on them as processes.
//! Clients ([`client`]) write down when they asked for what and what came of it, in a
//! [`history`]; meanwhile processes are killed and paused, connections cut and delayed,
//! slots moved, a replica promoted. Then all is left alone, and everybody who is logged in
//! must get a refresh through. The [`checker`] knows nothing of all that but the history.
//!
//! Nothing here asserts how long anything takes. Windows do count: a client that got no
//! answer for longer than the grace window may be logged out, as documented, and is
//! counted apart.

pub mod checker;
pub mod client;
pub mod history;
mod http;
pub mod node;
mod process;
mod random;
pub mod report;
pub mod run;
pub mod site;
mod world;

use std::error::Error;

/// What goes wrong with the run itself, and not with what it looks at.
pub type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;
