//! Somebody who looks on while a token is checked.
//!
//! There is one way through the checks, for requests and for whoever wants them
//! explained. It is generic over who looks on, so that where nobody does nothing is
//! left of it.

use super::{VerifyError, VerifyErrorKind};

/// A check that a token goes through; in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Check {
    Size,
    Form,
    Verifier,
    Introspection,
    Header,
    Type,
    Key,
    Signature,
    Claims,
    Issuer,
    Required,
    Audience,
    Kind,
    KindClaim,
    Bound,
    Tenant,
    AudienceClaim,
    IdToken,
    RefusedClaims,
    OneOf,
    Values,
    Expiry,
    NotBefore,
    IssuedAt,
    Age,
    Lifetime,
    KeyIssuer,
    WeakKey,
    Binding,
    Application,
    Revocation,
}

impl Check {
    /// Its name, which stays what it is.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Form => "form",
            Self::Verifier => "verifier",
            Self::Introspection => "introspection",
            Self::Header => "header",
            Self::Type => "typ",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Issuer => "iss",
            Self::Required => "required_claims",
            Self::Audience => "aud",
            Self::Kind => "kind",
            Self::KindClaim => "kind_claim",
            Self::Bound => "cnf",
            Self::Tenant => "tid",
            Self::AudienceClaim => "audience_claim",
            Self::IdToken => "id_token",
            Self::RefusedClaims => "refused_claims",
            Self::OneOf => "one_of_claims",
            Self::Values => "claim_values",
            Self::Expiry => "exp",
            Self::NotBefore => "nbf",
            Self::IssuedAt => "iat",
            Self::Age => "max_age",
            Self::Lifetime => "max_lifetime",
            Self::KeyIssuer => "key_issuer",
            Self::WeakKey => "weak_key",
            Self::Binding => "binding",
            Self::Application => "application",
            Self::Revocation => "revocation",
        }
    }
}

/// What a check looked at, as a log shows it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What came.
    pub(super) found: Option<String>,
    /// What it must be.
    pub(super) configured: Option<String>,
    /// What to do if it is not.
    pub(super) advice: Option<String>,
}

impl Seen {
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    pub(super) fn found(found: impl Into<String>) -> Self {
        Self {
            found: Some(found.into()),
            ..Self::default()
        }
    }

    pub(super) fn of(found: impl Into<String>, configured: impl Into<String>) -> Self {
        Self {
            configured: Some(configured.into()),
            ..Self::found(found)
        }
    }

    pub(super) fn advise(mut self, advice: Option<impl Into<String>>) -> Self {
        self.advice = advice.map(Into::into);
        self
    }

    /// The refusal that says so: what a log has of it is what a report has.
    #[cold]
    pub(super) fn refuse(self, kind: VerifyErrorKind) -> VerifyError {
        let mut detail = self.found.unwrap_or_default();
        if let Some(configured) = self.configured {
            detail.push_str(", and ");
            detail.push_str(&configured);
            detail.push_str(" is configured");
        }
        if let Some(advice) = self.advice {
            detail.push_str(": ");
            detail.push_str(&advice);
        }
        VerifyError::with_detail(kind, detail)
    }
}

/// Looks on. What it is told costs only those who want it: closures that nobody
/// calls.
pub(super) trait Observer {
    /// Whether anybody does. Then nothing is taken from memory and nothing put
    /// there, and nobody is asked anything.
    const LOOKS: bool;

    /// Which checks are going to be made, as far as nothing comes between.
    fn plan(&mut self, checks: impl FnOnce() -> Vec<Check>);

    /// What came of a check. An error is the end, unless this wants to see what else
    /// is wrong: then [`settle`](Self::settle) has it.
    fn observe(
        &mut self,
        check: Check,
        result: Result<(), VerifyError>,
        seen: impl FnOnce() -> Seen,
    ) -> Result<(), VerifyError>;

    /// The same of one that is refused in the usual words.
    fn require(
        &mut self,
        check: Check,
        holds: bool,
        kind: VerifyErrorKind,
        seen: impl Fn() -> Seen,
    ) -> Result<(), VerifyError>;

    /// That a check failed in a way that leaves nothing to go on with; the error, as
    /// it was.
    fn failed(
        &mut self,
        check: Check,
        error: VerifyError,
        seen: impl FnOnce() -> Seen,
    ) -> VerifyError;

    /// Goes on without what a step should have found: only if somebody wants to see
    /// more.
    fn go_on<T>(&mut self, found: Result<T, VerifyError>) -> Result<Option<T>, VerifyError>;

    /// An error if there was any: nothing is made of a token before this was asked.
    fn settle(&mut self) -> Result<(), VerifyError>;

    /// That somebody would have to be asked, which nobody is while this looks on.
    fn unasked(&mut self, check: Check, seen: impl FnOnce() -> Seen);

    /// That what was seen so far counts no more: others check the token.
    fn restart(&mut self);
}

/// Nobody looks on.
pub(super) struct Unobserved;

impl Observer for Unobserved {
    const LOOKS: bool = false;

    #[inline(always)]
    fn plan(&mut self, _: impl FnOnce() -> Vec<Check>) {}

    #[inline(always)]
    fn observe(
        &mut self,
        _: Check,
        result: Result<(), VerifyError>,
        _: impl FnOnce() -> Seen,
    ) -> Result<(), VerifyError> {
        result
    }

    #[inline(always)]
    fn require(
        &mut self,
        _: Check,
        holds: bool,
        kind: VerifyErrorKind,
        seen: impl Fn() -> Seen,
    ) -> Result<(), VerifyError> {
        match holds {
            true => Ok(()),
            false => Err(seen().refuse(kind)),
        }
    }

    #[inline(always)]
    fn failed(&mut self, _: Check, error: VerifyError, _: impl FnOnce() -> Seen) -> VerifyError {
        error
    }

    #[inline(always)]
    fn go_on<T>(&mut self, found: Result<T, VerifyError>) -> Result<Option<T>, VerifyError> {
        found.map(Some)
    }

    #[inline(always)]
    fn settle(&mut self) -> Result<(), VerifyError> {
        Ok(())
    }

    #[inline(always)]
    fn unasked(&mut self, _: Check, _: impl FnOnce() -> Seen) {}

    #[inline(always)]
    fn restart(&mut self) {}
}
