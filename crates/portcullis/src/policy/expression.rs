//! Policies as expressions.

use std::{future::Future, sync::Arc, time::Duration};

use super::{
    ClaimPath,
    asker::{Asker, Unavailable},
    demands::{Demands, StepUp},
    error::PolicyError,
    request_rule::RequestRule,
    required_roles::{self, RequiredRoles},
    required_scopes::{self, RequiredScopes},
};
use crate::{
    claims::{AcrError, AcrValues, ScopeError, ScopeSet},
    head::{HeadRef, KeptHead},
    verify::Verified,
};

/// A condition on a verified token; cheap to clone.
///
/// ```
/// use portcullis::policy::Policy;
///
/// let policy = Policy::scope("stations:write")?
///     .and(Policy::role("realm_access.roles", "operator").or(Policy::fresh()));
/// # Ok::<(), portcullis::claims::ScopeError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy(Arc<Expression>);

#[derive(Debug)]
struct Expression {
    rule: Rule,
    demands: Demands,
}

#[derive(Debug)]
pub(super) enum Rule {
    Scopes(ScopeSet),
    Role {
        path: ClaimPath,
        role: Box<str>,
        missing: PolicyError,
    },
    Fresh,
    Acr(AcrValues),
    MaxAge(Duration),
    Request(RequestRule),
    Ask(Asker),
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
        const { required_scopes::check::<S>() };
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
        let (path, role) = (path.into(), role.into());
        Self::of(Rule::Role {
            missing: PolicyError::role_missing(&path, &role),
            path,
            role,
        })
    }

    /// The token has every role that `R` demands; with none named it denies.
    pub fn roles_of<R: RequiredRoles>() -> Self {
        const { required_roles::check::<R>() };
        Self::all(R::ROLES.iter().map(|role| Self::role(R::PATH, *role)))
    }

    /// The token comes from a login with credentials, not from a refresh. A
    /// token that is not is refused as RFC 9470 section 3 has it.
    pub fn fresh() -> Self {
        Self::of(Rule::Fresh)
    }

    /// The login behind the token was of one of these strengths, the preferred one
    /// first: its `acr` claim is one of `values`. Who logged in otherwise, or with an
    /// issuer that does not say, is asked to log in again: 401 with the `acr_values`
    /// that would do (RFC 9470 section 3).
    ///
    /// ```
    /// use std::time::Duration;
    /// use portcullis::policy::Policy;
    ///
    /// // With a second factor, and no more than five minutes ago.
    /// let policy = Policy::acr(["phr", "mfa"])?.and(Policy::max_age(Duration::from_secs(300)));
    /// # Ok::<(), portcullis::claims::AcrError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If no value is named, or one cannot stand in a challenge.
    pub fn acr<I>(values: I) -> Result<Self, AcrError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        Ok(Self::of(Rule::Acr(AcrValues::new(values)?)))
    }

    /// The user logged in no longer than `age` ago, by the token's `auth_time` and
    /// the clock and leeway of its verifier. Who did not, or with an issuer that does
    /// not say, is asked to log in again: 401 with a `max_age` of so many whole
    /// seconds (RFC 9470 section 3).
    ///
    /// A refresh is no login: unlike the age of a token, that of the login grows for
    /// as long as the session lives.
    pub fn max_age(age: Duration) -> Self {
        Self::of(Rule::MaxAge(age))
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
    ///
    /// // The tenant of the path is that of the token: /tenants/{tenant}/...
    /// #[derive(Clone, serde::Deserialize)]
    /// struct Member {
    ///     tenant: String,
    /// }
    ///
    /// let policy = Policy::request(|token, head| {
    ///     let tenant = head.target().segment(1);
    ///     let member = token.claims::<Member>();
    ///     member.is_ok_and(|member| tenant.is_some_and(|tenant| tenant == member.tenant))
    /// });
    /// ```
    pub fn request(holds: impl Fn(&Verified, HeadRef<'_>) -> bool + Send + Sync + 'static) -> Self {
        Self::of(Rule::Request(RequestRule::new(holds)))
    }

    /// `ask` says yes about the token, for which one has to wait: a database, say, or
    /// a service that knows who may what. After a no the request is refused, 403; 503
    /// if nobody can say.
    ///
    /// It is asked last: only if everything else holds, or of alternatives no other
    /// one does, and once for a request however often it stands in a policy. Nothing
    /// ends a question that is not answered: put a time limit around it, and answer
    /// [`Unavailable`] then. It is dropped with the request when the client goes away.
    ///
    /// Where nobody can wait, such as in [`check`](Self::check), it does not hold, and
    /// an error in the log says so.
    ///
    /// ```
    /// use portcullis::{policy::{Policy, Unavailable}, verify::Verified};
    ///
    /// # struct Members;
    /// # impl Members {
    /// #     async fn is_active(&self, _: &str) -> Result<bool, ()> { Ok(true) }
    /// # }
    /// # fn example(members: std::sync::Arc<Members>) {
    /// let is_active = Policy::ask(move |token: Verified| {
    ///     let members = members.clone();
    ///     async move {
    ///         let Some(name) = token.subject_name() else {
    ///             return Ok(false);
    ///         };
    ///         members.is_active(name).await.map_err(|_| Unavailable::default())
    ///     }
    /// });
    /// # }
    /// ```
    pub fn ask<F>(ask: impl Fn(Verified) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<bool, Unavailable>> + Send + 'static,
    {
        Self::of(Rule::Ask(Asker::about_token(ask)))
    }

    /// As [`ask`](Self::ask), about the token and the request that brought it, of
    /// whose head it gets a copy. Where there is no request, it does not hold and
    /// nobody is asked.
    pub fn ask_for<F>(ask: impl Fn(Verified, KeptHead) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<bool, Unavailable>> + Send + 'static,
    {
        Self::of(Rule::Ask(Asker::about_request(ask)))
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

    fn of(rule: Rule) -> Self {
        let demands = match &rule {
            Rule::Scopes(scopes) => Demands::of_scope(scopes.clone()),
            Rule::Acr(values) => Demands::of_login(StepUp::of_acr(values.clone())),
            Rule::MaxAge(age) => Demands::of_login(StepUp::of_age(*age)),
            Rule::Role { .. } | Rule::Fresh | Rule::Request(_) | Rule::Ask(_) => Demands::default(),
            Rule::All(policies) => Demands::all(policies.iter().map(Self::demands)),
            Rule::Any(policies) => Demands::any(policies.iter().map(Self::demands)),
        };
        Self(Arc::new(Expression { rule, demands }))
    }

    pub(super) fn rule(&self) -> &Rule {
        &self.0.rule
    }

    /// What a client can go and get to satisfy it.
    pub(crate) fn demands(&self) -> &Demands {
        &self.0.demands
    }

    /// Whether it has a rule about the request.
    pub(crate) fn asks_about_request(&self) -> bool {
        match self.rule() {
            Rule::Request(_) => true,
            Rule::Ask(asker) => asker.needs_head(),
            Rule::All(policies) | Rule::Any(policies) => {
                policies.iter().any(Self::asks_about_request)
            }
            Rule::Scopes(_) | Rule::Role { .. } | Rule::Fresh | Rule::Acr(_) | Rule::MaxAge(_) => {
                false
            }
        }
    }
}
