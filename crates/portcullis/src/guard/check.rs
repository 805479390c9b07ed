//! The decision about a request.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    Authentication,
    answers::{SharedAnswers, Way, make_way},
    shown::Shown,
};
use crate::{
    challenge::{Reason, Rejection},
    head::{HeadRef, KeptHead},
    policy::Policy,
    verify::{PendingVerification, Verified, VerifyError},
};

/// The answer of [`Authenticator::check`](super::Authenticator::check).
///
/// Async code awaits it. Exhaustive on purpose: an adapter that overlooks one
/// of the outcomes would let a request pass or hang, and so shall not compile.
#[derive(Debug)]
#[must_use = "nothing is protected unless the decision is looked at"]
pub enum Check {
    /// Decided, without waiting for anything: the hot path.
    Ready(Result<Authentication, Rejection>),
    /// Somebody else has to be asked first.
    Pending(PendingCheck),
}

impl IntoFuture for Check {
    type Output = Result<Authentication, Rejection>;
    type IntoFuture = Decision;

    fn into_future(self) -> Decision {
        Decision(Some(self))
    }
}

/// The future of a [`Check`] that is awaited.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Decision(Option<Check>);

impl Future for Decision {
    type Output = Result<Authentication, Rejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(Check::Pending(check)) = &mut self.0 {
            return Pin::new(check).poll(cx);
        }
        match self.0.take() {
            Some(Check::Ready(result)) => Poll::Ready(result),
            // Polled again after the end.
            _ => Poll::Pending,
        }
    }
}

/// A decision that waits for somebody else.
#[must_use = "futures do nothing unless polled"]
pub struct PendingCheck {
    verification: PendingVerification,
    /// What was shown beside a token that came in a cookie.
    shown: Option<Box<Shown>>,
    policy: Option<Policy>,
    /// The request, if the policy asks about it.
    head: Option<Box<KeptHead>>,
    answers: SharedAnswers,
}

impl PendingCheck {
    pub(super) fn new(
        verification: PendingVerification,
        shown: Option<Box<Shown>>,
        policy: Option<Policy>,
        head: HeadRef<'_>,
        answers: SharedAnswers,
    ) -> Self {
        let asks = policy.as_ref().is_some_and(Policy::asks_about_request);
        Self {
            verification,
            shown,
            policy,
            head: asks.then(|| KeptHead::of(head)).flatten().map(Box::new),
            answers,
        }
    }

    /// Tells of a refusal in this way.
    pub(super) fn make_way(&mut self, way: Option<Way>) {
        make_way(&mut self.answers, way);
    }

    fn conclude(&self, result: Result<Verified, VerifyError>) -> Result<Authentication, Rejection> {
        let answers = &self.answers;
        let verified = result.map_err(|error| answers.refuse(Reason::Token(error)))?;
        if let Some(shown) = &self.shown {
            let csrf = shown.check(&verified);
            csrf.map_err(|error| answers.refuse(Reason::Csrf(error)))?;
        }
        // A policy that nobody asked must not hold.
        if let Some(policy) = &self.policy {
            let head = self.head.as_deref().map(HeadRef::new);
            let policy = policy.evaluate(&verified, head);
            policy.map_err(|error| answers.refuse(Reason::Policy(error)))?;
        }
        Ok(Authentication::new(answers.clone(), Some(verified)))
    }
}

impl fmt::Debug for PendingCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCheck")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Future for PendingCheck {
    type Output = Result<Authentication, Rejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.verification).poll(cx).map(|result| {
            let mut result = self.conclude(result);
            if let Err(rejection) = &mut result {
                self.answers.finish(rejection);
            }
            result
        })
    }
}
