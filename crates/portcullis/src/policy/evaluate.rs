//! Whether a policy holds.

use super::{
    asker::{Answer, Asker},
    error::{PolicyError, PolicyErrorKind},
    expression::{Policy, Rule},
    scope_hierarchy::{ScopeHierarchy, has_scope},
};
use crate::{
    claims::{ScopeSet, text_at},
    head::{HeadRef, RequestHead},
    verify::Verified,
};

/// What a policy is shown.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'s> {
    pub(crate) token: &'s Verified,
    pub(crate) head: Option<HeadRef<'s>>,
    pub(crate) hierarchy: Option<&'s ScopeHierarchy>,
    /// What those said who were asked.
    pub(super) answers: &'s [(Asker, Answer)],
}

impl<'s> Seen<'s> {
    pub(crate) fn new(
        token: &'s Verified,
        head: Option<HeadRef<'s>>,
        hierarchy: Option<&'s ScopeHierarchy>,
    ) -> Self {
        Self {
            token,
            head,
            hierarchy,
            answers: &[],
        }
    }

    fn has_all(&self, scopes: &ScopeSet) -> bool {
        let granted = self.token.scope();
        scopes.is_subset_of(&granted)
            || self.hierarchy.is_some()
                && scopes
                    .iter()
                    .all(|scope| has_scope(&granted, scope, self.hierarchy))
    }
}

/// Why a policy does not hold, or not yet.
#[derive(Debug)]
pub(crate) enum Lack<'p> {
    Error(PolicyError),
    /// The answer to this is still lacking.
    Answer(&'p Asker),
}

impl Lack<'_> {
    /// Nobody can wait here.
    pub(crate) fn without_asking(self) -> PolicyError {
        match self {
            Self::Error(error) => error,
            Self::Answer(_) => {
                tracing::error!(
                    "a policy that asks somebody was checked where nobody can wait for the \
                     answer: give it to a layer, or await `decide` in place of `check`, \
                     `require` or a route's guard"
                );
                PolicyError::new(PolicyErrorKind::NotAsked)
            }
        }
    }
}

impl From<PolicyErrorKind> for Lack<'_> {
    fn from(kind: PolicyErrorKind) -> Self {
        Self::Error(PolicyError::new(kind))
    }
}

impl Policy {
    /// Whether `token` satisfies the policy, whatever request brought it: what
    /// asks for the [`request`](Self::request) does not hold, nor does what
    /// [asks](Self::ask) somebody.
    ///
    /// # Errors
    ///
    /// What it lacks. Missing scopes and roles go before freshness: a new
    /// login would not help.
    pub fn check(&self, token: &Verified) -> Result<(), PolicyError> {
        let seen = Seen::new(token, None, None);
        self.evaluate(&seen).map_err(Lack::without_asking)
    }

    /// Whether `token` and the request that brought it satisfy the policy.
    ///
    /// # Errors
    ///
    /// As of [`check`](Self::check).
    pub fn check_for(&self, token: &Verified, head: &impl RequestHead) -> Result<(), PolicyError> {
        let seen = Seen::new(token, Some(HeadRef::new(head)), None);
        self.evaluate(&seen).map_err(Lack::without_asking)
    }

