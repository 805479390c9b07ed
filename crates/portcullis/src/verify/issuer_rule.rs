//! What `iss` must be.

use std::{collections::HashSet, sync::Arc};

use super::{
    VerifyError,
    VerifyErrorKind::WrongClaim,
    near_miss::near_miss,
    observer::{Check, Observer, Seen},
    shown::{Shown, list, or_none},
    tenants::{TenantIssuers, is_of_pattern, tenant_in},
};
use crate::{ConfigError, claims::FurtherClaims, subject::NO_REALM};

/// What `iss` must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum IssuerRule {
    Exactly(Arc<str>),
    /// One issuer that writes its name in several ways; the first is the one that
    /// its subjects go by.
    Spelled(Arc<[Arc<str>]>),
    OfTenants(TenantIssuers),
    /// Our own issuer that writes no `iss`.
    Absent,
    Any,
}

/// An issuer that is often taken for the one that is configured, and what to do
/// then.
#[derive(Clone, Debug)]
pub(super) struct Mistaken {
    /// Its name, with `{tenantid}` where a tenant stands.
    pub(super) issuer: Arc<str>,
    pub(super) advice: &'static str,
}

/// The claim that names the tenant besides `iss`.
const TID: &str = "tid";

impl IssuerRule {
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let names = match self {
            Self::Exactly(_) | Self::Spelled(_) => self.names(),
            Self::OfTenants(issuers) => return issuers.validate(),
            Self::Absent | Self::Any => return Ok(()),
        };
        if names.is_empty() || names.iter().any(|name| name.is_empty()) {
            return Err(ConfigError::new("the issuer must not be empty"));
        }
        if names.iter().any(|name| name.starts_with(NO_REALM)) {
            return Err(ConfigError::new(
                "the issuer must not begin with a control character",
            ));
        }
        Ok(())
    }

    /// The names that it may have, where these are a few.
    fn names(&self) -> &[Arc<str>] {
        match self {
            Self::Exactly(name) => std::slice::from_ref(name),
            Self::Spelled(names) => names,
            Self::OfTenants(_) | Self::Absent | Self::Any => &[],
        }
    }

    pub(super) fn accepts(&self, issuer: Option<&str>) -> bool {
        match self {
            Self::Exactly(name) => issuer.is_some_and(|issuer| *issuer == **name),
            Self::Spelled(names) => {
                issuer.is_some_and(|issuer| names.iter().any(|name| *issuer == **name))
            }
            Self::OfTenants(issuers) => issuer.is_some_and(|issuer| issuers.accept(issuer)),
            Self::Absent => issuer.is_none(),
            // It would be the realm of subjects.
            Self::Any => issuer.is_none_or(|issuer| !issuer.starts_with(NO_REALM)),
        }
    }

    /// Whether a token's issuer that was accepted may not be any more.
    pub(super) fn may_change(&self) -> bool {
        matches!(self, Self::OfTenants(issuers) if issuers.may_change())
    }

    /// The tenant that an accepted issuer is of must be the one that the token
    /// names besides.
    pub(super) fn check_tenant(
        &self,
        json: &str,
        issuer: Option<&str>,
        observer: &mut impl Observer,
    ) -> Result<(), VerifyError> {
        let Self::OfTenants(issuers) = self else {
            return Ok(());
        };
        let tenant = issuer.and_then(|issuer| tenant_in(&issuers.pattern, issuer));
        let further = FurtherClaims::read(json, |name| name == TID);
        let named = further.text(TID);
        let shown = || (or_none(named.as_deref()), or_none(tenant));
        let result = if tenant.is_some() && named.as_deref() == tenant {
            Ok(())
        } else {
            let (named, tenant) = shown();
            let detail = format!("`{TID}` is {named}, and `iss` names {tenant}");
            Err(VerifyError::with_detail(WrongClaim, detail))
        };
        observer.observe(Check::Tenant, result, || {
            let (named, tenant) = shown();
            Seen::of(named, tenant)
        })
    }

    /// The realm of its subjects, unless it is what the token says.
    pub(super) fn realm(&self) -> Option<Arc<str>> {
        match self {
            Self::Exactly(name) => Some(name.clone()),
            Self::Spelled(names) => names.first().cloned(),
            Self::OfTenants(_) | Self::Absent | Self::Any => None,
        }
    }

    /// Whether it accepts an issuer that `later` names, or all that it takes. What
    /// is left over may well be for a `later` that takes any.
    pub(super) fn takes_from(&self, later: &Self) -> bool {
        let takes = |name: &str| match self {
            Self::OfTenants(issuers) => issuers.may_accept(name),
            rule => rule.accepts(Some(name)),
        };
        match (self, later) {
            (Self::Any, _) | (Self::Absent, Self::Absent) => true,
            (_, Self::Exactly(name)) => takes(name),
            (_, Self::Spelled(names)) => names.iter().any(|name| takes(name)),
            (Self::OfTenants(issuers), Self::OfTenants(later)) => issuers.overlap(later),
            (_, Self::OfTenants(later)) => later.named().any(|name| takes(&name)),
            _ => false,
        }
    }

    /// For a log.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Exactly(name) => Shown(name).to_string(),
            Self::Spelled(names) => list(&**names, |name| Shown(name)),
            Self::OfTenants(issuers) => format!("{} of some tenants", Shown(&issuers.pattern)),
            Self::Absent => "none".to_owned(),
            Self::Any => "any".to_owned(),
        }
    }
}

/// The issuer of a token, beside those that are configured.
#[cold]
pub(super) fn seen_issuer<'r>(
    found: Option<&str>,
    configured: impl IntoIterator<Item = &'r IssuerRule>,
    mistaken: impl IntoIterator<Item = &'r Mistaken>,
) -> Seen {
    let mut seen = HashSet::new();
    let configured = configured.into_iter().filter(|rule| seen.insert(*rule));
    let configured: Vec<_> = configured.collect();
    let names = || configured.iter().flat_map(|rule| rule.names());
    let advice = found.and_then(|found| {
        let known = advice(found, mistaken);
        known.or_else(|| near_miss(found, names().map(|name| &**name)))
    });
    let configured = list(&configured, |rule| rule.shown());
    Seen::of(or_none(found), configured).advise(advice)
}

/// What to do about tokens of this issuer, if that is known.
pub(super) fn advice<'r>(
    issuer: &str,
    mistaken: impl IntoIterator<Item = &'r Mistaken>,
) -> Option<&'static str> {
    let mut mistaken = mistaken.into_iter();
    let found = mistaken.find(|other| is_of_pattern(&other.issuer, issuer))?;
    Some(found.advice)
}
