//! A policy that waits for answers.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{
    asker::{Answer, Answering, Asker},
    error::{PolicyError, PolicyErrorKind},
    evaluate::{Lack, Seen},
    expression::Policy,
    scope_hierarchy::ScopeHierarchy,
};
use crate::{
    head::{HeadRef, KeptHead, RequestHead},
    verify::Verified,
};

impl Policy {
    /// As [`check`](Self::check), where those are awaited whom the policy
    /// [asks](Self::ask).
    ///
    /// ```
    /// # async fn example(token: portcullis::verify::Verified) {
    /// use portcullis::policy::Policy;
    ///
    /// let policy = Policy::ask(async |_| Ok(true));
    /// assert!(policy.decide(&token).await.is_ok());
    /// # }
    /// ```
    pub fn decide(&self, token: &Verified) -> Asking {
        Asking::new(self, token, None, None)
    }

    /// As [`check_for`](Self::check_for), where those are awaited whom the policy
    /// [asks](Self::ask).
    pub fn decide_for(&self, token: &Verified, head: &impl RequestHead) -> Asking {
        Asking::new(self, token, Some(HeadRef::new(head)), None)
    }
}

/// Resolves to whether a policy holds, once everybody has answered whom it asks: see
/// [`Policy::decide`]. It may be dropped at any time, and the questions with it.
#[must_use = "futures do nothing unless polled"]
pub struct Asking {
    policy: Policy,
    token: Verified,
    /// The request, if the policy asks about it.
    head: Option<KeptHead>,
    hierarchy: Option<ScopeHierarchy>,
    answers: Vec<(Asker, Answer)>,
    asked: Option<(Asker, Answering)>,
}

impl Asking {
    pub(crate) fn new(
        policy: &Policy,
        token: &Verified,
        head: Option<HeadRef<'_>>,
        hierarchy: Option<&ScopeHierarchy>,
    ) -> Self {
        let head = head.filter(|_| policy.asks_about_request());
        Self {
            policy: policy.clone(),
            token: token.clone(),
            head: head.and_then(KeptHead::of),
            hierarchy: hierarchy.cloned(),
            answers: Vec::new(),
            asked: None,
        }
    }

    pub(crate) fn token(&self) -> &Verified {
        &self.token
    }

    /// Whom to ask next, or what has come of it all.
    fn next(&self) -> Result<Asker, Result<(), PolicyError>> {
        let head = self.head.as_ref().map(HeadRef::new);
        let seen = Seen {
            answers: &self.answers,
            ..Seen::new(&self.token, head, self.hierarchy.as_ref())
        };
        match self.policy.evaluate(&seen) {
            Ok(()) => Err(Ok(())),
            Err(Lack::Error(error)) => Err(Err(error)),
            Err(Lack::Answer(asker)) => Ok(asker.clone()),
        }
    }
}

impl Future for Asking {
    type Output = Result<(), PolicyError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            if let Some((asker, answering)) = &mut self.asked {
                let answer = ready!(answering.as_mut().poll(cx));
                let answered = (asker.clone(), answer);
                self.asked = None;
                self.answers.push(answered);
            }
            let asker = match self.next() {
                Ok(asker) => asker,
                Err(decided) => return Poll::Ready(decided),
            };
            match asker.ask(&self.token, self.head.as_ref()) {
                Some(answering) => self.asked = Some((asker, answering)),
                // A question about a request that is not there is not put.
                None => {
                    let error = PolicyError::new(PolicyErrorKind::RequestRefused);
                    return Poll::Ready(Err(error));
                }
            }
        }
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking")
            .field("policy", &self.policy)
            .field("token", &self.token)
            .finish_non_exhaustive()
    }
}