    pub(crate) fn evaluate(&self, seen: &Seen<'_>) -> Result<(), Lack<'_>> {
        let lack = match self.rule() {
            Rule::Scopes(scopes) if !scopes.is_empty() && seen.has_all(scopes) => return Ok(()),
            Rule::Scopes(_) => PolicyErrorKind::ScopeMissing.into(),
            Rule::Role { path, role, .. }
                if text_at(seen.token.claims_json(), path.names(), role) =>
            {
                return Ok(());
            }
            Rule::Role { missing, .. } => Lack::Error(missing.clone()),
            Rule::Fresh if seen.token.is_fresh() => return Ok(()),
            Rule::Fresh => PolicyErrorKind::NotFresh.into(),
            Rule::Acr(values) if seen.token.acr().is_some_and(|acr| values.contains(&acr)) => {
                return Ok(());
            }
            Rule::Acr(_) => PolicyErrorKind::AuthenticationTooWeak.into(),
            Rule::MaxAge(age) if seen.token.logged_in_within(*age) => return Ok(()),
            Rule::MaxAge(_) => PolicyErrorKind::AuthenticationTooOld.into(),
            Rule::Request(rule) if rule.holds(seen.token, seen.head) => return Ok(()),
            Rule::Request(_) => PolicyErrorKind::RequestRefused.into(),
            Rule::Ask(asker) => return answer(asker, seen),
            Rule::All(policies) => match self.all_hold(policies, seen) {
                Ok(()) => return Ok(()),
                Err(lack) => lack,
            },
            // The alternative that is named brings its own demands.
            Rule::Any(policies) => return any(policies, seen),
        };
        Err(match lack {
            Lack::Error(error) => Lack::Error(error.with_all_of(self.demands())),
            lack => lack,
        })
    }

    /// What no login mends goes before what one does, and nobody is asked unless
    /// everything else holds.
    fn all_hold<'p>(&'p self, policies: &'p [Policy], seen: &Seen<'_>) -> Result<(), Lack<'p>> {
        let mut firm = None;
        let mut login: Option<PolicyError> = None;
        let mut open = None;
        for policy in policies {
            match policy.evaluate(seen) {
                Ok(()) => {}
                Err(Lack::Answer(asker)) => open = open.or(Some(asker)),
                Err(Lack::Error(error)) if error.kind().is_about_login() => {
                    login = Some(match login {
                        Some(other) => other.or_login(error),
                        None => error,
                    });
                }
                Err(Lack::Error(error)) => {
                    // Only a login that brings scopes, too, tells of both.
                    let is_scope = error.kind() == PolicyErrorKind::ScopeMissing;
                    if !is_scope || error.scope().is_empty() || self.demands().login.is_none() {
                        return Err(Lack::Error(firm.unwrap_or(error)));
                    }
                    firm = firm.or(Some(error));
                }
            }
        }
        match (firm, login, open) {
            // RFC 9470 section 3.
            (Some(firm), Some(login), _) if login.step_up().is_some() => {
                Err(Lack::Error(login.and_scope(firm.scope().clone())))
            }
            (Some(error), ..) | (None, Some(error), _) => Err(Lack::Error(error)),
            (None, None, Some(asker)) => Err(Lack::Answer(asker)),
            (None, None, None) if policies.is_empty() => Err(PolicyErrorKind::Denied.into()),
            (None, None, None) => Ok(()),
        }
    }
}

/// Of what the alternatives lack, what is easiest to come by is named: a new
/// login, then a scope.
fn any<'p>(policies: &'p [Policy], seen: &Seen<'_>) -> Result<(), Lack<'p>> {
    let mut easiest = PolicyError::new(PolicyErrorKind::Denied);
    let mut open = None;
    for policy in policies {
        match policy.evaluate(seen) {
            Ok(()) => return Ok(()),
            Err(Lack::Answer(asker)) => open = open.or(Some(asker)),
            Err(Lack::Error(error)) if error.kind().effort() < easiest.kind().effort() => {
                easiest = error;
            }
            Err(Lack::Error(_)) => {}
        }
    }
    Err(open.map_or(Lack::Error(easiest), Lack::Answer))
}

fn answer<'p>(asker: &'p Asker, seen: &Seen<'_>) -> Result<(), Lack<'p>> {
    if asker.needs_head() && seen.head.is_none() {
        return Err(PolicyErrorKind::RequestRefused.into());
    }
    let mut answers = seen.answers.iter();
    match answers.find(|(asked, _)| asked.is(asker)) {
        None => Err(Lack::Answer(asker)),
        Some((_, Ok(true))) => Ok(()),
        Some((_, Ok(false))) => Err(PolicyErrorKind::AnswerWasNo.into()),
        Some((_, Err(error))) => Err(Lack::Error(PolicyError::unavailable(*error))),
    }
}
