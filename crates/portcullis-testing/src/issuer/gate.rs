//! A gate that holds requests, or what is left of an answer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::watch;

use super::signal::{Arrival, Signal};

/// Holds what comes to it until it is [opened](Self::open), or dropped.
///
/// ```
/// use portcullis_testing::issuer::{Endpoint, FakeIssuer};
///
/// # let client = reqwest::Client::builder().no_proxy().build()?;
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// let issuer = FakeIssuer::start();
/// let gate = issuer.hold(Endpoint::Keys);
/// let fetch = tokio::spawn(client.get(issuer.keys_url()).send());
/// gate.reached(1).await;
/// // … whatever must be possible while the issuer hangs, and then:
/// assert!(!fetch.is_finished());
/// gate.open();
/// assert_eq!(fetch.await??.status(), 200);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a gate that is dropped is open"]
pub struct Gate {
    barrier: Arc<Barrier>,
    signal: Signal,
}

impl Gate {
    pub(super) fn new(signal: Signal) -> Self {
        let barrier = Barrier {
            is_open: watch::Sender::new(false),
            reached: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
        };
        Self {
            barrier: Arc::new(barrier),
            signal,
        }
    }

    /// Lets everything through, now and later.
    pub fn open(&self) {
        self.barrier.is_open.send_replace(true);
    }

    /// Waits until `count` have come to it since it was made.
    pub fn reached(&self, count: usize) -> Arrival {
        let barrier = Arc::clone(&self.barrier);
        let what = "that come to the gate".to_owned();
        self.signal
            .arrival(count, what, move || barrier.reached.load(Ordering::SeqCst))
    }

    /// How many wait at it now: those whose client has not gone away.
    pub fn waiting(&self) -> usize {
        self.barrier.waiting.load(Ordering::SeqCst)
    }

    pub(super) fn barrier(&self) -> Arc<Barrier> {
        Arc::clone(&self.barrier)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.open();
    }
}

/// The side of a gate that requests see.
#[derive(Debug)]
pub(super) struct Barrier {
    is_open: watch::Sender<bool>,
    reached: AtomicUsize,
    waiting: AtomicUsize,
}

impl Barrier {
    /// Ends when the gate is open.
    pub(super) async fn pass(&self, signal: &Signal) {
        let mut changes = self.is_open.subscribe();
        if *changes.borrow_and_update() {
            return;
        }
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(self);
        self.reached.fetch_add(1, Ordering::SeqCst);
        signal.notify();
        // The sender is in `self`, so there is one.
        let _ = changes.wait_for(|is_open| *is_open).await;
    }
}

/// One that waits, for as long as its client does.
struct Waiting<'b>(&'b Barrier);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}
