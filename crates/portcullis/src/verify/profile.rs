//! What one kind of token must be.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    TokenCache, TokenStatus, Verified, VerifyError,
    VerifyErrorKind::{self, *},
    cache::Validity,
    token::Token,
    typ::TypRule,
};
use crate::{
    ConfigError,
    claims::{ClaimNames, RegisteredClaims, TokenShape, Typ, check_names},
    jose::{Algorithm, JwsError, JwsErrorKind, KeySet},
    time::{Clock, SharedClock, Timestamp},
};

type Check = Arc<dyn Fn(&Verified) -> Result<(), VerifyError> + Send + Sync>;

/// One issuer's tokens: keys, claims, and how their kinds are told apart.
#[derive(Clone)]
pub(super) struct Profile {
    pub(super) keys: KeySet,
    pub(super) issuer: IssuerRule,
    pub(super) audience: AudienceRule,
    pub(super) typ: TypRule,
    pub(super) subject: Arc<str>,
    pub(super) realm: Option<Arc<str>>,
    pub(super) kind: Option<(Arc<str>, Arc<str>)>,
    pub(super) fresh: bool,
    /// Whether an issuer of this service makes these tokens.
    pub(super) own_issuer: bool,
    pub(super) leeway: Duration,
    /// By how much the clock of another node may be ahead.
    pub(super) skew: Duration,
    pub(super) max_age: Option<Duration>,
    pub(super) max_lifetime: Option<Duration>,
    pub(super) required: Vec<Box<str>>,
    pub(super) checks: Vec<Check>,
    pub(super) status: Option<Arc<dyn TokenStatus>>,
    pub(super) clock: SharedClock,
    pub(super) max_token_size: usize,
    pub(super) cache: Option<TokenCache>,
}

#[derive(Clone, Debug)]
pub(super) enum IssuerRule {
    Exactly(Arc<str>),
    /// Our own issuer that writes no `iss`.
    Absent,
    Any,
}

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
}

/// Nodes of one service issue tokens for each other, and their clocks are not
/// quite the same.
const OWN_SKEW: Duration = Duration::from_secs(2);

/// What is left out when a session is ended with one of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    Checked,
    Ignored,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            keys: KeySet::new([]),
            issuer: IssuerRule::Any,
            audience: AudienceRule::Any,
            typ: TypRule::AnyAccessToken,
            subject: "sub".into(),
            realm: None,
            kind: None,
            fresh: false,
            own_issuer: false,
            leeway: Duration::from_secs(60),
            skew: Duration::ZERO,
            max_age: None,
            max_lifetime: None,
            required: Vec::new(),
            checks: Vec::new(),
            status: None,
            clock: SharedClock::default(),
            max_token_size: 8192,
            cache: None,
        }
    }
}

impl Profile {
    /// What an own issuer of this shape writes, by its own clock.
    pub(super) fn of_shape(shape: &TokenShape) -> Self {
        let mut profile = Self {
            own_issuer: true,
            leeway: Duration::ZERO,
            skew: OWN_SKEW,
            ..Self::default()
        };
        profile.set_shape(shape);
        profile.required = ["iat", "jti"].map(Box::from).to_vec();
        profile.required.push(shape.subject.as_ref().into());
        if shape.typ == Typ::AtJwt {
            // RFC 9068 section 2.2.
            profile.required.push("client_id".into());
        }
        profile
    }

    pub(super) fn set_shape(&mut self, shape: &TokenShape) {
        // The profile of RFC 9068 stays once it was demanded.
        if self.typ != TypRule::AtJwt {
            self.typ = TypRule::of_shape(shape);
        }
        self.subject = shape.subject.clone();
        self.realm = Some(shape.realm.clone());
        self.kind = shape
            .kind
            .as_ref()
            .map(|kind| (kind.name.clone(), kind.access.clone()));
        self.fresh = shape.fresh;
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        if self.keys.is_empty() {
            return Err(ConfigError::new(
                "a verifier needs at least one key: the key set is empty",
            ));
        }
        if matches!(&self.issuer, IssuerRule::Exactly(name) if name.is_empty()) {
            return Err(ConfigError::new("the issuer must not be empty"));
        }
        if let AudienceRule::OneOf(names) = &self.audience
            && (names.is_empty() || names.iter().any(|name| name.is_empty()))
        {
            return Err(ConfigError::new(
                "a verifier needs at least one audience, and none may be empty",
            ));
        }
        check_names(
            &self.subject,
            self.kind.as_ref().map(|kind| kind.0.as_ref()),
        )?;
        if self.required.len() > ClaimNames::MAX_REQUIRED {
            return Err(ConfigError::new("at most 64 claims can be required"));
        }
        Ok(())
    }

