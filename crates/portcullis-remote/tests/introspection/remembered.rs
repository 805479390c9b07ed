//! What is asked once, and for how long that counts.

use std::{future::Future, pin::pin, task::Poll, time::Duration};

use portcullis::verify::{IntrospectTokens, Introspection, TokenCache, Verifier};
use portcullis_remote::{Introspector, Worker};
use portcullis_testing::issuer::Endpoint::Introspection as Endpoint;
use serde_json::json;

use super::{AUDIENCE, Site, auth, quick, start, status, verifier};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_token_is_good_until_somebody_looks_again() {
    let site = Site::new();
    let token = site.opaque();
    for _ in 0..3 {
        assert_eq!(site.status(&token).await, (200, None));
    }
    site.issuer.revoke(&token);
    site.clock.advance(29 * SECOND);
    assert_eq!(site.status(&token).await.0, 200);
    assert_eq!(site.issuer.count(Endpoint), 1);
    site.clock.advance(SECOND);
    assert_eq!(site.status(&token).await, (401, None));
    assert_eq!(site.issuer.count(Endpoint), 2);
}

#[tokio::test]
async fn what_is_not_active_is_asked_again_soon() {
    let site = Site::new();
    for _ in 0..3 {
        assert_eq!(site.status("nobodys").await, (401, None));
    }
    assert_eq!(site.issuer.count(Endpoint), 1);
    let claims = json!({"active": true, "sub": "alice", "aud": AUDIENCE});
    site.issuer.introspect_as("nobodys", claims);
    site.clock.advance(4 * SECOND);
    assert_eq!(site.status("nobodys").await.0, 401);
    site.clock.advance(SECOND);
    assert_eq!(site.status("nobodys").await.0, 200);
    assert_eq!(site.issuer.count(Endpoint), 2);
}

#[tokio::test]
async fn nothing_is_remembered_past_its_end() {
    let site = Site::new();
    let token = site.opaque();
    let now = portcullis::time::Clock::now(&site.clock.shared()).as_secs();
    let claims = json!({"active": true, "sub": "alice", "aud": AUDIENCE, "exp": now + 10});
    site.issuer.introspect_as(&token, claims);
    assert_eq!(site.status(&token).await.0, 200);
    site.clock.advance(9 * SECOND);
    assert_eq!(site.status(&token).await.0, 200);
    assert_eq!(site.issuer.count(Endpoint), 1);
    site.issuer.revoke(&token);
    site.clock.advance(SECOND);
    // Not for the leeway either, which is for claims that nobody can ask about.
    assert_eq!(site.status(&token).await.0, 401);
    assert_eq!(site.issuer.count(Endpoint), 2);
}

#[tokio::test]
async fn an_answer_that_has_expired_is_none() {
    let site = Site::new();
    let claims = json!({"active": true, "sub": "alice", "aud": AUDIENCE, "exp": 1});
    site.issuer.introspect_as("t", claims);
    assert_eq!(site.status("t").await, (401, None));
}

