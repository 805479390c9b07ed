//! Waiting for something to have happened, without sleeping.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{oneshot, watch},
};

/// How long a test waits for what never comes, before it fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Wakes those who wait whenever something has changed.
#[derive(Clone, Debug)]
pub(super) struct Signal {
    changed: watch::Sender<()>,
    runtime: Handle,
}

impl Signal {
    /// A signal whose waiting is timed by `runtime`.
    pub(super) fn new(runtime: Handle) -> Self {
        let (changed, _) = watch::channel(());
        Self { changed, runtime }
    }

    pub(super) fn notify(&self) {
        self.changed.send_replace(());
    }

    /// Waits until `count` answers `wanted` or more; `what` is counted.
    pub(super) fn arrival(
        &self,
        wanted: usize,
        what: String,
        count: impl Fn() -> usize + Send + Sync + 'static,
    ) -> Arrival {
        let (sender, outcome) = oneshot::channel();
        let mut changes = self.changed.subscribe();
        self.runtime.spawn(async move {
            let enough = changes.wait_for(|()| count() >= wanted);
            let result = match tokio::time::timeout(PATIENCE, enough).await {
                Ok(_) => Ok(()),
                Err(_) => Err(format!(
                    "after {} s there were {} of {wanted} {what}",
                    PATIENCE.as_secs(),
                    count()
                )),
            };
            // Whoever asked may have gone.
            let _ = sender.send(result);
        });
        Arrival { outcome }
    }
}

/// Something that a test waits for: `.await` it, or [`wait`](Self::wait) where
/// there is no runtime.
///
/// It panics, so that the test fails, if nothing came in 30 seconds.
#[derive(Debug)]
#[must_use = "nothing is waited for until it is awaited"]
pub struct Arrival {
    outcome: oneshot::Receiver<Result<(), String>>,
}

impl Arrival {
    /// Blocks the thread until it has come.
    ///
    /// # Panics
    ///
    /// If it does not come in 30 seconds, and inside of an async function:
    /// there use `.await`.
    pub fn wait(self) {
        check(self.outcome.blocking_recv());
    }
}

impl Future for Arrival {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        check(ready!(Pin::new(&mut self.outcome).poll(cx)));
        Poll::Ready(())
    }
}

fn check(outcome: Result<Result<(), String>, oneshot::error::RecvError>) {
    let outcome = outcome.unwrap_or_else(|_| Err("the fake issuer has ended".to_owned()));
    let why = outcome.err();
    assert!(why.is_none(), "{}", why.unwrap_or_default());
}
