//! Reading the store over and over.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll},
};

use super::{Revocations, reading::FullReading};
use crate::session::StoreError;

/// After how many readings everything that still matters is read again, not only
/// what is new: a transaction that was hidden for long is found then.
const THOROUGH: u8 = 12;

/// How many readings of what is new one page of everything may take.
const LONGEST_PAGE: u8 = 12;

impl Revocations {
    /// Keeps the snapshot up to date by reading the store, with a `pause` after each
    /// time: what the tasks are made of that the crates of the stores have. It ends
    /// only when it is dropped.
    ///
    /// Everything that still matters is read first, every twelfth time, and after a
    /// reading that failed: a gap may have been longer than the next one looks back.
    /// That takes as long as it takes, page by page, and beside it what is new is read
    /// after each `pause`, so that the snapshot does not grow old meanwhile. A page that
    /// fails is asked for again; one that has not come after twelve pauses is given up,
    /// and the reading begins anew.
    ///
    /// ```
    /// use std::{future::Future, time::Duration};
    /// use portcullis::session::Revocations;
    ///
    /// /// `sleep` is that of your runtime.
    /// async fn keep<S: Future<Output = ()>>(revocations: Revocations, sleep: fn(Duration) -> S) {
    ///     match revocations.follow(|| sleep(Duration::from_secs(5))).await {}
    /// }
    /// ```
    pub async fn follow<P>(&self, mut pause: impl FnMut() -> P) -> Infallible
    where
        P: Future<Output = ()>,
    {
        let mut full = Beside::default();
        let mut failing = false;
        let mut until_thorough = 0;
        loop {
            if until_thorough == 0 {
                full.go_on(self);
                until_thorough = THOROUGH;
            }
            let news = full.run_beside(self.read_beside()).await;
            let result = news.and(full.take_outcome());
            match &result {
                Err(error) if !failing => {
                    tracing::warn!(error = error.cause(), "cannot read what was revoked");
                }
                Ok(()) if failing && !full.is_running() => {
                    tracing::info!("can read again what was revoked");
                }
                _ => {}
            }
            failing = result.is_err() || failing && full.is_running();
            until_thorough = match result {
                Ok(()) => until_thorough - 1,
                Err(_) => 0,
            };
            full.run_beside(pause()).await;
        }
    }
}

/// The reading of everything, which goes on while something else is waited for.
#[derive(Default)]
struct Beside {
    running: Option<Running>,
    /// One that failed.
    left: Option<FullReading>,
    outcome: Option<StoreError>,
    watch: Watch,
}

type Running = Pin<Box<dyn Future<Output = (FullReading, Result<(), StoreError>)> + Send>>;

/// Sees to it that a reading gets on.
#[derive(Default)]
struct Watch {
    pages: Arc<AtomicUsize>,
    /// How many there were when it began, or went on.
    before: usize,
    seen: usize,
    waited: u8,
}

impl Beside {
    /// Begins a reading, unless one is running, or goes on with one that failed, unless it
    /// has failed twice at the same page.
    fn go_on(&mut self, revocations: &Revocations) {
        if self.running.is_some() {
            return;
        }
        let left = self.left.take().filter(|_| self.watch.gets_on());
        let mut reading = left.unwrap_or_default();
        self.watch = Watch::of(&reading);
        let revocations = revocations.clone();
        self.running = Some(Box::pin(async move {
            let result = revocations.read_all(&mut reading).await;
            (reading, result)
        }));
    }

    async fn run_beside<T>(&mut self, other: impl Future<Output = T>) -> T {
        let mut other = pin!(other);
        poll_fn(|cx| {
            // First, or one that never waits would leave it no time.
            self.run(cx);
            other.as_mut().poll(cx)
        })
        .await
    }

    fn run(&mut self, cx: &mut Context<'_>) {
        let Some(running) = &mut self.running else {
            return;
        };
        if let Poll::Ready((reading, result)) = running.as_mut().poll(cx) {
            self.running = None;
            self.left = result.is_err().then_some(reading);
            self.outcome = result.err();
        }
    }

    fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// How the last reading ended, if it did and nobody has asked yet; one that does not
    /// get on is given up.
    fn take_outcome(&mut self) -> Result<(), StoreError> {
        if self.running.is_some() && self.watch.is_too_long() {
            self.running = None;
            return Err(StoreError::unavailable(
                "a page of revocations does not come",
            ));
        }
        self.outcome.take().map_or(Ok(()), Err)
    }
}

impl Watch {
    fn of(reading: &FullReading) -> Self {
        let pages = reading.pages.load(Relaxed);
        Self {
            pages: reading.pages.clone(),
            before: pages,
            seen: pages,
            waited: 0,
        }
    }

    fn gets_on(&self) -> bool {
        self.pages.load(Relaxed) != self.before
    }

    /// Asked after each reading of what is new.
    fn is_too_long(&mut self) -> bool {
        let pages = self.pages.load(Relaxed);
        self.waited = match pages == self.seen {
            true => self.waited + 1,
            false => 0,
        };
        self.seen = pages;
        self.waited > LONGEST_PAGE
    }
}
