//! Whom a policy asks.

use std::{fmt, future::Future, pin::Pin, ptr, sync::Arc, time::Duration};

use crate::{head::KeptHead, verify::Verified};

/// A question of the application's own, to somebody for whom one has to wait.
#[derive(Clone)]
pub(crate) struct Asker(Question);

#[derive(Clone)]
enum Question {
    Token(Arc<AboutToken>),
    Request(Arc<AboutRequest>),
}

type AboutToken = dyn Fn(Verified) -> Answering + Send + Sync;

type AboutRequest = dyn Fn(Verified, KeptHead) -> Answering + Send + Sync;

/// An answer on its way.
pub(super) type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

pub(super) type Answer = Result<bool, Unavailable>;

impl Asker {
    pub(super) fn about_token<F>(ask: impl Fn(Verified) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self(Question::Token(Arc::new(move |token| Box::pin(ask(token)))))
    }

    pub(super) fn about_request<F>(
        ask: impl Fn(Verified, KeptHead) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Self(Question::Request(Arc::new(move |token, head| {
            Box::pin(ask(token, head))
        })))
    }

    /// Whether it is about the request.
    pub(super) fn needs_head(&self) -> bool {
        matches!(self.0, Question::Request(_))
    }

    /// `None`: it is about a request, and there is none.
    pub(super) fn ask(&self, token: &Verified, head: Option<&KeptHead>) -> Option<Answering> {
        Some(match &self.0 {
            Question::Token(ask) => ask(token.clone()),
            Question::Request(ask) => ask(token.clone(), head?.clone()),
        })
    }

    /// Whether it is the very same question.
    pub(super) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Question::Token(own), Question::Token(other)) => {
                ptr::addr_eq(Arc::as_ptr(own), Arc::as_ptr(other))
            }
            (Question::Request(own), Question::Request(other)) => {
                ptr::addr_eq(Arc::as_ptr(own), Arc::as_ptr(other))
            }
            _ => false,
        }
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asker(..)")
    }
}

/// Somebody whom a policy [asks](super::Policy::ask) cannot say: 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unavailable {
    /// After which time it is worth asking again; in the answer's `Retry-After`
    /// in whole seconds.
    pub retry_after: Duration,
}

impl Default for Unavailable {
    /// In a second.
    fn default() -> Self {
        Self {
            retry_after: Duration::from_secs(1),
        }
    }
}

impl fmt::Display for Unavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.retry_after.as_secs_f32();
        write!(f, "nobody can say; again in {after} s")
    }
}

impl std::error::Error for Unavailable {}
