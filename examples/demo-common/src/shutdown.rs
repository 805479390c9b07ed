//! When to stop.

use std::{io, time::Duration};

use tokio::{sync::watch, time};

/// How long requests that are being served may take once the process was told
/// to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells every part of the process when to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// Stops on SIGTERM and SIGINT, which are caught from now on.
    ///
    /// # Errors
    ///
    /// If they cannot be caught.
    pub(crate) fn on_signal() -> io::Result<Self> {
        let signal = signal()?;
        let (tell, told) = watch::channel(false);
        tokio::spawn(async move {
            signal.await;
            tracing::info!("stopping");
            let _ = tell.send(true);
        });
        Ok(Self(told))
    }

    /// Returns when the process shall stop.
    pub async fn requested(mut self) {
        // An error: nobody is left who could ask.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// Returns when the process shall not wait for its requests any longer.
    pub(crate) async fn out_of_patience(self) {
        self.requested().await;
        time::sleep(PATIENCE).await;
    }
}

#[cfg(unix)]
fn signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(not(unix))]
fn signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
