//! What a verified token must be allowed to do.
//!
//! A [`Policy`] is a small expression over a token's scopes, roles and
//! freshness, and over the request where an application adds a rule of its own.
//! What is empty denies: `any` of nothing and `all` of nothing are never
//! satisfied.
//!
//! The request is at hand where it is decided about: in a layer, or in an
//! extractor that verifies by itself; where a token has to wait, a copy of its
//! head is. A rule about it that is asked later,
//! without the request, does not hold.

mod claim_path;
mod request_rule;
mod required_scopes;

pub use claim_path::ClaimPath;
pub use required_scopes::RequiredScopes;

use std::fmt;

use self::{request_rule::RequestRule, required_scopes::assert_scope_tokens};
use crate::{
    claims::{ScopeError, ScopeSet, text_at},
    head::{HeadRef, RequestHead},
    verify::Verified,
};

/// A condition on a verified token.
///
/// ```
/// use portcullis::policy::Policy;
///
/// let policy = Policy::scope("stations:write")?
///     .and(Policy::role("realm_access.roles", "operator").or(Policy::fresh()));
/// # Ok::<(), portcullis::claims::ScopeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    rule: Rule,
    /// Scopes with which its scope conditions hold: every one of `all`, the
    /// first alternative of `any`.
    sufficient: ScopeSet,
}

#[derive(Clone, Debug)]
enum Rule {
    Scopes(ScopeSet),
    Role { path: ClaimPath, role: Box<str> },
    Fresh,
    Request(RequestRule),
    All(Vec<Policy>),
    Any(Vec<Policy>),
}

impl Policy {
    /// The token has this scope.
    ///
    /// # Errors
    ///
    /// If `scope` is not a scope token (RFC 6749 section 3.3).
    pub fn scope(scope: &str) -> Result<Self, ScopeError> {
        Self::all_scopes([scope])
    }

    /// The token has every one of these scopes; with none named it denies.
    ///
    /// # Errors
    ///
    /// If one of them is not a scope token (RFC 6749 section 3.3).
    pub fn all_scopes<I>(scopes: I) -> Result<Self, ScopeError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Ok(Self::of(Rule::Scopes(ScopeSet::from_tokens(scopes)?)))
    }

    /// The token has at least one of these scopes; with none named it denies.
    ///
    /// # Errors
    ///
    /// If one of them is not a scope token (RFC 6749 section 3.3).
    pub fn any_scope<I>(scopes: I) -> Result<Self, ScopeError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let scopes = scopes
            .into_iter()
            .map(|scope| Self::scope(scope.as_ref()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::of(Rule::Any(scopes)))
    }

    /// The token has every scope that `S` demands; with none named it denies.
    pub fn scopes_of<S: RequiredScopes>() -> Self {
        const { assert_scope_tokens(S::SCOPES) };
        // They are scope tokens, or this would not have compiled.
        Self::of(Rule::Scopes(
            ScopeSet::from_tokens(S::SCOPES).unwrap_or_default(),
        ))
    }

    /// The claim at `path` is this role, or an array that contains it.
    ///
    /// A text is a path of claim names separated by dots, an array a path of
    /// claim names as they are: `Policy::role("realm_access.roles", "admin")`,
    /// `Policy::role(["https://api.example/roles"], "admin")`.
    pub fn role(path: impl Into<ClaimPath>, role: impl Into<Box<str>>) -> Self {
        Self::of(Rule::Role {
            path: path.into(),
            role: role.into(),
        })
    }

    /// The token comes from a login with credentials, not from a refresh. A
    /// token that is not is refused as RFC 9470 section 3 has it.
    pub fn fresh() -> Self {
        Self::of(Rule::Fresh)
    }

    /// `holds` says yes about the token and the request that brought it. A
    /// request for which it does not is refused as one that lacks a role: 403.
    ///
    /// It decides about requests with a token; whoever has none is asked for
    /// one.
    ///
    /// ```
    /// use portcullis::policy::Policy;
    ///
    /// // Everybody reads, administrators do the rest.
    /// let policy = Policy::request(|_, head| matches!(head.method(), "GET" | "HEAD"))
    ///     .or(Policy::role("roles", "admin"));
    /// ```
    pub fn request(holds: impl Fn(&Verified, HeadRef<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self::of(Rule::Request(RequestRule::new(holds)))
    }

    /// Every one of `policies` holds; of none, it denies.
    pub fn all(policies: impl IntoIterator<Item = Policy>) -> Self {
        Self::of(Rule::All(policies.into_iter().collect()))
    }

    /// At least one of `policies` holds; of none, it denies.
    pub fn any(policies: impl IntoIterator<Item = Policy>) -> Self {
        Self::of(Rule::Any(policies.into_iter().collect()))
    }

    /// This and `other`.
    #[must_use = "returns the combined policy"]
    pub fn and(self, other: Policy) -> Self {
        Self::all([self, other])
    }

    /// This or `other`.
    #[must_use = "returns the combined policy"]
    pub fn or(self, other: Policy) -> Self {
        Self::any([self, other])
    }

    /// Whether `token` satisfies the policy, whatever request brought it: what
    /// asks for the [`request`](Self::request) does not hold.
    ///
    /// # Errors
    ///
    /// What it lacks. Missing scopes and roles go before freshness: a new
    /// login would not help.
    pub fn check(&self, token: &Verified) -> Result<(), PolicyError> {
        self.evaluate(token, None)
    }

    /// Whether `token` and the request that brought it satisfy the policy.
    ///
    /// # Errors
    ///
    /// As of [`check`](Self::check).
    pub fn check_for(&self, token: &Verified, head: &impl RequestHead) -> Result<(), PolicyError> {
        self.evaluate(token, Some(HeadRef::new(head)))
    }

    pub(crate) fn evaluate(
        &self,
        token: &Verified,
        head: Option<HeadRef<'_>>,
    ) -> Result<(), PolicyError> {
        match &self.rule {
            Rule::Scopes(scopes) => {
                if !scopes.is_empty() && scopes.is_subset_of(&token.scope()) {
                    Ok(())
                } else {
                    Err(PolicyError::scope_missing())
                }
            }
            Rule::Role { path, role } => {
                if text_at(token.claims_json(), path.names(), role) {
                    Ok(())
                } else {
                    Err(PolicyError::new(PolicyErrorKind::RoleMissing))
                }
            }
            Rule::Fresh if token.is_fresh() => Ok(()),
            Rule::Fresh => Err(PolicyError::new(PolicyErrorKind::NotFresh)),
            Rule::Request(rule) if rule.holds(token, head) => Ok(()),
            Rule::Request(_) => Err(PolicyError::new(PolicyErrorKind::RequestRefused)),
            Rule::All(policies) => all(policies, token, head),
            // The alternative that is named brings its own scopes.
            Rule::Any(policies) => return any(policies, token, head),
        }
        .map_err(|error| error.with_scope(&self.sufficient))
    }

    fn of(rule: Rule) -> Self {
        let sufficient = match &rule {
            Rule::Scopes(scopes) => scopes.clone(),
            Rule::Role { .. } | Rule::Fresh | Rule::Request(_) => ScopeSet::new(),
            Rule::All(policies) => union(policies),
            Rule::Any(policies) => {
                let mut scopes = policies.iter().map(|policy| &policy.sufficient);
                let first = scopes.find(|scope| !scope.is_empty());
                first.cloned().unwrap_or_default()
            }
        };
        Self { rule, sufficient }
    }

    /// Whether it has a rule about the request.
    pub(crate) fn asks_about_request(&self) -> bool {
        match &self.rule {
            Rule::Request(_) => true,
            Rule::All(policies) | Rule::Any(policies) => {
                policies.iter().any(Self::asks_about_request)
            }
            Rule::Scopes(_) | Rule::Role { .. } | Rule::Fresh => false,
        }
    }

    pub(crate) fn sufficient_scope(&self) -> &ScopeSet {
        &self.sufficient
    }
}

