//! What the claims of an acceptable token say: issuer, audience, kind, dates.

use std::{sync::Arc, time::Duration};

use super::{
    Confirmation, VerifyError,
    VerifyErrorKind::*,
    audience_rule::AudienceRule,
    confirmation::shown_methods,
    further_rules::FurtherRules,
    issuer_rule::{IssuerRule, Mistaken, seen_issuer},
    observer::{Check, Observer, Seen},
    shown::{Shown, list, or_none},
};
use crate::{
    ConfigError,
    claims::{Addressee, Claim, ClaimNames, EVENTS, RegisteredClaims},
    time::Timestamp,
};

/// What the claims of one issuer's tokens must say.
#[derive(Clone)]
pub(super) struct ClaimRules {
    pub(super) names: ClaimNames,
    pub(super) issuer: IssuerRule,
    /// Issuers that are often taken for this one.
    pub(super) mistaken: Vec<Mistaken>,
    /// What its keys call an issuer of the first name: the second.
    pub(super) keys_name_it: Option<(Arc<str>, Arc<str>)>,
    pub(super) audience: AudienceRule,
    /// What the claim that names the kind of token says of access tokens.
    pub(super) kind: Option<Arc<str>>,
    pub(super) further: FurtherRules,
    pub(super) binding: BindingRule,
    /// Whether these are log-out tokens, which say so by `events`.
    pub(super) logout: bool,
    /// Whether the issuer itself says what a token tells (RFC 7662 section 2.2).
    /// Then neither `iss` nor `exp` need be there: who answered is known, and is
    /// asked again.
    pub(super) introspected: bool,
    /// Whether somebody keeps the live list of tokens without `exp`.
    pub(super) lists_application_tokens: bool,
    pub(super) leeway: Duration,
    /// By how much the clock of another node may be ahead.
    pub(super) skew: Duration,
    pub(super) max_age: Option<Duration>,
    pub(super) max_lifetime: Option<Duration>,
}

/// What becomes of tokens that are bound to a key or certificate.
#[derive(Clone)]
pub(super) enum BindingRule {
    Refused,
    CheckedBy(Vec<BindingCheck>),
    Ignored,
}

pub(super) type BindingCheck =
    Arc<dyn Fn(&Confirmation<'_>) -> Result<(), VerifyError> + Send + Sync>;

/// What is left out when a session is ended with one of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    Checked,
    Ignored,
}

impl Default for ClaimRules {
    fn default() -> Self {
        Self {
            names: ClaimNames::default(),
            issuer: IssuerRule::Any,
            mistaken: Vec::new(),
            keys_name_it: None,
            audience: AudienceRule::Any,
            kind: None,
            further: FurtherRules::default(),
            binding: BindingRule::Refused,
            logout: false,
            introspected: false,
            lists_application_tokens: false,
            leeway: Duration::from_secs(60),
            skew: Duration::ZERO,
            max_age: None,
            max_lifetime: None,
        }
    }
}

/// Nodes of one service issue tokens for each other, and their clocks are not
/// quite the same.
const OWN_SKEW: Duration = Duration::from_secs(2);

