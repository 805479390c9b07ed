//! Who waits for a fetch, and who does not.

use std::{
    sync::Arc,
    task::{Context, Wake, Waker},
    thread::{self, Thread},
};

use portcullis::verify::{
    Verification,
    VerifyErrorKind::{KeysUnavailable, UnknownKey},
};
use portcullis_testing::issuer::Endpoint;

use crate::bench::{Bench, UNSETTLED, at_once, result, until, verify};

#[tokio::test]
async fn a_thousand_unknown_keys_share_one_fetch() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.connect().await;
    bench.clock.advance(UNSETTLED);
    let gate = bench.fake.hold(Endpoint::Keys);
    let stranger = bench.stranger();
    let waiting: Vec<_> = (0..1000)
        .map(|_| match verifier.verify(stranger.as_bytes()) {
            Verification::Pending(pending) => tokio::spawn(pending),
            Verification::Done(done) => panic!("{done:?}"),
        })
        .collect();
    gate.reached(1).await;
    gate.open();
    for pending in waiting {
        let refused = pending.await.unwrap().unwrap_err();
        assert_eq!(refused.kind(), UnknownKey);
    }
    assert_eq!(bench.fake.count(Endpoint::Keys), 2);
    // A flood goes on without another.
    for _ in 0..100 {
        assert_eq!(at_once(&verifier, &bench.stranger()), Err(UnknownKey));
    }
    assert_eq!(bench.fake.count(Endpoint::Keys), 2);
}

#[tokio::test]
async fn known_keys_are_answered_while_a_fetch_hangs() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.connect().await;
    let known = bench.token();
    bench.clock.advance(UNSETTLED);
    bench.fake.roll();
    let gate = bench.fake.hold(Endpoint::Keys);
    let Verification::Pending(pending) = verifier.verify(bench.token().as_bytes()) else {
        panic!("its key is not there yet");
    };
    let pending = tokio::spawn(pending);
    gate.reached(1).await;
    for _ in 0..100 {
        assert_eq!(at_once(&verifier, &known), Ok(()));
    }
    assert!(!pending.is_finished());
    assert_eq!(gate.waiting(), 1);
    gate.open();
    assert!(pending.await.unwrap().is_ok());
}

#[tokio::test]
async fn nobody_waits_for_longer_than_two_seconds() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.connect().await;
    bench.clock.advance(UNSETTLED);
    bench.fake.roll();
    let gate = bench.fake.hold(Endpoint::Keys);
    let error = result(&verifier, &bench.token()).await.unwrap_err();
    assert_eq!(error.kind(), KeysUnavailable);
    assert!(error.retry_after().is_some());
    // The fetch goes on, and is good for others.
    assert_eq!(gate.waiting(), 1);
    gate.open();
    until(|| verifier.verify_now(bench.token().as_bytes()).is_ok()).await;
    assert_eq!(bench.fake.count(Endpoint::Keys), 2);
}

#[tokio::test]
async fn the_queue_is_bounded() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.lazy();
    let token = bench.token();
    let gate = bench.fake.hold(Endpoint::Metadata);
    let waiting: Vec<_> = (0..1024)
        .map(|_| verifier.verify(token.as_bytes()))
        .collect();
    gate.reached(1).await;
    let is_pending = |it: &Verification| matches!(it, Verification::Pending(_));
    assert!(waiting.iter().all(is_pending));
    assert_eq!(at_once(&verifier, &token), Err(KeysUnavailable));
    // Who goes away makes room.
    drop(waiting);
    assert!(is_pending(&verifier.verify(token.as_bytes())));
    assert_eq!(bench.fake.count(Endpoint::Metadata), 1);
}

#[tokio::test]
async fn a_fetch_goes_on_when_those_who_wanted_it_are_gone() {
    let bench = Bench::new();
    let (issuer, verifier) = bench.lazy();
    let gate = bench.fake.hold(Endpoint::Keys);
    drop(verifier.verify(bench.token().as_bytes()));
    gate.reached(1).await;
    gate.open();
    until(|| issuer.health().is_ready()).await;
    assert_eq!(at_once(&verifier, &bench.token()), Ok(()));
    assert_eq!(bench.fake.count(Endpoint::Keys), 1);
}

/// Who came before it failed is told, and so is who comes just after.
#[tokio::test]
async fn all_hear_of_a_failure() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.connect().await;
    bench.clock.advance(UNSETTLED);
    bench.fake.go_offline();
    let stranger = bench.stranger();
    assert_eq!(verify(&verifier, &stranger).await, Err(KeysUnavailable));
    assert_eq!(verify(&verifier, &bench.token()).await, Ok(()));
}

/// Wakes a thread that is parked: no runtime far and wide.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[test]
fn no_runtime_is_needed_to_wait() {
    let bench = Bench::new();
    let (_issuer, verifier) = bench.lazy();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let token = bench.token();
    let Verification::Pending(pending) = verifier.verify(token.as_bytes()) else {
        panic!("nothing was fetched yet");
    };
    let mut pending = std::pin::pin!(pending);
    let verified = loop {
        if let std::task::Poll::Ready(result) = pending.as_mut().poll(&mut context) {
            break result;
        }
        thread::park();
    };
    assert!(verified.is_ok());
}