fn union(policies: &[Policy]) -> ScopeSet {
    let scopes = policies.iter().flat_map(|policy| policy.sufficient.iter());
    // The tokens were checked when the policies were made.
    ScopeSet::from_tokens(scopes).unwrap_or_default()
}

/// Whether `token` has every scope that `S` demands, and `S` demands any.
pub(crate) fn has_scopes<S: RequiredScopes>(token: &Verified) -> bool {
    let granted = token.scope();
    !S::SCOPES.is_empty() && S::SCOPES.iter().all(|scope| granted.contains(scope))
}

fn all(
    policies: &[Policy],
    token: &Verified,
    head: Option<HeadRef<'_>>,
) -> Result<(), PolicyError> {
    let mut worst = if policies.is_empty() {
        Some(PolicyError::new(PolicyErrorKind::Denied))
    } else {
        None
    };
    for policy in policies {
        match policy.evaluate(token, head) {
            Ok(()) => {}
            Err(error) if error.kind == PolicyErrorKind::NotFresh => worst = worst.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    worst.map_or(Ok(()), Err)
}

/// Of what the alternatives lack, what is easiest to come by is named: a new
/// login, then a scope.
fn any(
    policies: &[Policy],
    token: &Verified,
    head: Option<HeadRef<'_>>,
) -> Result<(), PolicyError> {
    let mut easiest = PolicyError::new(PolicyErrorKind::Denied);
    for policy in policies {
        match policy.evaluate(token, head) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind.effort() < easiest.kind.effort() => easiest = error,
            Err(_) => {}
        }
    }
    Err(easiest)
}

/// What a token lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    kind: PolicyErrorKind,
    scope: ScopeSet,
}

impl PolicyError {
    fn new(kind: PolicyErrorKind) -> Self {
        Self {
            kind,
            scope: ScopeSet::new(),
        }
    }

    fn scope_missing() -> Self {
        Self::new(PolicyErrorKind::ScopeMissing)
    }

    /// The outermost policy names the scopes: all that are needed at once.
    fn with_scope(mut self, scope: &ScopeSet) -> Self {
        if self.kind == PolicyErrorKind::ScopeMissing {
            self.scope = scope.clone();
        }
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
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            PolicyErrorKind::ScopeMissing => write!(f, "the scope `{}` is needed", self.scope),
            PolicyErrorKind::RoleMissing => f.write_str("a role is missing"),
            PolicyErrorKind::NotFresh => f.write_str("the token does not come from a login"),
            PolicyErrorKind::RequestRefused => {
                f.write_str("a rule of the application refuses the request")
            }
            PolicyErrorKind::Denied => f.write_str("the policy is empty, which denies"),
        }
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
    /// A rule about the request does not hold, or was asked without one.
    RequestRefused,
    /// The policy is empty.
    Denied,
}

impl PolicyErrorKind {
    const fn effort(self) -> u8 {
        match self {
            Self::NotFresh => 0,
            Self::ScopeMissing => 1,
            Self::RoleMissing => 2,
            Self::RequestRefused => 3,
            Self::Denied => 4,
        }
    }
}

#[cfg(test)]
mod tests;
