//! The end of a token while something that it opened is still open.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::{Status, Verified, oversight::Oversight};
use crate::time::Timestamp;

/// Why what a token opened must be closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ended {
    /// The token has expired.
    Expired,
    /// The token was revoked, or its session, or everything of its subject.
    Revoked,
    /// For too long nobody could say whether it was revoked: new requests with it
    /// get a 503.
    Unavailable,
}

impl Ended {
    /// A sentence about it without secrets, for the reason of a WebSocket's close
    /// frame, say: at most 123 bytes (RFC 6455 section 5.5.1).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "the token has expired",
            Self::Revoked => "the token was revoked",
            Self::Unavailable => "nobody can say whether the token was revoked",
        }
    }

    /// The code of a WebSocket's close frame: 1008, the policy was violated (RFC
    /// 6455 section 7.4.1), where another token is needed, and 1013, try again
    /// later, where the same one may be good again.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Expired | Self::Revoked => 1008,
            Self::Unavailable => 1013,
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Verified {
    /// Resolves when the token is good no longer, for connections that live longer
    /// than a request: when it has expired, by the clock and with the leeway of the
    /// verifier that accepted it, or was revoked. `sleep` is the timer of whatever
    /// runtime there is. The adapters of frameworks that bring one have
    /// `Token::ended()`, which is this with that timer.
    ///
    /// ```
    /// # async fn example(token: portcullis::verify::Verified) {
    /// let ended = token.ended_with(tokio::time::sleep).await;
    /// println!("closed: {ended}");
    /// # }
    /// ```
    pub fn ended_with<S, F>(&self, sleep: S) -> UntilEnded
    where
        S: Fn(Duration) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        UntilEnded {
            oversight: Oversight::of(self),
            token: self.clone(),
            sleep: Box::new(move |duration| Box::pin(sleep(duration))),
            revocation: true,
            check_every: UntilEnded::DEFAULT_CHECK_EVERY,
            unknown_for: UntilEnded::DEFAULT_UNKNOWN_FOR,
            sleeping: None,
            changed: None,
            answer: None,
            is_due: true,
            unknown_since: None,
            over: None,
        }
    }
}

/// Resolves when a token is good no longer; see [`Verified::ended_with`].
///
/// Whether it was revoked, the verifier's [status](super::TokenStatus) is asked:
/// at the start, then whenever the status [says](super::TokenStatus::changed) that
/// something has changed, as that of [`Revocations`](crate::session::Revocations)
/// does at once, and at [intervals](Self::check_every) as well. What a verifier
/// checks besides, such as the [application's own](super::VerifierBuilder::check)
/// rules or whether a key was withdrawn, is not looked at again. Where the
/// [issuer is asked](super::VerifierBuilder::introspected_by) instead of keys, it is
/// not asked again: only its `exp` counts, and the status.
///
/// A token that does not expire and about which nobody can be asked never ends.
///
/// It may be dropped at any time, and polled for whatever reason, as by `&mut` in a
/// loop of `tokio::select!`. Once it has resolved it says the same again.
#[must_use = "futures do nothing unless polled"]
pub struct UntilEnded {
    token: Verified,
    oversight: Option<Arc<Oversight>>,
    sleep: Box<dyn Fn(Duration) -> Waiting + Send>,
    revocation: bool,
    check_every: Duration,
    unknown_for: Duration,
    sleeping: Option<Waiting>,
    changed: Option<Waiting>,
    answer: Option<Pin<Box<dyn Future<Output = Status> + Send>>>,
    /// Whether the status is to be asked, once there is no answer to wait for.
    is_due: bool,
    unknown_since: Option<Timestamp>,
    over: Option<Ended>,
}

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

impl UntilEnded {
    /// How often is looked unless set.
    pub const DEFAULT_CHECK_EVERY: Duration = Duration::from_secs(15);

    /// How long nobody need be able to say whether the token was revoked, unless
    /// set.
    pub const DEFAULT_UNKNOWN_FOR: Duration = Duration::from_secs(30);

    /// Waits for the expiry only, whatever happens to the session.
    pub fn expiry_only(mut self) -> Self {
        self.revocation = false;
        self
    }

    /// How often at least the clock and the status are looked at; 15 seconds unless
    /// set, and never less than a millisecond. The clock, because it may be set
    /// while a timer runs; the status, because one of the application's own need
    /// not [tell](super::TokenStatus::changed) of changes.
    pub fn check_every(mut self, interval: Duration) -> Self {
        self.check_every = interval;
        self
    }

