//! What some issuers' tokens must say besides: rules that are asked about claims
//! read a second time.

use std::sync::Arc;

use super::{
    VerifyError,
    VerifyErrorKind::{MissingClaim, WrongAudience, WrongClaim, WrongKind},
    audience_rule::AudienceRule,
    observer::{Check, Observer, Seen, Unobserved},
    shown::{Shown, list, or_none},
};
use crate::{
    ConfigError,
    claims::{FurtherClaims, RegisteredClaims},
    json::Name,
};

/// The further rules of one issuer's tokens; none, unless they are set.
#[derive(Clone, Debug, Default)]
pub(super) struct FurtherRules {
    /// The claim that stands for `aud`.
    pub(super) audience_claim: Option<Box<str>>,
    /// Whether these are ID tokens.
    pub(super) id_tokens: Option<IdTokenRule>,
    /// Claims of which one must have its value, of each of these lists.
    pub(super) values: Vec<Box<[ClaimValue]>>,
    /// Claims of which one must say something, of each of these lists.
    pub(super) one_of: Vec<Box<[Box<str>]>>,
    /// Claims that other kinds of tokens have.
    pub(super) refused: Vec<Box<str>>,
}

/// A claim that must be this text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClaimValue {
    pub(super) name: Box<str>,
    pub(super) value: Box<str>,
}

/// What is further asked of ID tokens (OpenID Connect Core section 3.1.3.7).
#[derive(Clone, Debug, Default)]
pub(super) struct IdTokenRule {
    /// Who may have asked for them, besides their audience.
    pub(super) parties: Vec<Arc<str>>,
    /// Whether the subject itself may have asked.
    pub(super) by_subject: bool,
}

const AZP: &str = "azp";

impl FurtherRules {
    /// Whether nothing is asked for.
    pub(super) fn are_none(&self) -> bool {
        self.audience_claim.is_none()
            && self.id_tokens.is_none()
            && self.values.is_empty()
            && self.one_of.is_empty()
            && self.refused.is_empty()
    }

    pub(super) fn validate(&self, audience: &AudienceRule) -> Result<(), ConfigError> {
        let names_us = matches!(audience, AudienceRule::OneOf(_));
        if self.audience_claim.is_some() && !names_us {
            return Err(ConfigError::new(
                "an audience claim needs audiences that it may name",
            ));
        }
        if self.id_tokens.is_some() && matches!(audience, AudienceRule::Absent) {
            return Err(ConfigError::new(
                "every ID token names its audience: the client id that asked for it",
            ));
        }
        let parties = self.id_tokens.iter().flat_map(|rule| &rule.parties);
        let values = self.values.iter().flatten();
        let texts = (self.audience_claim.iter().chain(&self.refused))
            .chain(self.one_of.iter().flatten())
            .chain(values.flat_map(|claim| [&claim.name, &claim.value]))
            .map(|text| &**text)
            .chain(parties.map(|party| &**party));
        let lists = self.values.iter().map(|list| list.is_empty());
        let mut lists = lists.chain(self.one_of.iter().map(|list| list.is_empty()));
        if texts.into_iter().any(str::is_empty) || lists.any(|is_empty| is_empty) {
            return Err(ConfigError::new(
                "neither the name of a claim, nor what it must be, nor a list of these may be empty",
            ));
        }
        Ok(())
    }

    pub(super) fn check(
        &self,
        json: &str,
        claims: &RegisteredClaims<'_>,
        audience: &AudienceRule,
        observer: &mut impl Observer,
    ) -> Result<(), VerifyError> {
        if self.are_none() {
            return Ok(());
        }
        let further = FurtherClaims::read(json, |name| self.asks_for(name));
        self.check_audience(&further, audience, observer)?;
        if let Some(rule) = &self.id_tokens {
            let result = rule.check(&further, claims, audience);
            observer.observe(Check::IdToken, result, || {
                Seen::found(format!(
                    "`{AZP}` is {}",
                    or_none(further.text(AZP).as_deref())
                ))
            })?;
        }
        if !self.refused.is_empty() {
            observer.observe(Check::RefusedClaims, self.check_refused(&further), || {
                let refused = || self.refused.iter().map(|name| &**name);
                let shown = |name: &str| format!("`{name}`");
                let found = list(refused().filter(|name| further.has(name)), shown);
                let refused = format!("none of {}", list(refused(), shown));
                match found.as_str() {
                    "" => Seen::of("none", refused),
                    _ => Seen::of(found, refused),
                }
            })?;
        }
        if !self.one_of.is_empty() {
            observer.observe(Check::OneOf, self.check_one_of(&further), Seen::nothing)?;
        }
        if !self.values.is_empty() {
            observer.observe(Check::Values, self.check_values(&further), Seen::nothing)?;
        }
        Ok(())
    }

