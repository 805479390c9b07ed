//! What a token lacks.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    asker::Unavailable,
    claim_path::ClaimPath,
    demands::{Demands, StepUp, both},
};
use crate::claims::ScopeSet;

/// What a token lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    kind: PolicyErrorKind,
    scope: ScopeSet,
    // Apart: an error is as large as the answer of every check.
    more: Option<Arc<More>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum More {
    Login(StepUp),
    Again(Unavailable),
    /// What is needed, in words.
    Role(Box<str>),
}

impl PolicyError {
    pub(super) fn new(kind: PolicyErrorKind) -> Self {
        Self {
            kind,
            scope: ScopeSet::new(),
            more: None,
        }
    }

    pub(super) fn unavailable(error: Unavailable) -> Self {
        Self {
            more: Some(Arc::new(More::Again(error))),
            ..Self::new(PolicyErrorKind::Unavailable)
        }
    }

    /// For the policy to keep: many a token lacks a role that is one of several.
    pub(super) fn role_missing(path: &ClaimPath, role: &str) -> Self {
        let needed = format!("the role `{role}` at `{}`", path.names().join("."));
        Self {
            more: Some(Arc::new(More::Role(needed.into()))),
            ..Self::new(PolicyErrorKind::RoleMissing)
        }
    }

    /// Names everything that is needed at once: the outermost policy does.
    #[cold]
    pub(super) fn with_all_of(mut self, demands: &Demands) -> Self {
        use PolicyErrorKind::{
            AuthenticationTooOld, AuthenticationTooWeak, NotFresh, ScopeMissing,
        };
        if matches!(
            self.kind,
            NotFresh | AuthenticationTooWeak | AuthenticationTooOld
        ) {
            let login = both(self.step_up().cloned(), demands.login.as_ref());
            self.more = login.map(|login| Arc::new(More::Login(login)));
        }
        if self.kind == ScopeMissing || !self.scope.is_empty() {
            self.scope = demands.scope.clone();
        }
        self
    }

    /// Of two errors that a new login mends, one that tells of both.
    pub(super) fn or_login(self, other: Self) -> Self {
        let login = both(self.step_up().cloned(), other.step_up());
        let scope = if self.scope.is_empty() {
            other.scope
        } else {
            self.scope
        };
        Self {
            kind: if self.kind.strength() >= other.kind.strength() {
                self.kind
            } else {
                other.kind
            },
            scope,
            more: login.map(|login| Arc::new(More::Login(login))),
        }
    }

    /// It lacks scopes, too, which the same new login can bring.
    pub(super) fn and_scope(mut self, scope: ScopeSet) -> Self {
        self.scope = scope;
        self
    }

    /// What is lacking.
    pub fn kind(&self) -> PolicyErrorKind {
        self.kind
    }

    /// The scopes that would do; empty unless a scope is what is lacking.
    pub fn scope(&self) -> &ScopeSet {
        &self.scope
    }

    /// What a new login has to be, where that is what is lacking: all that the
    /// policy demands of it, not only what this token's lacks.
    pub fn step_up(&self) -> Option<&StepUp> {
        match self.more.as_deref()? {
            More::Login(login) => Some(login),
            More::Again(_) | More::Role(_) => None,
        }
    }

    /// After which time it is worth asking again, where somebody could not be asked.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.more.as_deref()? {
            More::Again(error) => Some(error.retry_after),
            More::Login(_) | More::Role(_) => None,
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.kind {
            PolicyErrorKind::ScopeMissing => {
                return write!(f, "the scope `{}` is needed", self.scope);
            }
            PolicyErrorKind::RoleMissing => match self.more.as_deref() {
                Some(More::Role(role)) => return write!(f, "{role} is needed"),
                _ => "a role is missing",
            },
            PolicyErrorKind::NotFresh => "the token does not come from a login",
            PolicyErrorKind::AuthenticationTooWeak => "the login was not as strong as is needed",
            PolicyErrorKind::AuthenticationTooOld => "the login is too long ago",
            PolicyErrorKind::RequestRefused => "a rule of the application refuses the request",
            PolicyErrorKind::AnswerWasNo => "somebody was asked about the request and said no",
            PolicyErrorKind::Unavailable => "nobody could be asked about the request",
            PolicyErrorKind::NotAsked => {
                "the policy has to ask somebody, and was checked where nobody can wait"
            }
            PolicyErrorKind::Denied => "the policy is empty, which denies",
        };
        f.write_str(text)?;
        if let Some(values) = self.step_up().and_then(StepUp::acr_values) {
            write!(f, "; its `acr` must be of `{values}`")?;
        }
        if let Some(age) = self.step_up().and_then(StepUp::max_age) {
            write!(f, "; it must be at most {} s old", age.as_secs())?;
        }
        if !self.scope.is_empty() {
            write!(f, "; the scope `{}` is needed", self.scope)?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyError {}

/// The kinds of [`PolicyError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyErrorKind {
    /// A scope is missing.
    ScopeMissing,
    /// A role is missing.
    RoleMissing,
    /// The token was refreshed, and one from a login is asked for.
    NotFresh,
    /// The login was not as strong as is asked for, or the token does not say how
    /// strong it was (RFC 9470).
    AuthenticationTooWeak,
    /// The login is longer ago than is asked for, or the token does not say when it
    /// was (RFC 9470).
    AuthenticationTooOld,
    /// A rule about the request does not hold, or was asked without one.
    RequestRefused,
    /// Somebody of the application's was asked, and said no.
    AnswerWasNo,
    /// Somebody of the application's has to be asked, and could not say.
    Unavailable,
    /// Somebody would have to be asked, and the policy was checked where nobody can
    /// wait for the answer: the application has to check it otherwise.
    NotAsked,
    /// The policy is empty.
    Denied,
}

impl PolicyErrorKind {
    /// A stable name, for logs and counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScopeMissing => "scope_missing",
            Self::RoleMissing => "role_missing",
            Self::NotFresh => "not_fresh",
            Self::AuthenticationTooWeak => "authentication_too_weak",
            Self::AuthenticationTooOld => "authentication_too_old",
            Self::RequestRefused => "request_refused",
            Self::AnswerWasNo => "answer_was_no",
            Self::Unavailable => "policy_unavailable",
            Self::NotAsked => "not_asked",
            Self::Denied => "denied",
        }
    }

    /// How hard it is to come by: of alternatives, the easiest is named. What nobody
    /// could say goes before, for it may be enough.
    pub(super) const fn effort(self) -> u8 {
        match self {
            Self::NotAsked => 0,
            Self::Unavailable => 1,
            Self::NotFresh => 2,
            Self::AuthenticationTooOld => 3,
            Self::AuthenticationTooWeak => 4,
            Self::ScopeMissing => 5,
            Self::RoleMissing => 6,
            Self::RequestRefused => 7,
            Self::AnswerWasNo => 8,
            Self::Denied => 9,
        }
    }

    /// Whether a new login is all it takes.
    pub(super) const fn is_about_login(self) -> bool {
        self.strength() > 0
    }

    /// Of the conditions on a login, which one says most about what it must be.
    const fn strength(self) -> u8 {
        match self {
            Self::AuthenticationTooWeak => 3,
            Self::AuthenticationTooOld => 2,
            Self::NotFresh => 1,
            _ => 0,
        }
    }
}
