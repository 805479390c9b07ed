//! Keys that change.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::{
        Barrier, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

use super::{KeysUnavailable as Unavailable, VerifyErrorKind::*, *};
/// A source that does what the test says.
#[derive(Clone)]
struct Source {
    keys: LiveKeys,
    asked: Arc<AtomicUsize>,
    answer: Arc<Mutex<Box<dyn FnMut() -> MissingKey + Send>>>,
}

impl KeySource for Source {
    fn keys(&self) -> &LiveKeys {
        &self.keys
    }

    fn missing(&self) -> MissingKey {
        self.asked.fetch_add(1, SeqCst);
        (self.answer.lock().unwrap())()
    }
}

struct Bench {
    source: Source,
    now: Arc<AtomicI64>,
}

const MINUTE: Duration = Duration::from_secs(60);

impl Bench {
    fn new() -> Self {
        Self {
            source: Source {
                keys: LiveKeys::new(&[Algorithm::HS256]),
                asked: Arc::default(),
                answer: Arc::new(Mutex::new(Box::new(|| MissingKey::Absent))),
            },
            now: Arc::new(AtomicI64::new(NOW * 1000)),
        }
    }

    fn verifier(&self) -> Verifier {
        self.builder().build().unwrap()
    }

    fn builder(&self) -> VerifierBuilder<Ready, Ready, Ready> {
        Verifier::builder()
            .keys_from(self.source.clone())
            .issuer(ISS)
            .audience("api")
            .leeway(Duration::ZERO)
            .cache(TokenCache::new().with_shared_secrets())
            .clock(SharedClock::new(Turned(self.now.clone())))
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::Relaxed))
    }

    fn turn(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        self.now.fetch_add(by, Ordering::Relaxed);
    }

    /// Settled for five seconds, good for half a minute.
    fn terms(&self) -> KeyTerms {
        KeyTerms {
            settled_until: self.now().saturating_add(MINUTE / 12),
            good_until: self.now().saturating_add(MINUTE / 2),
        }
    }

    fn publish(&self, keys: &[&SigningKey]) -> bool {
        let keys = keys.iter().map(|key| key.verifying_key()).collect();
        self.source.keys.publish(keys, self.terms())
    }

    fn on_missing(&self, answer: impl FnMut() -> MissingKey + Send + 'static) {
        *self.source.answer.lock().unwrap() = Box::new(answer);
    }

    fn asked(&self) -> usize {
        self.source.asked.load(SeqCst)
    }
}

fn named(byte: u8, name: &str) -> SigningKey {
    key(byte).with_key_id(name)
}

/// Of the fixed claims, which are good for a minute.
fn by(key: &SigningKey) -> String {
    signed(key, &key.header_json(Some("JWT")), &claims())
}

fn unavailable(secs: u64) -> Unavailable {
    Unavailable {
        retry_after: Duration::from_secs(secs),
    }
}

fn poll(pending: &mut PendingVerification) -> Poll<Result<Verified, VerifyError>> {
    let mut context = Context::from_waker(Waker::noop());
    Pin::new(pending).poll(&mut context)
}

/// What comes of it, where nobody has to wait in earnest.
fn outcome(verifier: &Verifier, token: &str) -> Result<(), VerifyErrorKind> {
    let result = match verifier.verify(token.as_bytes()) {
        Verification::Done(result) => result,
        Verification::Pending(mut pending) => match poll(&mut pending) {
            Poll::Ready(result) => result,
            Poll::Pending => panic!("it still waits"),
        },
    };
    result.map(drop).map_err(|error| error.kind())
}

#[test]
fn a_verifier_may_begin_without_keys() {
    let bench = Bench::new();
    let verifier = bench.verifier();
    let first = named(1, "1");
    assert_eq!(outcome(&verifier, &by(&first)), Err(KeysUnavailable));
    bench.on_missing(|| MissingKey::Unavailable(unavailable(7)));
    let error = verifier.verify_now(by(&first).as_bytes()).unwrap_err();
    assert_eq!(error.kind(), KeysUnavailable);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert!(error.kind().is_unavailable());

    assert!(bench.publish(&[&first]));
    let asked = bench.asked();
    for _ in 0..3 {
        assert_eq!(outcome(&verifier, &by(&first)), Ok(()));
    }
    assert_eq!(verifier.cache_len_and_bytes().0, 1);
    assert_eq!(bench.asked(), asked);
}

