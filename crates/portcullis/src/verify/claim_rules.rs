//! What the claims of an acceptable token say: issuer, audience, kind, dates.

use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{
    Confirmation, VerifyError,
    VerifyErrorKind::*,
    cache::Validity,
    confirmation::shown_methods,
    shown::{Shown, list},
};
use crate::{
    ConfigError,
    claims::{Claim, ClaimNames, RegisteredClaims, Texts},
    subject::NO_REALM,
    time::Timestamp,
};

/// What the claims of one issuer's tokens must say.
#[derive(Clone)]
pub(super) struct ClaimRules {
    pub(super) names: ClaimNames,
    pub(super) issuer: IssuerRule,
    pub(super) audience: AudienceRule,
    /// What the claim that names the kind of token says of access tokens.
    pub(super) kind: Option<Arc<str>>,
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

/// What `iss` must be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum IssuerRule {
    Exactly(Arc<str>),
    /// Our own issuer that writes no `iss`.
    Absent,
    Any,
}

/// What `aud` must be.
#[derive(Clone, Debug)]
pub(super) enum AudienceRule {
    OneOf(Box<[Arc<str>]>),
    Absent,
    Any,
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
            audience: AudienceRule::Any,
            kind: None,
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
        if matches!(&self.issuer, IssuerRule::Exactly(name) if name.is_empty()) {
            return Err(ConfigError::new("the issuer must not be empty"));
        }
        if matches!(&self.issuer, IssuerRule::Exactly(name) if name.starts_with(NO_REALM)) {
            return Err(ConfigError::new(
                "the issuer must not begin with a control character",
            ));
        }
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
        self.names.check()
    }

    /// The claims, once the signature is good.
    pub(super) fn check(
        &self,
        claims: &RegisteredClaims<'_>,
        now: Timestamp,
        expiry: Expiry,
    ) -> Result<(), VerifyError> {
        if let Some(name) = claims.missing(&self.names) {
            return Err(VerifyError::with_detail(MissingClaim, name.to_owned()));
        }
        let may_lack_issuer = self.introspected && claims.issuer.is_none();
        if !self.issuer.accepts(claims.issuer.as_deref()) && !may_lack_issuer {
            return Err(wrong_issuer(claims.issuer.as_deref(), [&self.issuer]));
        }
        if !self.audience.accepts(claims.audience.as_ref()) {
            return Err(self.audience.refuse(claims.audience.as_ref()));
        }
        if claims.other_kind.is_some() && !self.logout {
            return Err(other_kind(claims));
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
        self.issuer.takes_from(&later.issuer) && self.audience.takes_from(&later.audience)
    }

    #[cold]
    fn wrong_kind(&self, claims: &RegisteredClaims<'_>, access: &str) -> VerifyError {
        let name = self.names.own_name(Claim::Kind).unwrap_or_default();
        let found = or_none(claims.kind.as_deref());
        let detail = format!("`{name}` is {found}, and {} is configured", Shown(access));
        VerifyError::with_detail(WrongKind, detail)
    }
}

impl IssuerRule {
    pub(super) fn accepts(&self, issuer: Option<&str>) -> bool {
        match self {
            Self::Exactly(name) => issuer.is_some_and(|issuer| *issuer == **name),
            Self::Absent => issuer.is_none(),
            // It would be the realm of subjects.
            Self::Any => issuer.is_none_or(|issuer| !issuer.starts_with(NO_REALM)),
        }
    }

    /// Whether it accepts an issuer that `later` names, or all that it takes. What
    /// is left over may well be for a `later` that takes any.
    fn takes_from(&self, later: &Self) -> bool {
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

    /// As [`IssuerRule::takes_from`].
    fn takes_from(&self, later: &Self) -> bool {
        match (self, later) {
            (Self::Any, _) | (Self::Absent, Self::Absent) => true,
            (Self::OneOf(names), Self::OneOf(others)) => {
                names.iter().any(|name| others.contains(name))
            }
            _ => false,
        }
    }

    #[cold]
    fn refuse(&self, audience: Option<&Texts<'_>>) -> VerifyError {
        let found = match audience {
            Some(texts) if texts.as_slice().is_empty() => "nobody".to_owned(),
            Some(texts) => list(texts.as_slice(), |text| Shown(text)),
            None => "none".to_owned(),
        };
        let detail = format!("{found}, and {} is configured", self.shown());
        VerifyError::with_detail(WrongAudience, detail)
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

#[cold]
fn other_kind(claims: &RegisteredClaims<'_>) -> VerifyError {
    let name = claims.other_kind.unwrap_or_default();
    VerifyError::with_detail(
        WrongKind,
        format!("`{name}` is a claim of ID, log-out or event tokens"),
    )
}

fn or_none(text: Option<&str>) -> String {
    text.map_or_else(|| "none".to_owned(), |text| Shown(text).to_string())
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
