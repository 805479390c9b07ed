//! What comes of looking at a token.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use super::{
    Status, Verified, VerifyError,
    VerifyErrorKind::{self, IntrospectionUnavailable, KeysUnavailable, Revoked, StatusUnknown},
    WaitForKeys,
};

/// The answer of [`Verifier::verify`](super::Verifier::verify).
///
/// There is no third answer, and nobody may overlook one: whoever matches on it
/// has to say what becomes of both.
#[derive(Debug)]
pub enum Verification {
    /// Decided, without waiting for anything: the hot path.
    Done(Result<Verified, VerifyError>),
    /// Somebody else has to be asked first.
    Pending(PendingVerification),
}

/// A token about which somebody is being asked: its issuer for a key or for what
/// it says, or a [`TokenStatus`](super::TokenStatus) whether it is revoked.
#[must_use = "futures do nothing unless polled"]
pub struct PendingVerification(Stage);

enum Stage {
    Keys {
        arrive: WaitForKeys,
        /// Looks at the token once more.
        again: Box<dyn FnOnce() -> Verification + Send>,
    },
    /// For whose rules it is to be checked by.
    Verifier(Pin<Box<dyn Future<Output = Verification> + Send>>),
    /// Judges the issuer's answer once it is there.
    Answer(Pin<Box<dyn Future<Output = Verification> + Send>>),
    Status {
        arrive: Pin<Box<dyn Future<Output = Status> + Send>>,
        // Boxed, or the future of every request would be as large.
        verified: Box<Verified>,
    },
    /// For somebody who is not asked: only to say what is not known.
    Unasked(VerifyErrorKind),
    Over,
}

impl PendingVerification {
    /// For whoever only looks on: it never ends.
    pub(super) fn unasked(what_is_unknown: VerifyErrorKind) -> Self {
        Self(Stage::Unasked(what_is_unknown))
    }

    /// For keys, after which a token is looked at `again`.
    pub(super) fn for_keys(
        arrive: WaitForKeys,
        again: impl FnOnce() -> Verification + Send + 'static,
    ) -> Self {
        let again = Box::new(again);
        Self(Stage::Keys { arrive, again })
    }

    /// For what the issuer says of a token, and what comes of that.
    pub(super) fn for_answer(judged: impl Future<Output = Verification> + Send + 'static) -> Self {
        Self(Stage::Answer(Box::pin(judged)))
    }

    /// For the status of a token that is otherwise good.
    pub(super) fn for_status(
        arrive: Pin<Box<dyn Future<Output = Status> + Send>>,
        verified: Verified,
    ) -> Self {
        let verified = Box::new(verified);
        Self(Stage::Status { arrive, verified })
    }

    /// For the verifier of a token, and what that says.
    pub(super) fn for_verifier(
        further: Pin<Box<dyn Future<Output = Verification> + Send>>,
    ) -> Self {
        Self(Stage::Verifier(further))
    }

    /// What is not known yet.
    pub(super) fn what_is_unknown(&self) -> VerifyErrorKind {
        match self.0 {
            Stage::Keys { .. } | Stage::Verifier(_) => KeysUnavailable,
            Stage::Answer(_) => IntrospectionUnavailable,
            Stage::Unasked(kind) => kind,
            Stage::Status { .. } | Stage::Over => StatusUnknown,
        }
    }
}

impl Future for PendingVerification {
    type Output = Result<Verified, VerifyError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match &mut self.0 {
                Stage::Keys { arrive, .. } => {
                    let arrived = ready!(arrive.as_mut().poll(cx));
                    let Stage::Keys { again, .. } = mem::replace(&mut self.0, Stage::Over) else {
                        return Poll::Pending;
                    };
                    match (again(), arrived) {
                        // It may have come with keys that say nothing of others.
                        (Verification::Done(Err(_)), Err(unavailable)) => {
                            return Poll::Ready(Err(VerifyError::keys_unavailable(unavailable)));
                        }
                        (Verification::Done(result), _) => return Poll::Ready(result),
                        (Verification::Pending(next), _) => *self = next,
                    }
                }
                Stage::Verifier(further) | Stage::Answer(further) => {
                    match ready!(further.as_mut().poll(cx)) {
                        Verification::Done(result) => {
                            self.0 = Stage::Over;
                            return Poll::Ready(result);
                        }
                        Verification::Pending(next) => *self = next,
                    }
                }
                Stage::Status { arrive, .. } => {
                    let status = ready!(arrive.as_mut().poll(cx));
                    match (status, mem::replace(&mut self.0, Stage::Over)) {
                        (Status::Pending(arrive), Stage::Status { verified, .. }) => {
                            self.0 = Stage::Status { arrive, verified };
                        }
                        (status, Stage::Status { verified, .. }) => {
                            return Poll::Ready(judge(&status).map(|()| *verified));
                        }
                        _ => return Poll::Pending,
                    }
                }
                // Nobody waits for it, or it was polled again after the end.
                Stage::Unasked(_) | Stage::Over => return Poll::Pending,
            }
        }
    }
}

/// Whether a token of this status is accepted.
pub(super) fn judge(status: &Status) -> Result<(), VerifyError> {
    match status {
        Status::Clear => Ok(()),
        Status::Revoked => Err(VerifyError::new(Revoked)),
        Status::Unknown | Status::Pending(_) => Err(VerifyError::new(StatusUnknown)),
    }
}

impl fmt::Debug for PendingVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingVerification")
            .finish_non_exhaustive()
    }
}
