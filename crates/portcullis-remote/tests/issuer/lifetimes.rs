//! Who lives for how long: runtimes, fetches, the worker.

use std::sync::{
    Arc, LazyLock, Weak,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use portcullis::{
    jose::KeySet,
    verify::{Verification, Verifier},
};
use portcullis_remote::{BoxFuture, FetchError, Fetched, Source, Worker};
use portcullis_testing::issuer::{Endpoint, FakeIssuer};

use crate::bench::{Bench, MINUTE, at_once, following, until, verifier, verify};

/// As many a service has it, for all of its tests.
static SHARED: LazyLock<(FakeIssuer, Verifier)> = LazyLock::new(|| {
    let fake = FakeIssuer::start();
    let issuer = following(&fake).build().unwrap();
    let verifier = verifier(&issuer);
    (fake, verifier)
});

async fn one_of_several_tests() {
    let (fake, verifier) = &*SHARED;
    let token = fake.token("alice").build();
    assert_eq!(verify(verifier, &token).await, Ok(()));
}

#[tokio::test]
async fn a_static_verifier_serves_one_test() {
    one_of_several_tests().await;
}

#[tokio::test]
async fn and_another_with_a_runtime_of_its_own() {
    one_of_several_tests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn and_one_of_another_flavour() {
    one_of_several_tests().await;
}

#[test]
fn a_fetch_survives_the_runtime_that_began_it() {
    let bench = Bench::new();
    let (issuer, verifier) = bench.lazy();
    let gate = bench.fake.hold(Endpoint::Keys);
    let first = tokio::runtime::Runtime::new().unwrap();
    first.block_on(async {
        let Verification::Pending(pending) = verifier.verify(bench.token().as_bytes()) else {
            panic!("nothing was fetched yet");
        };
        tokio::spawn(pending);
        gate.reached(1).await;
    });
    drop(first);
    gate.open();
    let second = tokio::runtime::Runtime::new().unwrap();
    second.block_on(until(|| issuer.health().is_ready()));
    assert_eq!(at_once(&verifier, &bench.token()), Ok(()));
    assert_eq!(bench.fake.count(Endpoint::Keys), 1);
}

/// Tells whether the worker still has it.
struct Counted {
    keys: KeySet,
    fetches: Arc<AtomicUsize>,
    _held: Arc<()>,
}

impl Source for Counted {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        self.fetches.fetch_add(1, SeqCst);
        self.keys.fetch()
    }
}

fn counted(bench: &Bench) -> (Counted, Weak<()>, Arc<AtomicUsize>) {
    let (held, fetches) = (Arc::new(()), Arc::<AtomicUsize>::default());
    let weak = Arc::downgrade(&held);
    let source = Counted {
        keys: bench.fake.key_set(),
        fetches: fetches.clone(),
        _held: held,
    };
    (source, weak, fetches)
}

#[tokio::test]
async fn a_verifier_keeps_its_issuer_and_nobody_else_does() {
    let bench = Bench::new();
    let (source, held, _) = counted(&bench);
    let issuer = bench.builder().keys_from(source).build().unwrap();
    let verifier = verifier(&issuer);
    drop(issuer);
    assert_eq!(verify(&verifier, &bench.token()).await, Ok(()));
    assert!(held.upgrade().is_some());
    drop(verifier);
    until(|| held.upgrade().is_none()).await;
}

#[tokio::test]
async fn many_issuers_share_a_worker_and_leave_it_one_by_one() {
    let bench = Bench::new();
    let worker = Worker::start().unwrap();
    let (first, first_held, _) = counted(&bench);
    let (second, second_held, fetches) = counted(&bench);
    let builder = || bench.builder().worker(&worker);
    let first = builder().keys_from(first).connect().await.unwrap();
    let second = builder().keys_from(second).connect().await.unwrap();
    drop(first);
    until(|| first_held.upgrade().is_none()).await;
    assert_eq!(fetches.load(SeqCst), 1);
    bench.clock.advance(61 * MINUTE);
    second.ready().await.unwrap();
    assert_eq!(fetches.load(SeqCst), 2);
    drop((second, worker));
    until(|| second_held.upgrade().is_none()).await;
}
