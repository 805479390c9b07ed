//! What runs futures.

use tokio::runtime::{Builder, Runtime};

use crate::failure::Failure;

/// A runtime for as long as a command takes.
pub(crate) fn runtime() -> Result<Runtime, Failure> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| Failure::unavailable(format!("no runtime can be started: {error}")))
}
