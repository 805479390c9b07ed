//! When to read files again.

use std::io;

/// Tells of each SIGHUP. On systems that have none it never comes.
#[derive(Debug)]
pub(crate) struct Hangups {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangups {
    /// Catches the signal from now on, which otherwise ends the process.
    ///
    /// # Errors
    ///
    /// If it cannot be caught.
    #[cfg(unix)]
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let signal = signal(SignalKind::hangup())?;
        Ok(Self { signal })
    }

    #[cfg(not(unix))]
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Returns at the next one; `None` if there will be none.
    #[cfg(unix)]
    pub(crate) async fn next(&mut self) -> Option<()> {
        self.signal.recv().await
    }

    #[cfg(not(unix))]
    pub(crate) async fn next(&mut self) -> Option<()> {
        None
    }
}
