//! A service, and somebody who waits for the end of a token by hand.

use std::{
    future::{Future, pending},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use portcullis::{
    issue::TokenIssuer,
    jose::{Algorithm, SigningKey},
    session::{
        DynSessionStore, MemoryStore, OpenSession, Revocations, Sessions, TokenPair,
        refresh::RefreshKeys,
    },
    subject::Subject,
    time::Clock,
    verify::{Ended, UntilEnded, Verified, Verifier},
};
use portcullis_testing::clock::FakeClock;

pub(crate) const TTL: Duration = Duration::from_secs(900);

pub(crate) fn alice() -> Subject {
    Subject::new("users", "alice")
}

/// A node whose clock is turned by hand.
pub(crate) struct Node {
    pub(crate) clock: FakeClock,
    pub(crate) sessions: Sessions,
    pub(crate) verifier: Verifier,
}

impl Node {
    pub(crate) fn new() -> Self {
        let clock = FakeClock::new();
        let store = DynSessionStore::new(MemoryStore::new(clock.shared()));
        Self::on(store, &clock)
    }

    pub(crate) fn on(store: DynSessionStore, clock: &FakeClock) -> Self {
        let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
        let issuer = TokenIssuer::builder(key)
            .issuer("https://issuer.example")
            .audience("https://api.example")
            .access_ttl(TTL)
            .clock(clock.shared())
            .build()
            .unwrap();
        let revocations = Revocations::new(store, clock.shared(), TTL);
        let sessions = Sessions::builder(revocations, issuer)
            .refresh_keys(RefreshKeys::generate().unwrap())
            .build()
            .unwrap();
        Self {
            clock: clock.clone(),
            verifier: sessions.verifier().build().unwrap(),
            sessions,
        }
    }

    pub(crate) async fn log_in(&self, subject: &Subject) -> TokenPair {
        let ticket = self.sessions.begin_login().await.unwrap();
        let request = OpenSession::login(subject).client("web");
        self.sessions.open(ticket, &request).await.unwrap()
    }

    pub(crate) fn verify(&self, pair: &TokenPair) -> Verified {
        let token = pair.access.token().expose();
        self.verifier.verify_now(token.as_bytes()).unwrap()
    }

    pub(crate) async fn sync(&self) {
        self.sessions.revocations().sync().await.unwrap();
    }
}

/// Somebody who waits, and counts how often they were woken.
pub(crate) struct Waiter {
    until: UntilEnded,
    woken: Arc<Woken>,
    waker: Waker,
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Waiter {
    pub(crate) fn new(until: UntilEnded) -> Self {
        let woken = Arc::<Woken>::default();
        let waker = woken.clone().into();
        Self {
            until,
            woken,
            waker,
        }
    }

    /// With a timer that never goes off: whatever wakes this was something else.
    pub(crate) fn without_timer(token: &Verified) -> Self {
        Self::new(token.ended_with(|_| pending()))
    }

    /// Looks once, woken or not.
    pub(crate) fn poll(&mut self) -> Option<Ended> {
        let mut context = Context::from_waker(&self.waker);
        match Pin::new(&mut self.until).poll(&mut context) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        }
    }

    /// Looks as often as it is woken, as a runtime does.
    pub(crate) fn run(&mut self) -> Option<Ended> {
        loop {
            self.woken.0.store(0, Ordering::SeqCst);
            if let Some(ended) = self.poll() {
                return Some(ended);
            }
            if self.times_woken() == 0 {
                return None;
            }
        }
    }

    /// Since the last look.
    pub(crate) fn times_woken(&self) -> usize {
        self.woken.0.load(Ordering::SeqCst)
    }
}

/// A timer that turns the clock as far as it is told to sleep, and keeps a list.
#[derive(Clone)]
pub(crate) struct Turning {
    clock: FakeClock,
    pub(crate) slept: Arc<Mutex<Vec<Duration>>>,
}

impl Turning {
    pub(crate) fn new(clock: &FakeClock) -> Self {
        Self {
            clock: clock.clone(),
            slept: Arc::default(),
        }
    }

    pub(crate) fn sleep(&self, duration: Duration) -> impl Future<Output = ()> + Send + use<> {
        let this = self.clone();
        async move {
            this.slept.lock().unwrap().push(duration);
            this.clock.advance(duration);
            // Whoever sleeps is woken afterwards, and reads the clock anew.
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn timer(
        &self,
    ) -> impl Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + use<> {
        let this = self.clone();
        move |duration| Box::pin(this.sleep(duration))
    }
}

/// How long until `clock` shows what it showed at `since`, and this much more.
pub(crate) fn passed(clock: &FakeClock, since: i64) -> Duration {
    let millis = clock.now().as_millis() - since;
    Duration::from_millis(u64::try_from(millis).unwrap())
}
