//! What `iss` must be.

use std::{collections::HashSet, sync::Arc};

use super::{
    VerifyError,
    VerifyErrorKind::WrongIssuer,
    shown::{Shown, list, or_none},
};

/// What `iss` must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum IssuerRule {
    Exactly(Arc<str>),
    /// Our own issuer that writes no `iss`.
    Absent,
    Any,
}

impl IssuerRule {
    pub(super) fn accepts(&self, issuer: Option<&str>) -> bool {
        match self {
            Self::Exactly(name) => issuer.is_some_and(|issuer| *issuer == **name),
            Self::Absent => issuer.is_none(),
            Self::Any => true,
        }
    }

    /// Whether it accepts an issuer that `later` names, or all that it takes. What
    /// is left over may well be for a `later` that takes any.
    pub(super) fn takes_from(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Any, _) | (Self::Absent, Self::Absent) => true,
            (Self::Exactly(one), Self::Exactly(other)) => one == other,
            _ => false,
        }
    }

    /// For a log.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Exactly(name) => Shown(name).to_string(),
            Self::Absent => "none".to_owned(),
            Self::Any => "any".to_owned(),
        }
    }
}

/// That none of the configured issuers is that of the token.
#[cold]
pub(super) fn wrong_issuer<'r>(
    found: Option<&str>,
    configured: impl IntoIterator<Item = &'r IssuerRule>,
) -> VerifyError {
    let mut seen = HashSet::new();
    let configured = configured.into_iter().filter(|rule| seen.insert(*rule));
    let configured = list(configured, IssuerRule::shown);
    let found = or_none(found);
    VerifyError::with_detail(
        WrongIssuer,
        format!("{found}, and {configured} is configured"),
    )
}
