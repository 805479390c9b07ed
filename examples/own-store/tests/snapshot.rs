//! A snapshot reads everything that was revoked page by page, and what is new beside it.
#![allow(clippy::unwrap_used)]

use std::{sync::Arc, time::Duration};

use own_store::OwnStore;
use portcullis::{
    issue::{AccessToken, TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey},
    session::{DynSessionStore, Revocations, SessionStore},
    subject::Subject,
    time::Clock,
    verify::{Status, TokenStatus, Verified},
};
use portcullis_testing::{
    clock::FakeClock,
    faulty::{Fault, FaultyStore},
};
use tokio::{sync::Semaphore, task::yield_now};

/// Calls that prove that the store is to be believed, before the first page.
const PROOF: u64 = 1;

/// How many are on a page, and how many there are.
const PAGE: u32 = 40;
const REVOKED: usize = 50;

#[tokio::test]
async fn a_page_that_does_not_come_keeps_nothing_new_away() {
    let clock = FakeClock::new();
    let store = OwnStore::in_memory(clock.shared()).unwrap();
    let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
        .shape(TokenShape::session())
        .clock(clock.shared())
        .build()
        .unwrap();
    let alice = Subject::new("users", "alice");
    let token = || {
        let issued = issuer.access(&AccessToken::new(&alice)).unwrap();
        let verifier = issuer.verifier().build().unwrap();
        verifier
            .verify_now(issued.token().expose().as_bytes())
            .unwrap()
    };
    let until = clock.now().saturating_add(Duration::from_secs(900));
    let revoke = async |token: &Verified| {
        let id = token.token_id().unwrap();
        store.revoke_token(&alice, id, until).await.unwrap();
    };
    let (good, late) = (token(), token());
    let gone: Vec<_> = (0..REVOKED).map(|_| token()).collect();
    for token in &gone {
        revoke(token).await;
    }

    let faulty = FaultyStore::new(store.clone());
    faulty.shorten_pages(PAGE);
    let shared = DynSessionStore::new(faulty.clone());
    let revocations = Revocations::new(shared, clock.shared(), Duration::from_secs(900));
    let is = |token: &Verified, expected: fn(&Status) -> bool| expected(&revocations.status(token));
    // The proof and one page come, the second page never does.
    let before = faulty.calls();
    faulty.fail_after(PROOF + 1, 1, Fault::Unanswered);
    let pauses = Arc::new(Semaphore::new(0));
    let follower = tokio::spawn({
        let (revocations, pauses) = (revocations.clone(), pauses.clone());
        async move {
            let pause = || {
                let pauses = pauses.clone();
                async move { pauses.acquire_owned().await.unwrap().forget() }
            };
            match revocations.follow(pause).await {}
        }
    });
    while faulty.calls() - before < PROOF + 2 {
        yield_now().await;
    }
    revoke(&late).await;
    pauses.add_permits(1);
    while !is(&late, |status| matches!(status, Status::Revoked)) {
        yield_now().await;
    }
    // Not everything has been read.
    assert!(is(&good, |status| matches!(status, Status::Unknown)));
    // It is given up at last, and begins anew.
    while !is(&good, |status| matches!(status, Status::Clear)) {
        pauses.add_permits(1);
        yield_now().await;
    }
    assert!(
        gone.iter()
            .all(|token| is(token, |status| matches!(status, Status::Revoked)))
    );
    follower.abort();
}
