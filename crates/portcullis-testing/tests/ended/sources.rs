//! Sources of revocations of an application's own, and tokens about which nobody
//! can be asked.

use std::{
    future::{Future, pending, ready},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use portcullis::{
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    time::Clock,
    verify::{
        Ended, IntrospectTokens, Introspection, Status, TokenCache, TokenStatus, UntilEnded,
        Verified, Verifier,
    },
};
use portcullis_testing::clock::FakeClock;

use crate::bench::{TTL, Turning, Waiter, alice, passed};

/// Says what it is told to, and counts how often it is asked.
#[derive(Clone)]
struct Told {
    answer: Arc<Mutex<fn() -> Status>>,
    asked: Arc<AtomicUsize>,
    /// Whether it says at all times that something has changed.
    is_restless: bool,
}

impl Told {
    fn new(answer: fn() -> Status) -> Self {
        Self {
            answer: Arc::new(Mutex::new(answer)),
            asked: Arc::default(),
            is_restless: false,
        }
    }

    fn say(&self, answer: fn() -> Status) {
        *self.answer.lock().unwrap() = answer;
    }
}

impl TokenStatus for Told {
    fn status(&self, _: &Verified) -> Status {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = *self.answer.lock().unwrap();
        answer()
    }

    fn changed(&self, _: &Verified) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        self.is_restless.then(|| Box::pin(ready(())) as _)
    }
}

/// A token of an issuer that asks `status`.
fn verified(clock: &FakeClock, status: &Told) -> Verified {
    let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    let issuer = TokenIssuer::builder(key)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .access_ttl(TTL)
        .clock(clock.shared())
        .build()
        .unwrap();
    let subject = alice();
    let token = issuer.access(&AccessToken::new(&subject).client("web"));
    let token = token.unwrap();
    let verifier = issuer.verifier().status(status.clone()).build().unwrap();
    let verified = verifier.verify_now(token.token().expose().as_bytes());
    status.asked.store(0, Ordering::SeqCst);
    verified.unwrap()
}

#[tokio::test]
async fn a_source_that_does_not_tell_is_asked_at_intervals() {
    let clock = FakeClock::new();
    let status = Told::new(|| Status::Clear);
    let verified = verified(&clock, &status);
    let timer = Turning::new(&clock);
    let interval = Duration::from_secs(TTL.as_secs() / 10);
    let until = verified.ended_with(timer.timer()).check_every(interval);
    assert_eq!(until.await, Ended::Expired);
    // At the start, and at all ends of an interval but the last.
    assert_eq!(status.asked.load(Ordering::SeqCst), 10);
    assert_eq!(*timer.slept.lock().unwrap(), [interval; 10]);
}

#[tokio::test]
async fn a_source_that_does_not_tell_is_believed_at_the_next_interval() {
    let clock = FakeClock::new();
    let status = Told::new(|| Status::Clear);
    let verified = verified(&clock, &status);
    let start = clock.now().as_millis();
    let (timer, told) = (Turning::new(&clock), status.clone());
    let sleep = move |duration| {
        told.say(|| Status::Revoked);
        timer.sleep(duration)
    };
    assert_eq!(verified.ended_with(sleep).await, Ended::Revoked);
    assert_eq!(
        passed(&clock, start),
        UntilEnded::DEFAULT_CHECK_EVERY,
        "not asked at the first interval"
    );
}

#[test]
fn polls_for_other_reasons_ask_nobody() {
    let clock = FakeClock::new();
    let status = Told::new(|| Status::Clear);
    let mut waiter = Waiter::without_timer(&verified(&clock, &status));
    for _ in 0..100 {
        assert_eq!(waiter.poll(), None);
    }
    assert_eq!(status.asked.load(Ordering::SeqCst), 1);
}

#[test]
fn a_source_that_always_sees_changes_does_not_hold_up_others() {
    let clock = FakeClock::new();
    let mut status = Told::new(|| Status::Clear);
    status.is_restless = true;
    let mut waiter = Waiter::without_timer(&verified(&clock, &status));
    for times in 1..10 {
        assert_eq!(waiter.poll(), None);
        assert_eq!(waiter.times_woken(), times);
        assert_eq!(status.asked.load(Ordering::SeqCst), times);
    }
    status.say(|| Status::Revoked);
    assert_eq!(waiter.run(), Some(Ended::Revoked));
}

