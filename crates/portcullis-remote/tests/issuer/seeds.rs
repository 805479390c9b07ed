//! Other sources than metadata, and keys to begin with.

use std::fs;

use portcullis::{jose::KeySet, verify::VerifyErrorKind::KeysUnavailable};
use portcullis_remote::{BoxFuture, FetchError, Fetched, Source};
use portcullis_testing::issuer::Endpoint;
use tokio::sync::watch;

use crate::bench::{Bench, MINUTE, SECOND, UNSETTLED, at_once, until, verifier, verify};

#[tokio::test]
async fn a_service_starts_from_a_seed_with_its_issuer_down() {
    let bench = Bench::new();
    bench.fake.go_offline();
    let issuer = bench.builder().seed(bench.fake.key_set()).build().unwrap();
    let verifier = verifier(&issuer);
    assert_eq!(at_once(&verifier, &bench.token()), Ok(()));
    assert_eq!(
        verify(&verifier, &bench.stranger()).await,
        Err(KeysUnavailable)
    );
    assert_eq!(issuer.ready().await, Ok(()));
    bench.clock.advance(61 * MINUTE);
    assert_eq!(
        verify(&verifier, &bench.token()).await,
        Err(KeysUnavailable)
    );
}

#[tokio::test]
async fn a_seed_in_a_file_is_good_for_the_first_request() {
    let bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    fs::write(&file, bench.fake.keys(|keys| keys.document())).unwrap();
    let gate = bench.fake.hold(Endpoint::Metadata);
    let issuer = bench.builder().seed_file(&file).build().unwrap();
    let verifier = verifier(&issuer);
    // Whoever comes while the file is read waits for the issuer, and the seed is
    // as good.
    assert_eq!(verify(&verifier, &bench.token()).await, Ok(()));
    gate.reached(1).await;
    gate.open();
    until(|| bench.fake.count(Endpoint::Keys) == 1).await;
}

#[tokio::test]
async fn a_service_with_a_seed_starts_while_its_issuer_hangs() {
    let bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    fs::write(&file, bench.fake.keys(|keys| keys.document())).unwrap();
    let (_never, released) = watch::channel(false);
    let hangs = Slow(bench.fake.key_set(), released);
    let builder = bench.builder().keys_from(hangs).seed_file(&file);
    // Before sources are given up, which is after half a minute.
    let connect = tokio::time::timeout(20 * SECOND, builder.connect());
    let issuer = connect.await.expect("it waits for the issuer").unwrap();
    assert_eq!(at_once(&verifier(&issuer), &bench.token()), Ok(()));
}

/// Answers once it is let.
struct Slow(KeySet, watch::Receiver<bool>);

impl Source for Slow {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        let mut released = self.1.clone();
        Box::pin(async move {
            let _ = released.wait_for(|released| *released).await;
            Ok(Fetched::new(self.0.clone(), MINUTE))
        })
    }
}

#[tokio::test]
async fn nobody_waits_for_a_slow_seed_longer_than_for_the_issuer() {
    let bench = Bench::new();
    bench.fake.go_offline();
    let (release, released) = watch::channel(false);
    let seed = Slow(bench.fake.key_set(), released);
    let issuer = bench.builder().seed_from(seed).build().unwrap();
    let verifier = verifier(&issuer);
    let token = bench.token();
    // Before sources are given up, which is after half a minute.
    let answer = tokio::time::timeout(20 * SECOND, verify(&verifier, &token));
    let answer = answer.await.expect("it waits for the seed");
    assert_eq!(answer, Err(KeysUnavailable));
    release.send(true).unwrap();
    assert_eq!(issuer.ready().await, Ok(()));
    assert_eq!(at_once(&verifier, &token), Ok(()));
}

#[tokio::test]
async fn a_seed_that_cannot_be_read_is_done_without() {
    let bench = Bench::new();
    let builder = bench.builder().seed_file("/nowhere/keys.json");
    let issuer = builder.connect().await.unwrap();
    assert_eq!(at_once(&verifier(&issuer), &bench.token()), Ok(()));
}

#[tokio::test]
async fn keys_come_from_a_url_without_metadata() {
    let bench = Bench::new();
    let builder = bench.builder().keys_url(bench.fake.keys_url());
    let issuer = builder.connect().await.unwrap();
    assert_eq!(at_once(&verifier(&issuer), &bench.token()), Ok(()));
    assert_eq!(bench.fake.count(Endpoint::Metadata), 0);
    assert!(issuer.metadata().is_none());
}

#[tokio::test]
async fn metadata_may_be_elsewhere_and_is_kept() {
    let bench = Bench::new();
    let url = bench.fake.metadata_url();
    let issuer = bench.builder().metadata_url(url).connect().await.unwrap();
    assert_eq!(issuer.metadata().unwrap().issuer(), bench.fake.name());
}

#[tokio::test]
async fn keys_in_a_file_are_followed() {
    let bench = Bench::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let write = || fs::write(&file, bench.fake.keys(|keys| keys.document())).unwrap();
    write();
    let issuer = bench.builder().keys_file(&file).connect().await.unwrap();
    let verifier = verifier(&issuer);
    bench.fake.roll();
    write();
    bench.clock.advance(UNSETTLED);
    assert_eq!(verify(&verifier, &bench.token()).await, Ok(()));
    assert_eq!(bench.fake.requests().len(), 0);
}

#[tokio::test]
async fn keys_in_code_are_good_for_ever() {
    let bench = Bench::new();
    let builder = bench.builder().keys_from(bench.fake.key_set());
    let issuer = builder.connect().await.unwrap();
    let verifier = verifier(&issuer);
    for _ in 0..10 {
        bench.clock.advance(60 * MINUTE);
        assert_eq!(verify(&verifier, &bench.token()).await, Ok(()));
    }
}

struct Panics;

impl Source for Panics {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        Box::pin(async { panic!("as a test wants it") })
    }
}

struct Empty;

impl Source for Empty {
    fn fetch(&self) -> BoxFuture<'_, Result<Fetched, FetchError>> {
        Box::pin(async { Ok(Fetched::new(KeySet::default(), MINUTE)) })
    }
}

#[tokio::test]
async fn a_source_that_panics_or_has_nothing_only_fails() {
    let bench = Bench::new();
    let issuer = bench.builder().keys_from(Panics).build().unwrap();
    let error = issuer.ready().await.unwrap_err();
    assert!(error.to_string().contains("panicked"), "{error}");
    assert_eq!(
        verify(&verifier(&issuer), &bench.token()).await,
        Err(KeysUnavailable)
    );
    let issuer = bench.builder().keys_from(Empty).build().unwrap();
    assert!(issuer.ready().await.is_err());
}
