//! The decision about a request.

use std::{
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll},
};

use super::{Authentication, answers::SharedAnswers};
use crate::{
    challenge::{Reason, Rejection},
    policy::PolicyError,
    verify::PendingVerification,
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
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct PendingCheck {
    verification: PendingVerification,
    /// What came of the policy while the request was at hand. It is told only
    /// once the token is known to be good.
    policy: Result<(), PolicyError>,
    answers: SharedAnswers,
}

impl PendingCheck {
    pub(super) fn new(
        verification: PendingVerification,
        policy: Result<(), PolicyError>,
        answers: SharedAnswers,
    ) -> Self {
        Self {
            verification,
            policy,
            answers,
        }
    }
}

impl Future for PendingCheck {
    type Output = Result<Authentication, Rejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let answers = self.answers.clone();
        Pin::new(&mut self.verification).poll(cx).map(|result| {
            let verified = result.map_err(|error| answers.refuse(Reason::Token(error)))?;
            let policy = self.policy.clone();
            policy.map_err(|error| answers.refuse(Reason::Policy(error)))?;
            Ok(Authentication::new(answers, Some(verified)))
        })
    }
}