#[tokio::test]
async fn a_good_answer_for_somebody_else_is_refused() {
    let site = Site::new();
    let elsewhere = site.issuer.token("alice").audience("https://other.example");
    let elsewhere = site.issuer.opaque(&elsewhere);
    assert_eq!(site.status(&elsewhere).await, (401, None));
    let refresh = site
        .issuer
        .token("alice")
        .claim("token_type", "refresh_token");
    assert_eq!(
        site.status(&site.issuer.opaque(&refresh)).await,
        (401, None)
    );
    let foreign = site
        .issuer
        .token("alice")
        .claim("iss", "https://other.example");
    assert_eq!(
        site.status(&site.issuer.opaque(&foreign)).await,
        (401, None)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_with_one_token_are_one_question() {
    let site = Site::new();
    let token = site.opaque();
    let gate = site.issuer.hold(Endpoint);
    let requests: Vec<_> = (0..1000)
        .map(|_| {
            let (service, token) = (site.service.clone(), token.clone());
            tokio::spawn(async move { status(&service, &token).await })
        })
        .collect();
    gate.reached(1).await;
    gate.open();
    for request in requests {
        assert_eq!(request.await.unwrap(), (200, None));
    }
    assert_eq!(site.issuer.count(Endpoint), 1);
}

/// A request that goes away takes nothing from those that wait, or come later.
#[tokio::test]
async fn a_question_goes_on_without_whoever_asked_it() {
    let site = Site::new();
    let token = site.opaque();
    let gate = site.issuer.hold(Endpoint);
    {
        let mut first = pin!(site.status(&token));
        let polled = std::future::poll_fn(|cx| Poll::Ready(first.as_mut().poll(cx))).await;
        assert!(polled.is_pending());
        gate.reached(1).await;
    }
    let mut second = pin!(site.status(&token));
    let polled = std::future::poll_fn(|cx| Poll::Ready(second.as_mut().poll(cx))).await;
    assert!(polled.is_pending());
    gate.open();
    assert_eq!(second.await.0, 200);
    assert_eq!(site.issuer.count(Endpoint), 1);
}

#[test]
fn no_runtime_is_needed_that_lives_on() {
    let site = Site::new();
    let tokens = [site.opaque(), site.opaque()];
    for token in &tokens {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        assert_eq!(runtime.block_on(site.status(token)).0, 200);
    }
    assert_eq!(site.issuer.count(Endpoint), 2);
}

#[tokio::test]
async fn introspectors_can_share_a_thread() {
    let worker = Worker::start().unwrap();
    for _ in 0..2 {
        let (issuer, clock) = start();
        let builder = Introspector::at(issuer.introspection_url(), auth());
        let introspector = quick(builder, &clock)
            .worker(worker.clone())
            .build()
            .unwrap();
        let verifier = verifier(introspector, &issuer, &clock).build().unwrap();
        let token = issuer.opaque(&issuer.token("alice"));
        assert_eq!(status(&verifier.into(), &token).await.0, 200);
    }
}

#[tokio::test]
async fn answers_can_be_asked_for_each_time() {
    let site = Site::with(|builder| builder.max_age(Duration::ZERO).inactive_age(Duration::ZERO));
    let token = site.opaque();
    assert_eq!(site.status(&token).await.0, 200);
    assert_eq!(site.status(&token).await.0, 200);
    site.issuer.revoke(&token);
    assert_eq!(site.status(&token).await.0, 401);
    assert_eq!(site.status(&token).await.0, 401);
    assert_eq!(site.issuer.count(Endpoint), 4);
}

/// Signed tokens of the issuer are verified here; it never sees them.
#[tokio::test]
async fn signed_tokens_stay_here_and_opaque_ones_are_asked_about() {
    let (issuer, clock) = start();
    let builder = Introspector::at(issuer.introspection_url(), auth());
    let introspector = quick(builder, &clock).build().unwrap();
    let signed = Verifier::builder()
        .keys(issuer.key_set())
        .issuer(issuer.name())
        .audience(AUDIENCE)
        .cache(TokenCache::new())
        .clock(clock.shared())
        .build()
        .unwrap();
    let asked = verifier(introspector, &issuer, &clock).build().unwrap();
    let service = Verifier::combine([signed, asked]).unwrap().into();
    let token = issuer.token("alice");
    for (token, expected) in [
        (token.build(), 200),
        (token.clone().expired().build(), 401),
        (token.forged_by(&issuer.unknown_key()).build(), 401),
    ] {
        assert_eq!(status(&service, &token).await.0, expected);
    }
    assert_eq!(issuer.count(Endpoint), 0);
    let opaque = issuer.opaque(&issuer.token("alice"));
    assert_eq!(status(&service, &opaque).await.0, 200);
    let foreign = issuer.token("alice").claim("iss", "https://other.example");
    assert_eq!(status(&service, &foreign.build()).await.0, 401);
    assert_eq!(issuer.count(Endpoint), 2);
}

#[test]
fn nothing_is_asked_before_it_is_needed() {
    let (issuer, clock) = start();
    let builder = Introspector::of_issuer(issuer.name(), auth());
    let introspector = quick(builder, &clock).build().unwrap();
    assert!(!format!("{introspector:?}").contains("secret of"));
    let answer = introspector.introspect("t");
    assert!(matches!(answer, Introspection::Pending(_)));
    drop(answer);
    // What was begun goes on.
    issuer.arrived(Endpoint, 1).wait();
}
