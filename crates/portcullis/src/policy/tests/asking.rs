//! Policies that ask somebody.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use super::*;
use crate::head::{KeptHead, RequestHead, Target};

type Said = Result<bool, Unavailable>;

const DOWN: Said = Err(Unavailable {
    retry_after: Duration::from_secs(9),
});

/// Whoever says this, and how often that one was asked.
fn asked(answer: Said) -> (Policy, Arc<AtomicU32>) {
    let count = Arc::new(AtomicU32::new(0));
    let counted = count.clone();
    let policy = Policy::ask(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            tokio::task::yield_now().await;
            answer
        }
    });
    (policy, count)
}

async fn decide(policy: &Policy) -> Result<(), PolicyErrorKind> {
    let decided = policy.decide(&token(READER)).await;
    decided.map_err(|error| error.kind())
}

#[tokio::test]
async fn each_is_asked_once_and_only_if_it_matters() {
    use PolicyErrorKind::{AnswerWasNo, ScopeMissing, Unavailable};

    let yes = || Policy::scope("read").unwrap();
    let no = || Policy::scope("other").unwrap();
    type Build = fn(Policy, Policy) -> Policy;
    let cases: [(Said, Build, Result<(), PolicyErrorKind>, u32); 9] = [
        (Ok(true), |ask, _| ask, Ok(()), 1),
        (Ok(false), |ask, _| ask, Err(AnswerWasNo), 1),
        (DOWN, |ask, _| ask, Err(Unavailable), 1),
        (
            Ok(true),
            |ask, other| ask.clone().and(other).and(ask),
            Ok(()),
            1,
        ),
        (Ok(true), |ask, other| ask.or(other), Ok(()), 0),
        (
            Ok(true),
            |ask, _| ask.and(Policy::all([])),
            Err(PolicyErrorKind::Denied),
            0,
        ),
        (
            Ok(false),
            |ask, other| Policy::all([ask, other]),
            Err(AnswerWasNo),
            1,
        ),
        (DOWN, |ask, other| ask.and(other), Err(Unavailable), 1),
        (Ok(false), |ask, _| ask.clone().or(ask), Err(AnswerWasNo), 1),
    ];
    for (at, (answer, build, expected, times)) in cases.into_iter().enumerate() {
        let (ask, count) = asked(answer);
        assert_eq!(decide(&build(ask, yes())).await, expected, "{at}");
        assert_eq!(count.load(Ordering::Relaxed), times, "{at}");
    }
    let (ask, count) = asked(Ok(true));
    assert_eq!(decide(&ask.and(no())).await, Err(ScopeMissing));
    assert_eq!(count.load(Ordering::Relaxed), 0);
    let (first, _) = asked(Ok(false));
    let (second, count) = asked(Ok(true));
    assert_eq!(
        decide(&first.clone().and(second.clone())).await,
        Err(AnswerWasNo)
    );
    assert_eq!(count.load(Ordering::Relaxed), 0);
    assert_eq!(decide(&first.or(second)).await, Ok(()));
    assert_eq!(count.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn when_to_come_back_is_told() {
    let error = asked(DOWN).0.decide(&token(READER)).await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(9)));
}

#[tokio::test]
async fn a_question_about_a_request_needs_one() {
    let policy = Policy::ask_for(async |_, head: KeptHead| Ok(head.method() == "DELETE"));
    let about = async |method: &str| {
        let request = http::Request::builder().method(method).body(()).unwrap();
        let decided = policy.decide_for(&token(ADMIN), &request).await;
        decided.map_err(|error| error.kind())
    };
    assert_eq!(about("DELETE").await, Ok(()));
    assert_eq!(about("GET").await, Err(PolicyErrorKind::AnswerWasNo));
    assert_eq!(decide(&policy).await, Err(PolicyErrorKind::RequestRefused));

    /// A request whose fields nobody can list, so that it cannot be kept.
    struct Unlisted;

    impl RequestHead for Unlisted {
        fn method(&self) -> &str {
            "DELETE"
        }

        fn target(&self) -> Target<'_> {
            Target::new("/", None)
        }

        fn values(&self, _: &str) -> impl Iterator<Item = &[u8]> {
            std::iter::empty()
        }
    }

    let decided = policy.decide_for(&token(ADMIN), &Unlisted).await;
    assert_eq!(decided.unwrap_err().kind(), PolicyErrorKind::RequestRefused);
}

#[test]
fn where_nobody_can_wait_it_does_not_hold() {
    let not_asked = Err(PolicyErrorKind::NotAsked);
    let ask = || asked(Ok(true)).0;
    assert_eq!(kind(&ask(), READER), not_asked);
    assert_eq!(
        kind(&ask().and(Policy::scope("read").unwrap()), READER),
        not_asked
    );
    // It need not be asked.
    assert_eq!(
        kind(&ask().or(Policy::scope("read").unwrap()), READER),
        Ok(())
    );
    let lacks = Policy::scope("other").unwrap().and(ask());
    assert_eq!(kind(&lacks, READER), Err(PolicyErrorKind::ScopeMissing));
}

#[tokio::test]
async fn whoever_goes_away_takes_the_question_along() {
    let asked = Arc::new(());
    let held = asked.clone();
    let policy = Policy::ask(move |_| {
        let held = held.clone();
        async move {
            pending::<()>().await;
            drop(held);
            Ok(true)
        }
    });
    let mut deciding = Box::pin(policy.decide(&token(READER)));
    let waits =
        std::future::poll_fn(|cx| std::task::Poll::Ready(deciding.as_mut().poll(cx).is_pending()));
    assert!(waits.await);
    assert_eq!(Arc::strong_count(&asked), 3);
    drop(deciding);
    assert_eq!(Arc::strong_count(&asked), 2);
}