#[test]
fn of_no_algorithm_there_can_be_no_keys() {
    let source = Source {
        keys: LiveKeys::new(&[]),
        ..Bench::new().source
    };
    let builder = Verifier::builder().keys_from(source);
    assert!(builder.issuer(ISS).audience("api").build().is_err());
}

#[test]
fn a_token_waits_for_its_key_and_is_looked_at_once_more() {
    let bench = Arc::new(Bench::new());
    let verifier = bench.verifier();
    let (first, second) = (named(1, "1"), named(2, "2"));
    bench.publish(&[&first]);
    // Who has just been asked is not asked again.
    assert_eq!(outcome(&verifier, &by(&second)), Err(UnknownKey));
    assert_eq!(bench.asked(), 0);
    bench.turn(MINUTE / 12);
    let own = bench.clone();
    bench.on_missing(move || {
        let own = own.clone();
        let rolled = named(2, "2");
        MissingKey::Wait(Box::pin(async move {
            own.publish(&[&named(1, "1"), &rolled]);
            Ok(())
        }))
    });
    let token = by(&second);
    let mut pending = match verifier.verify(token.as_bytes()) {
        Verification::Pending(pending) => pending,
        done => panic!("{done:?}"),
    };
    // The others go on meanwhile.
    assert_eq!(outcome(&verifier, &by(&first)), Ok(()));
    let Poll::Ready(verified) = poll(&mut pending) else {
        panic!("the keys are there");
    };
    assert_eq!(verified.unwrap().subject_name(), Some("alice"));
    assert!(poll(&mut pending).is_pending());
    assert_eq!(bench.asked(), 1);

    // Where nothing came of it, that is final.
    bench.turn(MINUTE / 12);
    bench.on_missing(|| MissingKey::Wait(Box::pin(ready(Ok(())))));
    assert_eq!(outcome(&verifier, &by(&named(3, "3"))), Err(UnknownKey));
    assert_eq!(bench.asked(), 2);
    // Where waiting is not possible, nobody knows.
    let error = verifier.verify_now(by(&named(3, "3")).as_bytes());
    assert_eq!(error.unwrap_err().kind(), KeysUnavailable);
    // Nor where the issuer did not answer.
    bench.on_missing(|| MissingKey::Wait(Box::pin(ready(Err(unavailable(1))))));
    assert_eq!(
        outcome(&verifier, &by(&named(3, "3"))),
        Err(KeysUnavailable)
    );
    // Unless the key has come all the same.
    let own = bench.clone();
    bench.on_missing(move || {
        own.publish(&[&named(3, "3")]);
        MissingKey::Wait(Box::pin(ready(Err(unavailable(1)))))
    });
    assert_eq!(outcome(&verifier, &by(&named(3, "3"))), Ok(()));
}

#[test]
fn a_key_may_be_replaced_under_its_name_and_tokens_may_name_none() {
    let bench = Bench::new();
    let verifier = bench.verifier();
    bench.publish(&[&named(1, "1")]);
    bench.turn(MINUTE / 12);
    for replaced in [named(2, "1"), key(3)] {
        let asked = bench.asked();
        assert_eq!(outcome(&verifier, &by(&replaced)), Err(BadSignature));
        assert_eq!(bench.asked(), asked + 1);
        // What was found bad is asked about again.
        assert_eq!(outcome(&verifier, &by(&replaced)), Err(BadSignature));
        assert_eq!(bench.asked(), asked + 2);
        // And is looked at again as soon as the keys change.
        bench.publish(&[&replaced]);
        assert_eq!(outcome(&verifier, &by(&replaced)), Ok(()));
        bench.turn(MINUTE / 12);
    }
}