#[tokio::test]
async fn answers_may_take_their_time_and_must_come() {
    let later = || {
        Status::Pending(Box::pin(async {
            Status::Pending(Box::pin(ready(Status::Clear)))
        }))
    };
    let revoked = || Status::Pending(Box::pin(ready(Status::Revoked)));
    let never = || Status::Pending(Box::pin(pending()));
    let clock = FakeClock::new();
    let status = Told::new(|| Status::Clear);
    let verified = verified(&clock, &status);

    status.say(later);
    let mut waiter = Waiter::without_timer(&verified);
    assert_eq!(waiter.run(), None);
    status.say(revoked);
    let mut waiter = Waiter::without_timer(&verified);
    assert_eq!(waiter.run(), Some(Ended::Revoked));

    // Nobody can say: the end, after the interval and the patience.
    status.say(never);
    let start = clock.now();
    let timer = Turning::new(&clock);
    let ended = verified.ended_with(timer.timer()).await;
    assert_eq!(ended, Ended::Unavailable);
    let longest = UntilEnded::DEFAULT_CHECK_EVERY + UntilEnded::DEFAULT_UNKNOWN_FOR;
    assert_eq!(passed(&clock, start.as_millis()), longest);

    // The expiry does not wait for it.
    clock.set(start);
    let timer = Turning::new(&clock);
    let until = verified.ended_with(timer.timer()).unknown_for(2 * TTL);
    assert_eq!(until.await, Ended::Expired);
}

#[tokio::test]
async fn an_unknown_status_ends_nothing_if_it_is_known_in_time() {
    let clock = FakeClock::new();
    let status = Told::new(|| Status::Unknown);
    let verified = verified_while_clear(&clock, &status);
    let (timer, told) = (Turning::new(&clock), status.clone());
    let sleep = move |duration| {
        // Known again at every second look.
        let asked = told.asked.load(Ordering::SeqCst);
        told.say(if asked.is_multiple_of(2) {
            || Status::Unknown
        } else {
            || Status::Clear
        });
        timer.sleep(duration)
    };
    let patience = Duration::from_secs(20);
    let until = verified.ended_with(sleep).unknown_for(patience);
    assert_eq!(until.await, Ended::Expired);
}

fn verified_while_clear(clock: &FakeClock, status: &Told) -> Verified {
    let answer = *status.answer.lock().unwrap();
    status.say(|| Status::Clear);
    let verified = verified(clock, status);
    status.say(answer);
    verified
}

/// The issuer was asked, and told no `exp`.
struct Opaque(&'static str);

impl IntrospectTokens for Opaque {
    fn introspect(&self, _: &str) -> Introspection {
        Introspection::Active(self.0.into())
    }
}

#[test]
fn a_token_about_which_nobody_can_be_asked_never_ends() {
    let clock = FakeClock::new();
    let claims = r#"{"active":true,"aud":"api","sub":"alice"}"#;
    let builder = || {
        Verifier::builder()
            .introspected_by(Opaque(claims))
            .issuer("https://issuer.example")
            .audience("api")
            .clock(clock.shared())
    };
    let verified = builder().build().unwrap().verify_now(b"opaque").unwrap();
    // It does not even set a timer.
    let sleep = |_| -> std::future::Pending<()> { panic!("a timer was set") };
    let mut waiter = Waiter::new(verified.ended_with(sleep));
    clock.advance(1000 * TTL);
    assert_eq!(waiter.run(), None);

    let status = Told::new(|| Status::Clear);
    let verifier = builder().status(status.clone()).build().unwrap();
    let verified = verifier.verify_now(b"opaque").unwrap();
    let mut waiter = Waiter::without_timer(&verified);
    assert_eq!(waiter.run(), None);
    status.say(|| Status::Revoked);
    let mut waiter = Waiter::without_timer(&verified);
    assert_eq!(waiter.run(), Some(Ended::Revoked));
}

/// Its tokens lie in its cache, and lead to what it asks.
#[test]
fn a_verifier_that_is_gone_leaves_nothing_behind() {
    let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    let issuer = TokenIssuer::builder(key)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
        .unwrap();
    let subject = alice();
    let token = issuer.access(&AccessToken::new(&subject).client("web"));
    let token = token.unwrap();
    let status = Told::new(|| Status::Clear);
    let alive = Arc::downgrade(&status.answer);
    let builder = issuer.verifier().status(status);
    let cache = TokenCache::new().with_shared_secrets();
    let verifier = builder.cache(cache).build().unwrap();
    let verify = || verifier.verify_now(token.token().expose().as_bytes());
    drop(verify().unwrap());
    let verified = verify().unwrap();
    let ended = verified.ended_with(|_| pending::<()>());
    drop((verifier, verified));
    assert_ne!(alive.strong_count(), 0);
    drop(ended);
    assert_eq!(alive.strong_count(), 0);
}
