//! What a token lacks that a client can go and get.

use std::time::Duration;

use crate::claims::{AcrValues, ScopeSet};

/// What the login behind a token has to be (RFC 9470 section 3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepUp {
    acr_values: Option<AcrValues>,
    max_age: Option<Duration>,
}

impl StepUp {
    pub(super) fn of_acr(values: AcrValues) -> Self {
        Self {
            acr_values: Some(values),
            max_age: None,
        }
    }

    pub(super) fn of_age(age: Duration) -> Self {
        Self {
            acr_values: None,
            max_age: Some(age),
        }
    }

    /// How strong it has to be: one of these.
    pub fn acr_values(&self) -> Option<&AcrValues> {
        self.acr_values.as_ref()
    }

    /// How long ago it may be.
    pub fn max_age(&self) -> Option<Duration> {
        self.max_age
    }

    /// A login that is good for both, if there is one that is strong enough.
    pub(super) fn and(&self, other: &Self) -> Self {
        let acr_values = match (&self.acr_values, &other.acr_values) {
            // Where no login is, it is enough to say what is lacking first.
            (Some(own), Some(other)) => own.intersection(other).or_else(|| Some(own.clone())),
            (own, other) => own.clone().or_else(|| other.clone()),
        };
        let ages = [self.max_age, other.max_age];
        Self {
            acr_values,
            max_age: ages.into_iter().flatten().min(),
        }
    }
}

/// Scopes and a login with which those conditions of a policy hold that a client can
/// do something about: every one of `all`, the first alternative of `any`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Demands {
    pub(crate) scope: ScopeSet,
    pub(crate) login: Option<StepUp>,
}

impl Demands {
    pub(super) fn of_scope(scope: ScopeSet) -> Self {
        Self { scope, login: None }
    }

    pub(super) fn of_login(login: StepUp) -> Self {
        Self {
            scope: ScopeSet::new(),
            login: Some(login),
        }
    }

    pub(super) fn all<'d>(demands: impl Iterator<Item = &'d Self> + Clone) -> Self {
        let scopes = demands.clone().flat_map(|demands| demands.scope.iter());
        let logins = demands.filter_map(|demands| demands.login.as_ref());
        Self {
            // The tokens were checked when the policies were made.
            scope: ScopeSet::from_tokens(scopes).unwrap_or_default(),
            login: logins.fold(None, |all, login| both(all, Some(login))),
        }
    }

    pub(super) fn any<'d>(mut demands: impl Iterator<Item = &'d Self> + Clone) -> Self {
        let mut all = demands.clone();
        let found = demands.find(|demands| !demands.scope.is_empty());
        let found = found.or_else(|| all.find(|demands| demands.login.is_some()));
        found.cloned().unwrap_or_default()
    }
}

/// What is good for both.
pub(super) fn both(one: Option<StepUp>, other: Option<&StepUp>) -> Option<StepUp> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.and(other)),
        (one, other) => one.or_else(|| other.cloned()),
    }
}