    pub(super) fn names(&self) -> ClaimNames<'_> {
        ClaimNames {
            subject: Some(&self.subject),
            kind: self.kind.as_ref().map(|kind| kind.0.as_ref()),
            fresh: self.fresh,
            required: &self.required,
        }
    }

    pub(super) fn accepts_issuer(&self, claims: &RegisteredClaims<'_>) -> bool {
        match &self.issuer {
            IssuerRule::Exactly(name) => claims.issuer.as_deref().is_some_and(|iss| *iss == **name),
            IssuerRule::Absent => claims.issuer.is_none(),
            IssuerRule::Any => true,
        }
    }

    pub(super) fn accepts_audience(&self, claims: &RegisteredClaims<'_>) -> bool {
        match (&self.audience, &claims.audience) {
            (AudienceRule::OneOf(names), Some(audience)) => {
                names.iter().any(|name| audience.contains(name))
            }
            (AudienceRule::OneOf(_), None) => false,
            (AudienceRule::Absent, audience) => audience.is_none(),
            (AudienceRule::Any, _) => true,
        }
    }

    /// The claims, once the signature is good.
    pub(super) fn check_claims(
        &self,
        claims: &RegisteredClaims<'_>,
        expiry: Expiry,
    ) -> Result<(), VerifyError> {
        if let Some(name) = claims.missing(self.names()) {
            return Err(VerifyError::with_detail(MissingClaim, name.to_owned()));
        }
        if !self.accepts_issuer(claims) {
            return Err(VerifyError::new(WrongIssuer));
        }
        if !self.accepts_audience(claims) {
            return Err(VerifyError::new(WrongAudience));
        }
        if self.typ == TypRule::AnyAccessToken && claims.is_other_kind {
            return Err(VerifyError::new(WrongKind));
        }
        if let Some((_, access)) = &self.kind
            && claims.kind.as_deref().is_none_or(|kind| *kind != **access)
        {
            return Err(VerifyError::new(WrongKind));
        }
        self.check_times(claims, expiry)
    }

    fn check_times(
        &self,
        claims: &RegisteredClaims<'_>,
        expiry: Expiry,
    ) -> Result<(), VerifyError> {
        let refuse = |kind: VerifyErrorKind| Err(VerifyError::new(kind));
        let now = self.clock.now();
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
                if !self.lists_application_tokens() {
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

    fn lists_application_tokens(&self) -> bool {
        self.status
            .as_ref()
            .is_some_and(|status| status.lists_application_tokens())
    }

    /// When [`check_times`](Self::check_times) has nothing against these claims;
    /// at its very edges it may have nothing either.
    pub(super) fn validity(&self, claims: &RegisteredClaims<'_>) -> Validity {
        let ahead = self.leeway.max(self.skew);
        let starts = [claims.not_before, claims.issued_at];
        let starts = starts.into_iter().flatten();
        let end = claims.expires_at.map(|date| date.0);
        let too_old = self.max_age.zip(claims.issued_at);
        let too_old = too_old.map(|(age, issued_at)| issued_at.0.saturating_add(age));
        let ends = [end, too_old].into_iter().flatten();
        Validity {
            from: starts
                .map(|date| date.0.saturating_sub(ahead))
                .max()
                .unwrap_or(Timestamp::from_millis(i64::MIN)),
            until: ends
                .map(|end| end.saturating_add(self.leeway))
                .min()
                .unwrap_or(Timestamp::from_millis(i64::MAX)),
        }
    }

    /// The cache, if any of this issuer's tokens can be remembered.
    pub(super) fn worthwhile_cache(&self) -> Option<&TokenCache> {
        let mut keys = self.keys.iter();
        let is_remembered = keys.any(|key| self.remembers(key.algorithm()));
        self.cache.as_ref().filter(|_| is_remembered)
    }

    /// Whether tokens of this algorithm are remembered.
    pub(super) fn remembers(&self, algorithm: Algorithm) -> bool {
        let cache = self.cache.as_ref();
        cache.is_some_and(|cache| cache.shared_secrets || !algorithm.is_symmetric())
    }

    /// The application's own checks.
    pub(super) fn check_further(&self, token: &Verified) -> Result<(), VerifyError> {
        self.checks.iter().try_for_each(|check| check(token))
    }

    /// Keeps what the checked claims say.
    pub(super) fn keep(&self, json: &str, claims: &RegisteredClaims<'_>) -> Token {
        let realm = match (&self.realm, &self.issuer, &claims.issuer) {
            (Some(realm), ..) => realm.clone(),
            (None, IssuerRule::Exactly(issuer), _) => issuer.clone(),
            (None, _, Some(issuer)) => Arc::from(&**issuer),
            (None, _, None) => Arc::default(),
        };
        let mut token = Token::new(json, realm, claims);
        token.own_issuer = self.own_issuer;
        token
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}

/// What is wrong with a token's form, in terms of a verification.
pub(super) fn of_jws(error: JwsError) -> VerifyError {
    let kind = match error.kind() {
        JwsErrorKind::TooLarge => TooLarge,
        JwsErrorKind::Encrypted => Encrypted,
        JwsErrorKind::CriticalHeader
        | JwsErrorKind::Compressed
        | JwsErrorKind::UnencodedPayload => UnsupportedHeader,
        _ => Malformed,
    };
    VerifyError::with_detail(kind, error.message())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::verify::tests::clock_at;

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
            let profile = Profile {
                leeway: Duration::from_secs(leeway),
                skew: Duration::from_secs(skew),
                max_age: max_age.map(Duration::from_secs),
                clock: clock_at(now),
                ..Profile::default()
            };
            let date = |name: &str, at: Option<i64>| at.map(|at| format!(r#""{name}":{at}"#));
            let dates = [
                date("nbf", not_before),
                date("iat", issued_at),
                date("exp", Some(expires_at)),
            ];
            let dates: Vec<_> = dates.into_iter().flatten().collect();
            let json = format!("{{{}}}", dates.join(","));
            let claims = RegisteredClaims::parse(&json, profile.names()).unwrap();
            let accepted = profile.check_times(&claims, Expiry::Checked).is_ok();
            let validity = profile.validity(&claims);
            let now = profile.clock.now();
            if validity.contains(now) && (max_age.is_none() || issued_at.is_some()) {
                prop_assert!(accepted);
            }
            if accepted {
                prop_assert!(validity.contains(now) || now == validity.until);
            }
        }
    }
}
