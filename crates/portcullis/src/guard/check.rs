//! The decision about a request.

use std::{
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{
    Authentication,
    answers::{SharedAnswers, Way, make_way},
    counted,
    shown::Shown,
};
use crate::{
    challenge::{Reason, Rejection},
    head::{HeadRef, KeptHead},
    policy::{Asking, Lack, Policy, Seen},
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

impl Check {
    /// Whether `verified` satisfies the policy, if there is one.
    // Inline: a token is large, and would be copied.
    #[inline]
    pub(super) fn of_policy(
        policy: Option<&Policy>,
        verified: Verified,
        head: Option<HeadRef<'_>>,
        answers: &SharedAnswers,
    ) -> Self {
        if let Some(policy) = policy {
            let hierarchy = answers.hierarchy.as_ref();
            match policy.evaluate(&Seen::new(&verified, head, hierarchy)) {
                Ok(()) => {}
                Err(Lack::Error(error)) => {
                    return Self::Ready(Err(answers.refuse(Reason::Policy(error))));
                }
                Err(Lack::Answer(_)) => {
                    let asking = Asking::new(policy, &verified, head, hierarchy);
                    return Self::Pending(PendingCheck::asking(asking, answers.clone()));
                }
            }
        }
        Self::Ready(Ok(Authentication::new(answers.clone(), Some(verified))))
    }
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
    stage: Stage,
    answers: SharedAnswers,
    /// Whether the request was let through, and counted, further out.
    is_behind: bool,
}

enum Stage {
    /// The token is not known to be good yet.
    Verifying {
        verification: PendingVerification,
        // Boxed: it is looked at once, and the future of every request is as large.
        then: Box<Then>,
    },
    /// The policy asks somebody about it.
    Asking(Box<Asking>),
}

/// What is looked at once the token is verified.
struct Then {
    /// What was shown beside a token that came in a cookie.
    shown: Option<Shown>,
    policy: Option<Policy>,
    /// The request, if the policy asks about it.
    head: Option<KeptHead>,
}

impl PendingCheck {
    /// For a token that is being verified.
    pub(super) fn verifying(
        verification: PendingVerification,
        shown: Option<Shown>,
        policy: Option<Policy>,
        head: HeadRef<'_>,
        answers: SharedAnswers,
    ) -> Self {
        let asks = policy.as_ref().is_some_and(Policy::asks_about_request);
        let then = Then {
            shown,
            head: asks.then(|| KeptHead::of(head)).flatten(),
            policy,
        };
        Self {
            stage: Stage::Verifying {
                verification,
                then: Box::new(then),
            },
            answers,
            is_behind: false,
        }
    }

    /// For whom the policy asks.
    pub(super) fn asking(asking: Asking, answers: SharedAnswers) -> Self {
        Self {
            stage: Stage::Asking(Box::new(asking)),
            answers,
            is_behind: false,
        }
    }

    /// For a request that was let through further out.
    pub(super) fn behind(mut self) -> Self {
        self.is_behind = true;
        self
    }

    /// Tells of a refusal in this way.
    pub(super) fn make_way(&mut self, way: Option<Way>) {
        make_way(&mut self.answers, way);
    }
}

impl Then {
    fn check(
        &self,
        result: Result<Verified, VerifyError>,
        answers: &SharedAnswers,
    ) -> Result<Check, Rejection> {
        let verified = result.map_err(|error| answers.refuse(Reason::Token(error)))?;
        if let Some(shown) = &self.shown {
            let csrf = shown.check(&verified);
            csrf.map_err(|error| answers.refuse(Reason::Csrf(error)))?;
        }
        let head = self.head.as_ref().map(HeadRef::new);
        // A policy that nobody asked must not hold.
        Ok(Check::of_policy(
            self.policy.as_ref(),
            verified,
            head,
            answers,
        ))
    }
}

impl fmt::Debug for PendingCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut f = f.debug_struct("PendingCheck");
        match &self.stage {
            Stage::Verifying { then, .. } => f.field("policy", &then.policy),
            Stage::Asking(asking) => f.field("asking", asking),
        };
        f.finish_non_exhaustive()
    }
}

impl Future for PendingCheck {
    type Output = Result<Authentication, Rejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let answers = &this.answers;
        let mut result = loop {
            match &mut this.stage {
                Stage::Verifying { verification, then } => {
                    let result = ready!(Pin::new(verification).poll(cx));
                    match then.check(result, answers) {
                        Ok(Check::Ready(result)) => break result,
                        Ok(Check::Pending(next)) => this.stage = next.stage,
                        Err(rejection) => break Err(rejection),
                    }
                }
                Stage::Asking(asking) => {
                    let result = ready!(Pin::new(&mut **asking).poll(cx));
                    break match result {
                        Ok(()) => {
                            let token = asking.token().clone();
                            Ok(Authentication::new(answers.clone(), Some(token)))
                        }
                        Err(error) => Err(answers.refuse(Reason::Policy(error))),
                    };
                }
            }
        };
        match this.is_behind {
            true => counted::decided_behind(&result),
            false => counted::decided(&result),
        }
        if let Err(rejection) = &mut result {
            answers.finish(rejection);
        }
        Poll::Ready(result)
    }
}