#[test]
fn nobody_is_asked_about_a_token_that_would_be_refused_anyway() {
    let bench = Bench::new();
    let verifier = bench.verifier();
    let stranger = named(9, "9");
    let header = stranger.header_json(Some("JWT"));
    let refused = |claims: &Value| signed(&stranger, &header, claims);
    let tokens = [
        refused(&with("iss", json!("https://other.example"))),
        refused(&with("aud", json!("other"))),
        refused(&with("exp", json!(NOW - 1))),
        refused(&without("exp")),
        refused(&with("iat", json!("now"))),
        by_hand(r#"{"alg":"ES256","kid":"9"}"#, &claims()),
        by_hand(r#"{"alg":"none","kid":"9"}"#, &claims()),
        by_hand(r#"{"alg":"HS256","kid":"9","typ":"dpop+jwt"}"#, &claims()),
        "garbage".to_owned(),
    ];
    // A 401 all the same, before there is any key and when they are too old.
    for publish in [false, true] {
        if publish {
            bench.publish(&[&named(1, "1")]);
            bench.turn(MINUTE / 2);
        }
        for token in &tokens {
            let refusal = outcome(&verifier, token).unwrap_err();
            assert!(!refusal.is_unavailable(), "{token}: {refusal:?}");
        }
    }
    assert_eq!(bench.asked(), 0);
    assert_eq!(outcome(&verifier, &by(&stranger)), Err(KeysUnavailable));
    assert_eq!(bench.asked(), 1);
}

#[test]
fn what_was_verified_leaves_with_its_key() {
    let bench = Bench::new();
    let verifier = bench.verifier();
    let (first, second) = (named(1, "1"), named(2, "2"));
    bench.publish(&[&first, &second]);
    let [one, two] = [by(&first), by(&second)];
    assert_eq!(outcome(&verifier, &one), Ok(()));
    assert_eq!(outcome(&verifier, &two), Ok(()));
    // In another order, and with others: they stay.
    assert!(bench.publish(&[&second, &named(3, "3"), &first]));
    assert_eq!(verifier.cache_len_and_bytes().0, 2);
    assert_eq!(outcome(&verifier, &one), Ok(()));
    assert_eq!(verifier.cache_len_and_bytes().0, 2);
    assert!(bench.publish(&[&second]));
    assert_eq!(outcome(&verifier, &one), Err(UnknownKey));
    assert_eq!(outcome(&verifier, &two), Ok(()));
    // Back again, it is another lease.
    bench.publish(&[&first]);
    assert_eq!(outcome(&verifier, &one), Ok(()));
    assert_eq!(outcome(&verifier, &two), Err(UnknownKey));
    bench.source.keys.withdraw();
    assert_eq!(outcome(&verifier, &one), Err(KeysUnavailable));
}

#[test]
fn keys_that_nobody_has_seen_for_long_serve_no_more() {
    let bench = Bench::new();
    let verifier = bench.verifier();
    let first = named(1, "1");
    bench.publish(&[&first]);
    let token = by(&first);
    for _ in 0..2 {
        assert_eq!(outcome(&verifier, &token), Ok(()));
        bench.turn(MINUTE / 2 - Duration::from_millis(1));
        assert_eq!(outcome(&verifier, &token), Ok(()));
        bench.turn(Duration::from_millis(1));
        assert_eq!(outcome(&verifier, &token), Err(KeysUnavailable));
        bench.now.store(NOW * 1000, Ordering::Relaxed);
        assert_eq!(outcome(&verifier, &token), Ok(()));
    }
    bench.turn(MINUTE / 4);
    bench.source.keys.extend(bench.terms());
    bench.turn(MINUTE / 2 - Duration::from_millis(1));
    assert_eq!(outcome(&verifier, &token), Ok(()));
    let asked = bench.asked();
    assert!(!bench.publish(&[&first]), "nothing has changed");
    assert_eq!(outcome(&verifier, &token), Ok(()));
    assert_eq!(bench.asked(), asked);
}

/// The remembered token has the lease of the key it was verified with, however
/// late it is remembered.
#[test]
fn what_was_being_verified_while_its_key_left_is_refused_afterwards() {
    let bench = Bench::new();
    let first = named(1, "1");
    bench.publish(&[&first]);
    let barrier = Arc::new(Barrier::new(2));
    /// Stops the verification when it asks for the time to check the claims.
    struct Stopping(Turned, Arc<Barrier>, AtomicUsize);
    impl Clock for Stopping {
        fn now(&self) -> Timestamp {
            // First for forged tokens, then for the keys, then for the claims.
            if self.2.fetch_add(1, SeqCst) == 2 {
                self.1.wait();
                self.1.wait();
            }
            self.0.now()
        }
    }
    let clock = Stopping(
        Turned(bench.now.clone()),
        barrier.clone(),
        AtomicUsize::new(0),
    );
    let verifier = bench.builder().clock(SharedClock::new(clock));
    let verifier = verifier.build().unwrap();
    let token = by(&first);
    std::thread::scope(|scope| {
        let verification = scope.spawn(|| outcome(&verifier, &token));
        barrier.wait();
        bench.publish(&[&named(2, "2")]);
        barrier.wait();
        assert_eq!(verification.join().unwrap(), Ok(()));
    });
    assert_eq!(verifier.cache_len_and_bytes().0, 1);
    assert_eq!(outcome(&verifier, &token), Err(UnknownKey));
}

/// And a token that was found bad while its key arrived is not refused for it.
#[test]
fn what_was_being_verified_while_its_key_came_is_looked_at_again() {
    let bench = Arc::new(Bench::new());
    let (first, second) = (named(1, "1"), named(2, "2"));
    bench.publish(&[&first]);
    /// Publishes when the verification asks for the time to remember the token as
    /// forged.
    struct Publishing(Turned, Arc<Bench>, AtomicUsize);
    impl Clock for Publishing {
        fn now(&self) -> Timestamp {
            if self.2.fetch_add(1, SeqCst) == 2 {
                self.1.publish(&[&named(1, "1"), &named(2, "2")]);
            }
            self.0.now()
        }
    }
    let clock = Publishing(
        Turned(bench.now.clone()),
        bench.clone(),
        AtomicUsize::new(0),
    );
    let verifier = bench.builder().clock(SharedClock::new(clock));
    let verifier = verifier.build().unwrap();
    assert_eq!(outcome(&verifier, &by(&second)), Ok(()));
    assert_eq!(bench.asked(), 0);
}

#[test]
fn verifiers_and_combinations_share_what_changes() {
    let bench = Bench::new();
    let own = builder().build().unwrap();
    let other = bench.builder().build().unwrap();
    let audience = Verifier::builder()
        .keys_from(bench.source.clone())
        .issuer(ISS)
        .audience("second")
        .clock(SharedClock::new(Turned(bench.now.clone())))
        .build()
        .unwrap();
    let combined = Verifier::combine([audience, other.clone()]).unwrap();
    let first = named(7, "7");
    let to_second = signed(
        &first,
        &first.header_json(Some("JWT")),
        &with("aud", json!("second")),
    );
    bench.publish(&[&first]);
    for verifier in [&other, &combined] {
        assert_eq!(outcome(verifier, &by(&first)), Ok(()));
    }
    assert_eq!(outcome(&combined, &to_second), Ok(()));
    assert_eq!(outcome(&own, &by(&first)), Err(BadSignature));
    bench.publish(&[&named(8, "8")]);
    for verifier in [&other, &combined] {
        assert_eq!(outcome(verifier, &by(&first)), Err(UnknownKey));
        assert_eq!(outcome(verifier, &by(&named(8, "8"))), Ok(()));
    }
}

/// More headers than the table of one set of keys has room for.
#[test]
fn headers_are_learnt_anew_after_every_change() {
    let bench = Bench::new();
    let verifier = bench.builder().cache(TokenCache::new().max_bytes(0));
    let verifier = verifier.build().unwrap();
    for number in 1..=40 {
        let key = named(number, &number.to_string());
        bench.publish(&[&key]);
        assert!(!verifier.knows_header(&by(&key)));
        assert_eq!(outcome(&verifier, &by(&key)), Ok(()));
        assert!(verifier.knows_header(&by(&key)));
    }
}
