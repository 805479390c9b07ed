//! Replacing what a running verifier trusts.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::atomic::AtomicBool,
    task::{Context, Poll, Waker},
    thread::{self, scope},
};

use super::*;
use crate::ConfigError;

/// Trusts the tokens of this key, which name the issuer of this name.
pub(super) fn of(byte: u8, issuer: &str) -> Verifier {
    let builder = Verifier::builder().keys(key(byte).verifying_key());
    let builder = builder.issuer(issuer).audience("api").clock(clock());
    builder
        .cache(TokenCache::new().with_shared_secrets())
        .build()
        .unwrap()
}

pub(super) fn token_of(byte: u8, issuer: &str) -> String {
    let claims = with("iss", json!(issuer));
    signed(&key(byte), r#"{"alg":"HS256"}"#, &claims)
}

pub(super) fn accepts(verifier: &Verifier, token: &str) -> bool {
    kind(verifier, token).is_ok()
}

#[test]
fn clones_and_combinations_see_it() {
    let (a, b) = (of(1, "a"), of(2, "b"));
    let (clone, both) = (
        a.clone(),
        Verifier::combine([a.clone(), b.clone()]).unwrap(),
    );
    let all = Verifier::combine([both.clone(), of(3, "c")]).unwrap();
    let [old, new, other] = [token_of(1, "a"), token_of(4, "d"), token_of(2, "b")];
    for verifier in [&a, &clone, &both, &all] {
        assert!(accepts(verifier, &old) && !accepts(verifier, &new));
    }
    a.replace(of(4, "d")).unwrap();
    for verifier in [&a, &clone, &both, &all] {
        assert!(!accepts(verifier, &old) && accepts(verifier, &new));
    }
    assert!(accepts(&both, &other) && accepts(&all, &other) && accepts(&all, &token_of(3, "c")));
    // A combination is replaced as any other, and its members are then their own.
    both.replace(of(5, "e")).unwrap();
    a.replace(of(1, "a")).unwrap();
    assert!(accepts(&a, &old) && !accepts(&both, &old) && !accepts(&all, &old));
    assert!(accepts(&all, &token_of(5, "e")) && !accepts(&all, &other));
}

#[test]
fn what_was_remembered_is_gone() {
    let verifier = of(1, "a");
    let combined = Verifier::combine([verifier.clone(), of(2, "b")]).unwrap();
    for verifier in [&verifier, &combined] {
        assert!(accepts(verifier, &token_of(1, "a")));
        assert!(!accepts(verifier, &token_of(9, "a")));
        assert_eq!(verifier.cache_len_and_bytes().0, 1);
        assert!(verifier.has_forged(&token_of(9, "a")));
    }
    verifier.replace(of(9, "a")).unwrap();
    for verifier in [&verifier, &combined] {
        assert_eq!(verifier.cache_len_and_bytes().0, 0);
        assert!(!accepts(verifier, &token_of(1, "a")));
        assert!(accepts(verifier, &token_of(9, "a")));
    }
}

#[test]
fn a_combination_that_would_be_none_keeps_what_there_is() {
    let (a, b) = (of(1, "a"), of(2, "b"));
    let both = Verifier::combine([a.clone(), b.clone()]).unwrap();
    let refused = a.replace(of(3, "b")).unwrap_err();
    assert!(
        refused.to_string().contains("would never be asked"),
        "{refused}"
    );
    for verifier in [&a, &both] {
        assert!(accepts(verifier, &token_of(1, "a")) && !accepts(verifier, &token_of(3, "b")));
    }
    // Nobody is concerned any more.
    drop(both);
    a.replace(of(3, "b")).unwrap();
    assert!(accepts(&a, &token_of(3, "b")) && accepts(&b, &token_of(2, "b")));
}

#[test]
fn nothing_is_part_of_itself() {
    let (a, b) = (of(1, "a"), of(2, "b"));
    let both = Verifier::combine([a.clone(), b]).unwrap();
    let all = Verifier::combine([both.clone(), of(3, "c")]).unwrap();
    let circle = |result: Result<(), ConfigError>| {
        let error = result.unwrap_err().to_string();
        assert!(error.contains("part of"), "{error}");
    };
    circle(a.replace(both.clone()));
    circle(a.replace(all.clone()));
    circle(both.replace(all.clone()));
    // It stays what it is, and forgets.
    for verifier in [&a, &both, &all] {
        assert!(accepts(verifier, &token_of(1, "a")));
        verifier.replace(verifier.clone()).unwrap();
        assert_eq!(verifier.cache_len_and_bytes().0, 0);
        assert!(accepts(verifier, &token_of(1, "a")));
    }
    a.replace(of(4, "d")).unwrap();
    assert!(accepts(&all, &token_of(4, "d")) && !accepts(&all, &token_of(1, "a")));
    // Up is another direction than down.
    all.replace(a.clone()).unwrap();
    assert!(accepts(&all, &token_of(4, "d")) && !accepts(&all, &token_of(3, "c")));
}

#[test]
fn what_is_replaced_by_a_combination_becomes_one() {
    let (a, verifier) = (of(1, "a"), of(9, "i"));
    let both = Verifier::combine([a.clone(), of(2, "b")]).unwrap();
    verifier.replace(both.clone()).unwrap();
    drop(both);
    assert!(accepts(&verifier, &token_of(1, "a")) && accepts(&verifier, &token_of(2, "b")));
    a.replace(of(3, "c")).unwrap();
    assert!(accepts(&verifier, &token_of(3, "c")) && !accepts(&verifier, &token_of(1, "a")));
    // Until it is something else.
    verifier.replace(of(5, "e")).unwrap();
    a.replace(of(6, "e")).unwrap();
    assert!(accepts(&verifier, &token_of(5, "e")) && !accepts(&verifier, &token_of(6, "e")));
}

/// Whatever stands between them: it may be that nobody has it any more.
#[test]
fn combinations_of_combinations_see_it() {
    let (a, b) = (of(1, "a"), of(2, "b"));
    let inner = Verifier::combine([a.clone(), of(3, "c")]).unwrap();
    let outer = Verifier::combine([inner, of(4, "d")]).unwrap();
    a.replace(of(5, "e")).unwrap();
    assert!(accepts(&outer, &token_of(5, "e")) && !accepts(&outer, &token_of(1, "a")));
    // One that becomes a combination only later.
    let member = of(6, "f");
    let outer = Verifier::combine([member.clone(), of(4, "d")]).unwrap();
    member
        .replace(Verifier::combine([b.clone(), of(3, "c")]).unwrap())
        .unwrap();
    drop(member);
    assert!(accepts(&outer, &token_of(2, "b")) && !accepts(&outer, &token_of(6, "f")));
    b.replace(of(7, "g")).unwrap();
    assert!(accepts(&outer, &token_of(7, "g")) && !accepts(&outer, &token_of(2, "b")));
    // Nor does it come to be part of itself.
    assert!(b.replace(outer).is_err());
}

/// One that nobody can reach trusts nothing: not what it was combined of, either.
#[test]
fn a_source_of_keys_is_let_go() {
    struct Source(LiveKeys);
    impl KeySource for Source {
        fn keys(&self) -> &LiveKeys {
            &self.0
        }

        fn missing(&self) -> MissingKey {
            MissingKey::Absent
        }
    }
    let source = Arc::new(Source(LiveKeys::new(&[Algorithm::HS256])));
    let held = Arc::downgrade(&source);
    let live = Verifier::builder().keys_from(source).issuer("a");
    let live = live.audience("api").build().unwrap();
    let both = Verifier::combine([live.clone(), of(2, "b")]).unwrap();
    assert!(held.upgrade().is_some());
    live.replace(of(1, "a")).unwrap();
    assert!(held.upgrade().is_none());
    assert!(accepts(&both, &token_of(1, "a")));
}

/// Waits for keys that may be there once it is looked at again.
#[test]
fn a_request_that_waits_is_finished_by_what_it_began_with() {
    struct Source(LiveKeys);
    impl KeySource for Source {
        fn keys(&self) -> &LiveKeys {
            &self.0
        }

        fn missing(&self) -> MissingKey {
            MissingKey::Wait(Box::pin(ready(Ok(()))))
        }
    }
    let begin = || {
        let keys = LiveKeys::new(&[Algorithm::HS256]);
        let terms = KeyTerms {
            settled_until: Timestamp::from_secs(0),
            good_until: Timestamp::from_secs(NOW + 60),
        };
        keys.publish(key(9).verifying_key().into(), terms);
        let live = Verifier::builder()
            .keys_from(Source(keys.clone()))
            .issuer("a");
        let live = live.audience("api").clock(clock()).build().unwrap();
        let Verification::Pending(pending) = live.verify(token_of(1, "a").as_bytes()) else {
            panic!("nobody is asked");
        };
        live.replace(of(2, "b")).unwrap();
        assert!(accepts(&live, &token_of(2, "b")));
        (keys, terms, pending)
    };
    let finish = |mut pending: PendingVerification| {
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(&mut pending).poll(&mut cx) {
            Poll::Ready(result) => result.map(drop).map_err(|error| error.kind()),
            Poll::Pending => panic!("it still waits"),
        }
    };
    let (keys, terms, pending) = begin();
    keys.publish(key(1).verifying_key().into(), terms);
    assert_eq!(finish(pending), Ok(()));
    let (.., pending) = begin();
    assert_eq!(finish(pending), Err(VerifyErrorKind::BadSignature));
}

/// Every verdict is of one configuration as a whole, and none that begins after it
/// was replaced is of the old one.
#[test]
fn it_is_one_step() {
    let (verifier, other) = (of(1, "a"), of(9, "z"));
    let combined = Verifier::combine([verifier.clone(), other.clone()]).unwrap();
    let tokens = [token_of(1, "a"), token_of(2, "b")];
    // Neither configuration takes these.
    let mixed = [token_of(1, "b"), token_of(2, "a")];
    let is_over = AtomicBool::new(false);
    scope(|scope| {
        for verifier in [&verifier, &combined] {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    for token in &mixed {
                        assert!(verifier.verify_now(token.as_bytes()).is_err());
                    }
                    assert!(combined.verify_now(token_of(9, "z").as_bytes()).is_ok());
                    thread::yield_now();
                }
            });
        }
        // Somebody else changes the other member meanwhile.
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                other.replace(of(9, "z")).unwrap();
            }
        });
        for round in 0..100 {
            let now = round % 2;
            verifier
                .replace([of(1, "a"), of(2, "b")][now].clone())
                .unwrap();
            for verifier in [&verifier, &combined] {
                let verdicts = [0, 1].map(|it| verifier.verify_now(tokens[it].as_bytes()).is_ok());
                assert_eq!(verdicts, [now == 0, now == 1], "{round}");
            }
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// Each of two threads would be right alone.
#[test]
fn of_two_that_contradict_each_other_one_is_refused() {
    for _ in 0..50 {
        let (a, b) = (of(1, "a"), of(2, "b"));
        let both = Verifier::combine([a.clone(), b.clone()]).unwrap();
        let other_way = Verifier::combine([b.clone(), a.clone()]).unwrap();
        let results = scope(|scope| {
            let threads = [(&a, 3), (&b, 4)].map(|(verifier, byte)| {
                scope.spawn(move || verifier.replace(of(byte, "c")).is_ok())
            });
            threads.map(|thread| thread.join().unwrap())
        });
        assert_eq!(results.iter().filter(|it| **it).count(), 1);
        for verifier in [&both, &other_way] {
            let taken = [3, 4].map(|byte| accepts(verifier, &token_of(byte, "c")));
            assert_eq!(taken, results);
        }
    }
}
