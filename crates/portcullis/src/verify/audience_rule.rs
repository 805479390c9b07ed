//! What `aud` must be.

use std::sync::Arc;

use super::{
    near_miss::near_miss,
    observer::Seen,
    shown::{Shown, list},
};
use crate::claims::Texts;

/// What `aud` must be.
#[derive(Clone, Debug)]
pub(super) enum AudienceRule {
    OneOf(Box<[Arc<str>]>),
    Absent,
    Any,
}

impl AudienceRule {
    pub(super) fn of_own_tokens(names: &[Arc<str>]) -> Self {
        if names.is_empty() {
            Self::Absent
        } else {
            Self::OneOf(names.into())
        }
    }

    pub(super) fn accepts(&self, audience: Option<&Texts<'_>>) -> bool {
        match (self, audience) {
            (Self::OneOf(names), Some(audience)) => {
                names.iter().any(|name| audience.contains(name))
            }
            (Self::OneOf(_), None) => false,
            (Self::Absent, audience) => audience.is_none(),
            (Self::Any, _) => true,
        }
    }

    /// Whether it accepts an audience that `later` names, or all that it takes. What
    /// is left over may well be for a `later` that takes any.
    pub(super) fn takes_from(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Any, _) | (Self::Absent, Self::Absent) => true,
            (Self::OneOf(names), Self::OneOf(others)) => {
                names.iter().any(|name| others.contains(name))
            }
            _ => false,
        }
    }

    /// Whom a token is for, in this claim, beside what is configured.
    #[cold]
    pub(super) fn seen(&self, claim: &str, audience: Option<&Texts<'_>>) -> Seen {
        let texts = audience.map(Texts::as_slice).unwrap_or_default();
        let own = || match self {
            Self::OneOf(names) => &**names,
            Self::Absent | Self::Any => &[],
        };
        let own = || own().iter().map(|name| &**name);
        let advice = texts.iter().find_map(|text| near_miss(text, own()));
        let found = match audience {
            Some(texts) if texts.as_slice().is_empty() => "nobody".to_owned(),
            Some(texts) => list(texts.as_slice(), |text| Shown(text)),
            None => "none".to_owned(),
        };
        let found = match claim {
            "aud" => found,
            other => format!("`{other}` is {found}"),
        };
        Seen::of(found, self.shown()).advise(advice)
    }

    /// For a log.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::OneOf(names) => list(names, |name| Shown(name)),
            Self::Absent => "none".to_owned(),
            Self::Any => "any".to_owned(),
        }
    }
}
