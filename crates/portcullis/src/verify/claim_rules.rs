//! What the claims of an acceptable token say: issuer, audience, kind, dates.

use std::{sync::Arc, time::Duration};

use super::{
    Confirmation, VerifyError,
    VerifyErrorKind::*,
    audience_rule::AudienceRule,
    cache::Validity,
    confirmation::shown_methods,
    further_rules::FurtherRules,
    issuer_rule::{IssuerRule, Mistaken, wrong_issuer},
    shown::{Shown, or_none},
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
    ) -> Result<(), VerifyError> {
        let issuer = claims.issuer.as_deref();
        let is_of_issuer = self.issuer.accepts(issuer);
        // What others leave out is not worth a word.
        if issuer.is_some() && !is_of_issuer {
            return Err(self.wrong_issuer(issuer));
        }
        if let Some(name) = claims.missing(&self.names) {
            return Err(VerifyError::with_detail(MissingClaim, name.to_owned()));
        }
        let may_lack_issuer = self.introspected && issuer.is_none();
        if !is_of_issuer && !may_lack_issuer {
            return Err(self.wrong_issuer(issuer));
        }
        let stands_elsewhere = self.further.audience_claim.is_some() && claims.audience.is_none();
        if !stands_elsewhere && !self.audience.accepts(claims.audience.as_ref()) {
            return Err(self.audience.refuse("aud", claims.audience.as_ref()));
        }
        if let Some(name) = claims.other_kind
            && !self.logout
            && (self.further.id_tokens.is_none() || name == EVENTS)
        {
            return Err(other_kind(name));
        }
        if let Some(access) = &self.kind
            && claims.kind.as_deref().is_none_or(|kind| *kind != **access)
        {
            return Err(self.wrong_kind(claims, access));
        }
        if let Some(confirmation) = claims.confirmation
            && matches!(self.binding, BindingRule::Refused)
        {
            let methods = shown_methods(confirmation);
            return Err(VerifyError::with_detail(SenderConstrained, methods));
        }
        self.issuer.check_tenant(json, issuer)?;
        self.further.check(json, claims, &self.audience)?;
        self.check_times(claims, now, expiry)
    }

    fn check_times(
        &self,
        claims: &RegisteredClaims<'_>,
        now: Timestamp,
        expiry: Expiry,
    ) -> Result<(), VerifyError> {
        let refuse = |kind| Err(VerifyError::new(kind));
        let ahead = self.leeway.max(self.skew);
        let issued_at = claims.issued_at.map(|date| date.0);
        let expires_at = claims.expires_at.map(|date| date.0);
        match expires_at {
            Some(end) if expiry == Expiry::Checked => {
                if now >= end.saturating_add(self.leeway) {
                    return refuse(Expired);
                }
            }
            Some(_) => {}
            None => {
                if !(self.lists_application_tokens || self.introspected) {
                    return refuse(NeverExpires);
                }
            }
        }
        if let Some(start) = claims.not_before
            && now < start.0.saturating_sub(ahead)
        {
            return refuse(NotYetValid);
        }
        if let Some(issued_at) = issued_at
            && issued_at > now.saturating_add(ahead)
        {
            return refuse(IssuedInFuture);
        }
        if let Some(max_age) = self.max_age {
            let Some(issued_at) = issued_at else {
                return Err(VerifyError::with_detail(MissingClaim, "iat"));
            };
            if now
                > issued_at
                    .saturating_add(max_age)
                    .saturating_add(self.leeway)
            {
                return refuse(TooOld);
            }
        }
        if let Some(max_lifetime) = self.max_lifetime {
            let (Some(issued_at), Some(end)) = (issued_at, expires_at) else {
                return Err(VerifyError::with_detail(MissingClaim, "iat or exp"));
            };
            if end > issued_at.saturating_add(max_lifetime) {
                return refuse(LivesTooLong);
            }
        }
        Ok(())
    }

    /// When [`check`](Self::check) has nothing against the dates of these
    /// claims, and what was read from them at `now` stays as it is; at its very
    /// edges there may be nothing against them either.
    pub(super) fn validity(&self, claims: &RegisteredClaims<'_>, now: Timestamp) -> Validity {
        let ahead = self.leeway.max(self.skew);
        let starts = [claims.not_before, claims.issued_at];
        let starts = starts.into_iter().flatten();
        let end = claims.expires_at.map(|date| date.0);
        let too_old = self.max_age.zip(claims.issued_at);
        let too_old = too_old.map(|(age, issued_at)| issued_at.0.saturating_add(age));
        let ends = [end, too_old].into_iter().flatten();
        let ends = ends.map(|end| end.saturating_add(self.leeway));
        let stale = claims.fresh.and_then(|fresh| fresh.ends_at());
        Validity {
            from: starts
                .map(|date| date.0.saturating_sub(ahead))
                .max()
                .unwrap_or(Timestamp::from_millis(i64::MIN)),
            until: ends
                .chain(stale.filter(|stale| now < *stale))
                .min()
                .unwrap_or(Timestamp::from_millis(i64::MAX)),
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

    pub(super) fn wrong_issuer(&self, found: Option<&str>) -> VerifyError {
        wrong_issuer(found, [&self.issuer], &self.mistaken)
    }

    #[cold]
    fn wrong_kind(&self, claims: &RegisteredClaims<'_>, access: &str) -> VerifyError {
        let name = self.names.own_name(Claim::Kind).unwrap_or_default();
        let found = or_none(claims.kind.as_deref());
        let detail = format!("`{name}` is {found}, and {} is configured", Shown(access));
        VerifyError::with_detail(WrongKind, detail)
    }
}

#[cold]
fn other_kind(name: &str) -> VerifyError {
    VerifyError::with_detail(
        WrongKind,
        format!("`{name}` is a claim of ID, log-out or event tokens"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// What is remembered is never accepted at a time at which it would be
        /// refused, and hardly ever refused.
        #[test]
        fn a_token_is_valid_when_its_times_are_good(
            (not_before, issued_at) in (proptest::option::of(0..100_i64), proptest::option::of(0..100_i64)),
            (expires_at, now) in (0..100_i64, 0..120_i64),
            (leeway, skew) in (0..5_u64, 0..5_u64),
            max_age in proptest::option::of(0..50_u64),
        ) {
            let rules = ClaimRules {
                leeway: Duration::from_secs(leeway),
                skew: Duration::from_secs(skew),
                max_age: max_age.map(Duration::from_secs),
                ..ClaimRules::default()
            };
            let now = Timestamp::from_secs(now);
            let date = |name: &str, at: Option<i64>| at.map(|at| format!(r#""{name}":{at}"#));
            let dates = [
                date("nbf", not_before),
                date("iat", issued_at),
                date("exp", Some(expires_at)),
            ];
            let dates: Vec<_> = dates.into_iter().flatten().collect();
            let json = format!("{{{}}}", dates.join(","));
            let claims = RegisteredClaims::parse(&json, &rules.names).unwrap();
            let accepted = rules.check_times(&claims, now, Expiry::Checked).is_ok();
            let validity = rules.validity(&claims, now);
            if validity.contains(now) && (max_age.is_none() || issued_at.is_some()) {
                prop_assert!(accepted);
            }
            if accepted {
                prop_assert!(validity.contains(now) || now == validity.until);
            }
        }
    }
}
