//! Connections that live longer than a request hear of the end of their token.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod bench;
mod sources;

use std::{future::pending, time::Duration};

use bench::{Node, TTL, Turning, Waiter, alice, passed};
use portcullis::{
    issue::AccessToken,
    session::{DynSessionStore, MemoryStore, Revocations},
    subject::Subject,
    time::Clock,
    verify::{Ended, TokenCache, UntilEnded},
};
use portcullis_testing::clock::FakeClock;

#[tokio::test]
async fn a_token_ends_when_the_verifier_would_refuse_it() {
    let node = Node::new();
    node.sync().await;
    let pair = node.log_in(&alice()).await;
    let token = pair.access.token().expose();
    let start = node.clock.now();
    let leeway = Duration::from_secs(20);
    let status = || node.sessions.revocations().clone().sole_writer();
    let builder = || node.sessions.issuer().verifier().status(status());
    for (verifier, length) in [
        (builder(), TTL),
        (builder().leeway(leeway), TTL + leeway),
        (builder().cache(TokenCache::new()), TTL),
        (
            builder().max_age(Duration::from_secs(60)).leeway(leeway),
            Duration::from_secs(80),
        ),
    ] {
        let verifier = verifier.build().unwrap();
        for _ in 0..2 {
            node.clock.set(start);
            let verified = verifier.verify_now(token.as_bytes()).unwrap();
            let timer = Turning::new(&node.clock);
            let ended = verified.ended_with(timer.timer()).await;
            assert_eq!(ended, Ended::Expired);
            assert_eq!(passed(&node.clock, start.as_millis()), length);
            let slept = timer.slept.lock().unwrap();
            let longest = UntilEnded::DEFAULT_CHECK_EVERY;
            assert!(slept.iter().all(|slept| *slept <= longest), "{slept:?}");
            // The first instant at which it is refused; that of `max_age` is still
            // good for once.
            node.clock.advance(Duration::from_millis(1));
            assert!(verifier.verify_now(token.as_bytes()).is_err());
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_set_is_believed_at_the_next_look() {
    let node = Node::new();
    node.sync().await;
    let verified = node.verify(&node.log_in(&alice()).await);
    let start = node.clock.now();
    let mut waiter = Waiter::new(verified.ended_with(|_| pending()).expiry_only());
    assert_eq!(waiter.run(), None);
    node.clock.advance(TTL - Duration::from_millis(1));
    assert_eq!(waiter.run(), None);
    node.clock.set(start);
    assert_eq!(waiter.run(), None);
    node.clock.advance(TTL);
    assert_eq!(waiter.run(), Some(Ended::Expired));
    // And it stays so.
    node.clock.set(start);
    assert_eq!(waiter.run(), Some(Ended::Expired));
}

#[tokio::test]
async fn a_log_out_is_heard_of_at_once_by_those_whom_it_concerns() {
    let node = Node::new();
    node.sync().await;
    let bob = Subject::new("users", "bob");
    let gone = node.log_in(&alice()).await;
    let [here, there, of_bob] = [
        gone.clone(),
        node.log_in(&alice()).await,
        node.log_in(&bob).await,
    ]
    .map(|pair| Waiter::without_timer(&node.verify(&pair)));
    let mut waiters = [here, there, of_bob];
    assert!(waiters.iter_mut().all(|waiter| waiter.run().is_none()));

    let ended = node.sessions.log_out(&alice(), &gone.session).await;
    assert!(ended.unwrap());
    let woken = |waiters: &[Waiter; 3]| waiters.each_ref().map(Waiter::times_woken);
    assert_eq!(woken(&waiters), [1, 0, 0]);
    assert_eq!(waiters[0].run(), Some(Ended::Revoked));

    let ended = node.sessions.log_out_everywhere(&alice()).await;
    assert_eq!(ended.unwrap().sessions.len(), 1);
    assert!(waiters[1].times_woken() > 0);
    assert_eq!(waiters[1].run(), Some(Ended::Revoked));
    assert_eq!(waiters[2].times_woken(), 0);
    assert_eq!(waiters[2].run(), None);
}

#[tokio::test]
async fn a_log_out_elsewhere_is_heard_of_with_the_next_reading() {
    let clock = FakeClock::new();
    let store = DynSessionStore::new(MemoryStore::new(clock.shared()));
    let [here, there] = [(); 2].map(|()| Node::on(store.clone(), &clock));
    here.sync().await;
    let pair = here.log_in(&alice()).await;
    let mut waiter = Waiter::without_timer(&here.verify(&pair));
    assert_eq!(waiter.run(), None);
    let ended = there.sessions.log_out(&alice(), &pair.session).await;
    assert!(ended.unwrap());
    assert_eq!(waiter.times_woken(), 0);
    here.sync().await;
    assert_eq!(waiter.times_woken(), 1);
    assert_eq!(waiter.run(), Some(Ended::Revoked));
}

#[tokio::test]
async fn tokens_without_a_session_end_as_well() {
    let node = Node::new();
    node.sync().await;
    let issued = |client: &str| {
        let subject = alice();
        let token = AccessToken::new(&subject).client(client);
        node.sessions.issuer().access(&token).unwrap()
    };
    let waiter = |token: &portcullis::issue::IssuedToken| {
        let text = token.token().expose();
        let verified = node.verifier.verify_now(text.as_bytes()).unwrap();
        Waiter::without_timer(&verified)
    };
    let (one, other) = (issued("one"), issued("other"));
    let mut waiters = [waiter(&one), waiter(&other)];
    assert!(waiters.iter_mut().all(|waiter| waiter.run().is_none()));

    let until = one.expires_at().unwrap();
    let revoked = node.sessions.revoke_token(&alice(), one.id(), until).await;
    revoked.unwrap();
    assert_eq!(waiters[0].run(), Some(Ended::Revoked));
    assert_eq!(waiters[1].run(), None);

    let ended = node.sessions.log_out_everywhere(&alice()).await;
    ended.unwrap();
    assert_eq!(waiters[1].times_woken(), 1);
    assert_eq!(waiters[1].run(), Some(Ended::Revoked));
}

/// An application token does not expire, and is good while it is listed.
#[tokio::test]
async fn an_application_token_ends_when_it_is_taken_off_the_list() {
    let node = Node::new();
    node.sync().await;
    let subject = alice();
    let ticket = node.sessions.begin_login().await.unwrap();
    let draft = AccessToken::new(&subject).client("cron");
    let token = node.sessions.application_token(ticket, &draft).await;
    let token = token.unwrap();
    let text = token.token().expose().as_bytes();
    let verified = match node.verifier.verify(text) {
        portcullis::verify::Verification::Pending(pending) => pending.await.unwrap(),
        portcullis::verify::Verification::Done(_) => panic!("the list was not asked"),
    };
    assert!(verified.is_application());
    let mut waiter = Waiter::without_timer(&verified);
    assert_eq!(waiter.run(), None);
    node.clock.advance(10 * TTL);
    node.sync().await;
    assert_eq!(waiter.run(), None);
    let removed = node.sessions.remove_application_token(&subject, token.id());
    assert!(removed.await.unwrap());
    assert_eq!(waiter.times_woken(), 1);
    assert_eq!(waiter.run(), Some(Ended::Revoked));
}

#[tokio::test]
async fn whoever_waits_for_the_expiry_hears_of_nothing_else() {
    let node = Node::new();
    node.sync().await;
    let pair = node.log_in(&alice()).await;
    let verified = node.verify(&pair);
    let mut waiter = Waiter::new(verified.ended_with(|_| pending()).expiry_only());
    assert_eq!(waiter.run(), None);
    let ended = node.sessions.log_out(&alice(), &pair.session).await;
    assert!(ended.unwrap());
    assert_eq!(waiter.times_woken(), 0);
    assert_eq!(waiter.run(), None);
    node.clock.advance(TTL);
    assert_eq!(waiter.run(), Some(Ended::Expired));
}

/// A snapshot that was not read for too long.
#[tokio::test]
async fn a_connection_outlives_a_short_silence_and_no_long_one() {
    let node = Node::new();
    node.sync().await;
    let verified = node.verify(&node.log_in(&alice()).await);
    let silence = Revocations::DEFAULT_MAX_SILENCE;
    let patience = UntilEnded::DEFAULT_UNKNOWN_FOR;

    let mut waiter = Waiter::without_timer(&verified);
    let timer = Turning::new(&node.clock);
    let start = node.clock.now().as_millis();
    let ended = verified.ended_with(timer.timer()).await;
    assert_eq!(ended, Ended::Unavailable);
    let waited = passed(&node.clock, start);
    let longest = silence + UntilEnded::DEFAULT_CHECK_EVERY + patience;
    assert!(
        waited >= silence + patience && waited <= longest,
        "{waited:?}"
    );

    // Read again in time, the snapshot is as good as ever.
    assert_eq!(waiter.run(), None);
    node.sync().await;
    assert_eq!(waiter.run(), None);
    node.clock.advance(patience);
    assert_eq!(waiter.run(), None);

    // Without patience, as a request.
    node.clock.advance(silence);
    let mut waiter = Waiter::new(
        verified
            .ended_with(|_| pending())
            .unknown_for(Duration::ZERO),
    );
    assert_eq!(waiter.run(), Some(Ended::Unavailable));
}
