//! Several issuers: lists, and tenants that come and go.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use portcullis::verify::{
    Outcome, Verification, Verifier,
    VerifyErrorKind::{self, BadSignature, KeysUnavailable, WrongIssuer},
};
use portcullis_remote::{Client, Issuer, Issuers, IssuersBuilder, Tenant};
use portcullis_testing::{clock::FakeClock, issuer::FakeIssuer, mint::AUDIENCE};

type Answer = Result<Option<Verifier>, Box<dyn std::error::Error + Send + Sync>>;

async fn verify(verifier: &Verifier, token: &str) -> Result<(), VerifyErrorKind> {
    let result = match verifier.verify(token.as_bytes()) {
        Verification::Done(result) => result,
        Verification::Pending(pending) => pending.await,
    };
    result.map(drop).map_err(|error| error.kind())
}

fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

fn trust(tenant: &Tenant) -> Answer {
    let issuer = tenant.issuer().allow_loopback_http().build()?;
    Ok(Some(issuer.verifier().audience(AUDIENCE).build()?))
}

/// Trusts those of `fakes`, and counts how often it is asked.
fn tenants(fakes: &[&FakeIssuer]) -> (IssuersBuilder, Arc<AtomicUsize>) {
    let names: Vec<_> = fakes.iter().map(|fake| fake.name()).collect();
    let asked = Arc::<AtomicUsize>::default();
    let counter = asked.clone();
    let builder = Issuers::resolve(move |tenant| {
        counter.fetch_add(1, SeqCst);
        match names.iter().any(|name| name == tenant.name()) {
            true => trust(&tenant),
            false => Ok(None),
        }
    });
    (builder.http_client(client()), asked)
}

fn token(fake: &FakeIssuer) -> String {
    fake.token("alice").build()
}

/// Signed by one, and naming another.
fn crossed(named: &FakeIssuer, signer: &FakeIssuer) -> String {
    let draft = named.token("alice");
    draft.signed_by(&signer.signing_key()).build()
}

#[tokio::test]
async fn of_a_list_each_token_is_checked_by_the_issuer_it_names() {
    let fakes = [FakeIssuer::start(), FakeIssuer::start()];
    let [a, b] = fakes.each_ref().map(|fake| {
        let builder = Issuer::builder(fake.name()).http_client(client());
        let issuer = builder.allow_loopback_http().build().unwrap();
        issuer.verifier().audience(AUDIENCE).build().unwrap()
    });
    let verifier = Verifier::combine([a, b]).unwrap();
    let [a, b] = &fakes;
    // One that is down does not harm the other.
    a.go_offline();
    assert_eq!(verify(&verifier, &token(b)).await, Ok(()));
    assert_eq!(verify(&verifier, &token(a)).await, Err(KeysUnavailable));
    assert!(verify(&verifier, &crossed(b, a)).await.is_err());
    let stranger = FakeIssuer::start();
    assert_eq!(verify(&verifier, &token(&stranger)).await, Err(WrongIssuer));
    assert_eq!(stranger.requests().len(), 0);
}

#[tokio::test]
async fn tenants_are_found_by_their_issuer_and_strangers_cost_nothing() {
    let (a, b, stranger) = (
        FakeIssuer::start(),
        FakeIssuer::start(),
        FakeIssuer::start(),
    );
    let (builder, asked) = tenants(&[&a, &b]);
    let issuers = builder.build().unwrap();
    let verifier = Verifier::by_issuer(issuers.clone());
    for _ in 0..3 {
        assert_eq!(verify(&verifier, &token(&a)).await, Ok(()));
        assert_eq!(verify(&verifier, &token(&b)).await, Ok(()));
    }
    assert_eq!((issuers.len(), asked.load(SeqCst)), (2, 2));
    assert!(matches!(
        verify(&verifier, &crossed(&a, &b)).await,
        Err(VerifyErrorKind::UnknownKey | BadSignature)
    ));
    for _ in 0..3 {
        assert_eq!(verify(&verifier, &token(&stranger)).await, Err(WrongIssuer));
    }
    assert_eq!(stranger.requests().len(), 0);
    assert_eq!((issuers.len(), asked.load(SeqCst)), (2, 5));
    // To explain a token costs nothing at all, whosever it is.
    let fetched = [&a, &b].map(|fake| fake.requests().len());
    let known = verifier.explain(token(&a).as_bytes());
    assert!(known.is_accepted(), "{known}");
    let unknown = verifier.explain(token(&stranger).as_bytes());
    assert_eq!(
        unknown.error().unwrap().kind(),
        KeysUnavailable,
        "{unknown}"
    );
    assert_eq!(unknown.checks()[0].outcome(), Outcome::Unknown);
    assert_eq!([&a, &b].map(|fake| fake.requests().len()), fetched);
    assert_eq!((issuers.len(), asked.load(SeqCst)), (2, 5));
    // One that the application asks us to forget is asked about anew.
    assert!(issuers.forget(&a.name()) && !issuers.forget(&stranger.name()));
    assert_eq!(verify(&verifier, &token(&a)).await, Ok(()));
    assert_eq!(asked.load(SeqCst), 6);
}