    fn check_refused(&self, further: &FurtherClaims<'_>) -> Result<(), VerifyError> {
        match self.refused.iter().find(|name| further.has(name)) {
            Some(name) => {
                let detail = format!("`{name}` is a claim of other tokens than are accepted");
                Err(VerifyError::with_detail(WrongKind, detail))
            }
            None => Ok(()),
        }
    }

    fn check_one_of(&self, further: &FurtherClaims<'_>) -> Result<(), VerifyError> {
        let is_said = |names: &[Box<str>]| names.iter().any(|name| further.says_something(name));
        match self.one_of.iter().find(|names| !is_said(names)) {
            Some(names) => {
                let detail = format!("one of {}", list(&**names, |name| format!("`{name}`")));
                Err(VerifyError::with_detail(MissingClaim, detail))
            }
            None => Ok(()),
        }
    }

    fn check_values(&self, further: &FurtherClaims<'_>) -> Result<(), VerifyError> {
        let holds = |values: &[ClaimValue]| values.iter().any(|value| value.holds(further));
        match self.values.iter().find(|values| !holds(values)) {
            Some(values) => Err(wrong_value(values, further)),
            None => Ok(()),
        }
    }

    /// Whether a token names one of `audience`, before anything about it is known.
    pub(super) fn names_audience(&self, json: &str, audience: &AudienceRule) -> bool {
        let claim = self.audience_claim.as_deref();
        let further = FurtherClaims::read(json, |name| Some(name) == claim);
        self.check_audience(&further, audience, &mut Unobserved)
            .is_ok()
    }

    fn check_audience(
        &self,
        further: &FurtherClaims<'_>,
        audience: &AudienceRule,
        observer: &mut impl Observer,
    ) -> Result<(), VerifyError> {
        let Some(name) = self.audience_claim.as_deref() else {
            return Ok(());
        };
        let found = further.texts(name);
        let is_for_us = audience.accepts(found.as_ref());
        observer.require(Check::AudienceClaim, is_for_us, WrongAudience, || {
            audience.seen(name, found.as_ref())
        })
    }

    fn asks_for(&self, name: &str) -> bool {
        let values = self.values.iter().flatten();
        self.audience_claim.as_deref() == Some(name)
            || (self.id_tokens.is_some() && name == AZP)
            || values.map(|claim| &claim.name).any(|own| **own == *name)
            || self.one_of.iter().flatten().any(|own| **own == *name)
            || self.refused.iter().any(|own| **own == *name)
    }
}

impl ClaimValue {
    fn holds(&self, further: &FurtherClaims<'_>) -> bool {
        let text = further.text(&self.name);
        text.is_some_and(|text| *text == *self.value)
    }
}

impl IdTokenRule {
    /// Whom it is for, and who asked for it. That it names us is known.
    fn check(
        &self,
        further: &FurtherClaims<'_>,
        claims: &RegisteredClaims<'_>,
        audience: &AudienceRule,
    ) -> Result<(), VerifyError> {
        let audiences = claims.audience.as_ref().map(|texts| texts.as_slice());
        let audiences = audiences.unwrap_or_default();
        let AudienceRule::OneOf(own) = audience else {
            return Ok(());
        };
        let is_own = |name: &Name<'_>| own.iter().any(|own| **own == **name);
        if let Some(stranger) = audiences.iter().find(|name| !is_own(name)) {
            let detail = format!(
                "besides, {} is named, whom nobody knows here",
                Shown(stranger)
            );
            return Err(VerifyError::with_detail(WrongAudience, detail));
        }
        let party = further.text(AZP);
        let is_known = party.as_ref().map_or_else(
            || !further.has(AZP) && audiences.len() == 1,
            |party| {
                let by_subject = claims.subject.as_ref().is_some_and(|it| **it == **party);
                is_own(party)
                    || self.parties.iter().any(|own| **own == **party)
                    || (self.by_subject && by_subject)
            },
        );
        if is_known {
            return Ok(());
        }
        let detail = format!(
            "`{AZP}` is {}, and {} is configured",
            or_none(party.as_deref()),
            list(own.iter().chain(&self.parties), |name| Shown(name))
        );
        Err(VerifyError::with_detail(WrongAudience, detail))
    }
}

#[cold]
fn wrong_value(values: &[ClaimValue], further: &FurtherClaims<'_>) -> VerifyError {
    let shown = list(values, |claim| {
        let found = or_none(further.text(&claim.name).as_deref());
        format!(
            "`{}` is {found}, and {} is configured",
            claim.name,
            Shown(&claim.value)
        )
    });
    VerifyError::with_detail(WrongClaim, shown)
}
