//! The log: to stderr, by `RUST_LOG`.

use std::{
    env,
    io::{self, IsTerminal},
};

use tracing::Level;
use tracing_subscriber::{
    Layer, filter::Targets, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

/// Sends the log to stderr. `RUST_LOG` says what is in it, such as `portcullis=debug` or
/// `info,portcullis=debug`; `info` unless set.
pub(crate) fn init() {
    let wanted = env::var("RUST_LOG").unwrap_or_default();
    let filter = match wanted.parse::<Targets>() {
        Ok(filter) if !wanted.is_empty() => filter,
        _ => Targets::new().with_default(Level::INFO),
    };
    let lines = fmt::layer()
        .with_writer(io::stderr)
        // It would say so on stderr, and panic there: a full disk under the log
        // must not stop a request.
        .log_internal_errors(false)
        .with_ansi(io::stderr().is_terminal());
    // An error: there is a log already, which will do.
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .try_init();
}