    /// How long the status may be [unknown](Status::Unknown) before it is the end;
    /// 30 seconds unless set. Requests with the token get a 503 all that time. A
    /// [snapshot](crate::session::Revocations) says so only after its
    /// [longest silence](crate::session::Revocations::with_max_silence), so that
    /// both together are how long a revocation on another node may go unnoticed here
    /// while the store is down.
    pub fn unknown_for(mut self, patience: Duration) -> Self {
        self.unknown_for = patience;
        self
    }

    /// An error is the end.
    fn look(&mut self, cx: &mut Context<'_>) -> Result<(), Ended> {
        let Some(oversight) = self.oversight.clone() else {
            return Ok(());
        };
        let end = oversight.end_of(&self.token);
        let is_watched = self.revocation && oversight.status.is_some();
        if end.is_none() && !is_watched {
            return Ok(());
        }
        let now = oversight.now();
        if end.is_some_and(|end| now >= end) {
            return Err(Ended::Expired);
        }
        if is_watched {
            self.look_at_status(&oversight, now, cx)?;
        }
        self.look_at_timer(end, now, cx)
    }

    /// In this order, so that no change falls between two steps: wait for changes,
    /// ask, see whether something has changed meanwhile.
    fn look_at_status(
        &mut self,
        oversight: &Oversight,
        now: Timestamp,
        cx: &mut Context<'_>,
    ) -> Result<(), Ended> {
        if self.is_due && self.answer.is_none() {
            self.is_due = false;
            self.sleeping = None;
            if self.changed.is_none() {
                self.changed = oversight.changed(&self.token);
            }
            match oversight.status(&self.token) {
                Some(Status::Pending(answer)) => self.answer = Some(answer),
                Some(status) => self.judge(&status, now)?,
                None => {}
            }
        }
        while let Some(answer) = &mut self.answer
            && let Poll::Ready(status) = answer.as_mut().poll(cx)
        {
            self.answer = None;
            match status {
                Status::Pending(answer) => self.answer = Some(answer),
                status => self.judge(&status, now)?,
            }
        }
        if let Some(changed) = &mut self.changed
            && changed.as_mut().poll(cx).is_ready()
        {
            self.changed = None;
            self.is_due = true;
        }
        if self.is_due && self.answer.is_none() {
            // Not here and now: a source that always sees changes must not hold
            // up others.
            cx.waker().wake_by_ref();
        }
        Ok(())
    }

    fn judge(&mut self, status: &Status, now: Timestamp) -> Result<(), Ended> {
        match status {
            Status::Clear => self.unknown_since = None,
            Status::Revoked => return Err(Ended::Revoked),
            _ => {
                let since = self.unknown_since.get_or_insert(now);
                // The clock may have been set back.
                *since = now.min(*since);
                if now.saturating_duration_since(*since) >= self.unknown_for {
                    return Err(Ended::Unavailable);
                }
                // Until then may be sooner.
                self.sleeping = None;
            }
        }
        Ok(())
    }

    fn look_at_timer(
        &mut self,
        end: Option<Timestamp>,
        now: Timestamp,
        cx: &mut Context<'_>,
    ) -> Result<(), Ended> {
        let sleeping = match &mut self.sleeping {
            Some(sleeping) => sleeping,
            None => {
                let patience = |since: Timestamp| since.saturating_add(self.unknown_for);
                let ends = [end, self.unknown_since.map(patience)];
                let until = |end: Timestamp| end.saturating_duration_since(now);
                let sleeps = ends.into_iter().flatten().map(until);
                let shortest = sleeps.fold(self.check_every, Duration::min);
                let sleep = (self.sleep)(shortest.max(Duration::from_millis(1)));
                self.sleeping.insert(sleep)
            }
        };
        if sleeping.as_mut().poll(cx).is_pending() {
            return Ok(());
        }
        self.sleeping = None;
        match self.answer {
            // One that takes so long is none.
            Some(_) => self.judge(&Status::Unknown, now)?,
            None => self.is_due = true,
        }
        cx.waker().wake_by_ref();
        Ok(())
    }
}

impl Future for UntilEnded {
    type Output = Ended;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Ended> {
        if self.over.is_none() {
            self.over = self.look(cx).err();
        }
        self.over.map_or(Poll::Pending, Poll::Ready)
    }
}

impl fmt::Debug for UntilEnded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UntilEnded")
            .field("token", &self.token)
            .field("revocation", &self.revocation)
            .field("check_every", &self.check_every)
            .field("unknown_for", &self.unknown_for)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It goes into tasks of any runtime, and needs no pinning there.
    #[test]
    fn it_can_be_sent_and_moved() {
        fn check<T: Send + Unpin + 'static>() {}
        check::<UntilEnded>();
    }

    #[test]
    fn reasons_fit_into_a_close_frame() {
        for ended in [Ended::Expired, Ended::Revoked, Ended::Unavailable] {
            assert!(ended.as_str().len() <= 123);
        }
    }
}