#[tokio::test]
async fn their_number_is_bounded_and_the_one_unused_for_longest_goes() {
    let fakes = [
        FakeIssuer::start(),
        FakeIssuer::start(),
        FakeIssuer::start(),
    ];
    let clock = FakeClock::new();
    let (builder, asked) = tenants(&fakes.each_ref());
    let issuers = builder.max(2).clock(clock.shared()).build().unwrap();
    let verifier = Verifier::by_issuer(issuers.clone());
    for (place, asked_by_now) in [(0, 1), (1, 2), (0, 2), (2, 3), (0, 3), (1, 4)] {
        clock.advance(Duration::from_secs(1));
        let fake: &FakeIssuer = &fakes[place];
        let token = fake.mint().clock(clock.shared()).token("alice").build();
        assert_eq!(verify(&verifier, &token).await, Ok(()), "{place}");
        assert_eq!(asked.load(SeqCst), asked_by_now, "{place}");
        assert!(issuers.len() <= 2);
    }
}

#[tokio::test]
async fn idle_ones_are_let_go_with_all_that_they_hold() {
    let fake = FakeIssuer::start();
    let clock = FakeClock::new();
    let held = Arc::new(());
    let weak: Weak<()> = Arc::downgrade(&held);
    let name = fake.name();
    let held = std::sync::Mutex::new(Some(held));
    let builder = Issuers::resolve(move |tenant| {
        assert_eq!(tenant.name(), name);
        let held = held.lock().unwrap().take();
        let issuer = tenant.issuer().allow_loopback_http().build()?;
        let verifier = issuer.verifier().audience(AUDIENCE);
        let verifier = verifier.check(move |_| {
            let _ = &held;
            Ok(())
        });
        Ok(Some(verifier.build()?))
    });
    let builder = builder.http_client(client()).clock(clock.shared());
    let issuers = builder.idle(Duration::from_millis(100)).build().unwrap();
    let verifier = Verifier::by_issuer(issuers.clone());
    let token = fake.mint().clock(clock.shared()).token("alice").build();
    assert_eq!(verify(&verifier, &token).await, Ok(()));
    assert_eq!(issuers.len(), 1);
    assert!(weak.upgrade().is_some());
    clock.advance(Duration::from_millis(100));
    let patience = tokio::time::timeout(Duration::from_secs(20), async {
        while weak.upgrade().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    patience.await.expect("it is let go");
    assert!(issuers.is_empty());
}

#[tokio::test]
async fn the_application_may_have_to_ask_somebody_or_fail() {
    let fake = FakeIssuer::start();
    let name = fake.name();
    let (release, released) = tokio::sync::watch::channel(false);
    let builder = Issuers::resolve_async(move |tenant| {
        let (mut released, name) = (released.clone(), name.clone());
        async move {
            released.wait_for(|released| *released).await?;
            match tenant.name() {
                own if own == name => trust(&tenant),
                "https://broken.example" => Err("the table of tenants is locked".into()),
                _ => Ok(None),
            }
        }
    });
    let issuers = builder.http_client(client()).build().unwrap();
    let verifier = Verifier::by_issuer(issuers.clone());
    let all: Vec<_> = (0..10)
        .map(|_| match verifier.verify(token(&fake).as_bytes()) {
            Verification::Pending(pending) => tokio::spawn(pending),
            Verification::Done(done) => panic!("{done:?}"),
        })
        .collect();
    release.send(true).unwrap();
    for one in all {
        assert!(one.await.unwrap().is_ok());
    }
    assert_eq!(issuers.len(), 1);
    assert_eq!(
        fake.count(portcullis_testing::issuer::Endpoint::Keys),
        1,
        "the first that was made is the one for all"
    );
    let named = |issuer: &str| fake.token("alice").claim("iss", issuer).build();
    let broken = named("https://broken.example");
    assert_eq!(verify(&verifier, &broken).await, Err(KeysUnavailable));
    let stranger = named("https://stranger.example");
    assert_eq!(verify(&verifier, &stranger).await, Err(WrongIssuer));
    assert_eq!(issuers.len(), 1);
}

/// The answer of before the removal must not outlive it.
#[tokio::test]
async fn one_that_is_forgotten_while_it_is_asked_about_stays_forgotten() {
    let fake = FakeIssuer::start();
    let (release, released) = tokio::sync::watch::channel(false);
    let trusted = Arc::new(AtomicBool::new(true));
    let trusts = trusted.clone();
    let builder = Issuers::resolve_async(move |tenant| {
        let (mut released, is_trusted) = (released.clone(), trusts.load(SeqCst));
        async move {
            released.wait_for(|released| *released).await?;
            match is_trusted {
                true => trust(&tenant),
                false => Ok(None),
            }
        }
    });
    let issuers = builder.http_client(client()).build().unwrap();
    let verifier = Verifier::by_issuer(issuers.clone());
    let Verification::Pending(early) = verifier.verify(token(&fake).as_bytes()) else {
        panic!("nobody has answered");
    };
    trusted.store(false, SeqCst);
    issuers.forget(&fake.name());
    release.send(true).unwrap();
    // It came before, and may pass.
    let _ = early.await;
    assert!(issuers.is_empty());
    assert_eq!(verify(&verifier, &token(&fake)).await, Err(WrongIssuer));
}

#[test]
fn issuers_that_could_not_be_kept_are_an_error() {
    let build = |builder: IssuersBuilder| builder.http_client(client()).build();
    assert!(build(Issuers::resolve(|_| Ok(None)).max(0)).is_err());
    let never = Issuers::resolve(|_| Ok(None)).idle(Duration::ZERO);
    assert!(build(never).is_err());
}