impl ClaimRules {
    /// For tokens that this service itself issues.
    pub(super) fn of_own_nodes() -> Self {
        Self {
            leeway: Duration::ZERO,
            skew: OWN_SKEW,
            ..Self::default()
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        self.issuer.validate()?;
        if self.kind.as_ref().is_some_and(|access| access.is_empty()) {
            return Err(ConfigError::new(
                "what the kind claim says of access tokens must not be empty",
            ));
        }
        if let AudienceRule::OneOf(names) = &self.audience
            && (names.is_empty() || names.iter().any(|name| name.is_empty()))
        {
            return Err(ConfigError::new(
                "a verifier needs at least one audience, and none may be empty",
            ));
        }
        self.further.validate(&self.audience)?;
        self.names.check()
    }

    /// The claims, once the signature is good; `json` is what they were read from.
    pub(super) fn check(
        &self,
        json: &str,
        claims: &RegisteredClaims<'_>,
        now: Timestamp,
        expiry: Expiry,
        observer: &mut impl Observer,
    ) -> Result<(), VerifyError> {
        let issuer = claims.issuer.as_deref();
        let is_of_issuer = self.issuer.accepts(issuer);
        // What others leave out is not worth a word.
        if issuer.is_some() {
            self.check_issuer(issuer, is_of_issuer, observer)?;
        }
        observer.observe(Check::Required, self.check_required(claims), || {
            if self.names.required().is_empty() {
                return Seen::nothing();
            }
            let names = list(self.names.required(), |name| format!("`{name}`"));
            let missing = claims.missing(&self.names);
            let found = missing.map(|name| format!("no `{name}`"));
            Seen::of(found.unwrap_or("all of them".into()), names)
        })?;
        if issuer.is_none() {
            self.check_issuer(issuer, is_of_issuer || self.introspected, observer)?;
        }
        let audience = claims.audience.as_ref();
        let stands_elsewhere = self.further.audience_claim.is_some() && audience.is_none();
        let is_for_us = stands_elsewhere || self.audience.accepts(audience);
        observer.require(Check::Audience, is_for_us, WrongAudience, || {
            self.audience.seen("aud", audience)
        })?;
        observer.observe(Check::Kind, self.check_kind(claims), Seen::nothing)?;
        if let Some(access) = &self.kind {
            let is_access = claims.kind.as_deref().is_some_and(|kind| *kind == **access);
            observer.require(Check::KindClaim, is_access, WrongKind, || {
                let name = self.names.own_name(Claim::Kind).unwrap_or_default();
                let found = or_none(claims.kind.as_deref());
                Seen::of(format!("`{name}` is {found}"), Shown(access).to_string())
            })?;
        }
        observer.observe(Check::Bound, self.check_binding(claims), || {
            Seen::found(
                claims
                    .confirmation
                    .map_or_else(|| "none".into(), shown_methods),
            )
        })?;
        self.issuer.check_tenant(json, issuer, observer)?;
        self.further.check(json, claims, &self.audience, observer)?;
        self.check_times(claims, now, expiry, observer)
    }

    fn check_issuer(
        &self,
        issuer: Option<&str>,
        is_accepted: bool,
        observer: &mut impl Observer,
    ) -> Result<(), VerifyError> {
        let seen = || self.seen_issuer(issuer);
        observer.require(Check::Issuer, is_accepted, WrongIssuer, seen)
    }

    fn check_required(&self, claims: &RegisteredClaims<'_>) -> Result<(), VerifyError> {
        match claims.missing(&self.names) {
            Some(name) => Err(VerifyError::with_detail(MissingClaim, name.to_owned())),
            None => Ok(()),
        }
    }

    /// That no claim says that it is a token of another kind.
    fn check_kind(&self, claims: &RegisteredClaims<'_>) -> Result<(), VerifyError> {
        match claims.other_kind {
            Some(name) if !self.logout && (self.further.id_tokens.is_none() || name == EVENTS) => {
                Err(other_kind(name))
            }
            _ => Ok(()),
        }
    }

    fn check_binding(&self, claims: &RegisteredClaims<'_>) -> Result<(), VerifyError> {
        match claims.confirmation {
            Some(confirmation) if matches!(self.binding, BindingRule::Refused) => {
                let methods = shown_methods(confirmation);
                Err(VerifyError::with_detail(SenderConstrained, methods))
            }
            _ => Ok(()),
        }
    }

    /// Whether tokens that are meant for `later` would be judged by these rules,
    /// which are asked first.
    pub(super) fn take_from(&self, later: &Self) -> bool {
        self.issuer.takes_from(&later.issuer)
            && self.further.audience_claim == later.further.audience_claim
            && self.audience.takes_from(&later.audience)
    }

    /// Whether a token names one of the audiences, as far as can be seen before it
    /// is checked.
    pub(super) fn are_meant_by(&self, addressee: &Addressee<'_>, json: &str) -> bool {
        match self.further.audience_claim {
            Some(_) => self.further.names_audience(json, &self.audience),
            None => self.audience.accepts(addressee.audience.as_ref()),
        }
    }

    pub(super) fn seen_issuer(&self, found: Option<&str>) -> Seen {
        seen_issuer(found, [&self.issuer], &self.mistaken)
    }
}

#[cold]
fn other_kind(name: &str) -> VerifyError {
    VerifyError::with_detail(
        WrongKind,
        format!("`{name}` is a claim of ID, log-out or event tokens"),
    )
}
