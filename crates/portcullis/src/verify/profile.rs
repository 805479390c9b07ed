//! One issuer's tokens: the keys, and all that is checked with them.

use std::{fmt, sync::Arc};

use super::{
    Confirmation, IntrospectTokens, LiveKeys, PendingVerification, Status, TokenCache, TokenStatus,
    Verification, Verified, VerifyError,
    VerifyErrorKind::*,
    audience_rule::AudienceRule,
    claim_rules::{BindingRule, ClaimRules, Expiry},
    issuer_rule::IssuerRule,
    observer::{Check, Observer, Seen, Unobserved},
    oversight::Oversight,
    token::Token,
    trusted_keys::TrustedKeys,
    typ::TypRule,
    verification::judge,
};
use crate::{
    ConfigError,
    claims::{Claim, ClaimNames, RegisteredClaims, TokenShape, Typ},
    jose::{Algorithm, CompactJws, JwsError, JwsErrorKind, KeySet, Limits},
    json::Name,
    subject::NO_REALM,
    time::{SharedClock, Timestamp},
};

type OwnCheck = Arc<dyn Fn(&Verified) -> Result<(), VerifyError> + Send + Sync>;

/// One issuer's tokens: keys, claims, and how their kinds are told apart.
#[derive(Clone)]
pub(super) struct Profile {
    pub(super) keys: TrustedKeys,
    /// Who is asked about tokens instead.
    pub(super) introspection: Option<Arc<dyn IntrospectTokens>>,
    pub(super) typ: TypRule,
    pub(super) claims: ClaimRules,
    /// The realm of the subjects; the issuer, unless somebody says otherwise.
    pub(super) realm: Option<Arc<str>>,
    /// Whether an issuer of this service makes these tokens.
    pub(super) own_issuer: bool,
    pub(super) checks: Vec<OwnCheck>,
    pub(super) status: Option<Arc<dyn TokenStatus>>,
    pub(super) clock: SharedClock,
    /// The largest token and the longest header, where somebody said so.
    pub(super) max_token: Option<usize>,
    pub(super) max_header: Option<usize>,
    /// What comes of these two and the keys, once the profile is a verifier's.
    pub(super) limits: Limits,
    pub(super) cache: Option<TokenCache>,
    /// What goes with its tokens; there once the profile is a verifier's.
    pub(super) oversight: Option<Arc<Oversight>>,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            keys: TrustedKeys::fixed(KeySet::default()),
            introspection: None,
            typ: TypRule::AnyAccessToken,
            claims: ClaimRules::default(),
            realm: None,
            own_issuer: false,
            checks: Vec::new(),
            status: None,
            clock: SharedClock::default(),
            max_token: None,
            max_header: None,
            limits: Limits::NOTHING,
            cache: None,
            oversight: None,
        }
    }
}

impl Profile {
    /// What an own issuer of this shape writes.
    pub(super) fn of_own_tokens(
        shape: &TokenShape,
        issuer: Option<&str>,
        audience: &[Arc<str>],
    ) -> Self {
        let mut claims = ClaimRules {
            names: shape.claim_names(),
            issuer: match issuer {
                Some(name) => IssuerRule::Exactly(name.into()),
                None => IssuerRule::Absent,
            },
            audience: AudienceRule::of_own_tokens(audience),
            kind: shape.kind.as_ref().map(|kind| kind.access.clone()),
            ..ClaimRules::of_own_nodes()
        };
        let required = ["iat", "jti", &shape.subject].map(Box::from);
        claims.names.require(required);
        if shape.typ == Typ::AtJwt {
            // RFC 9068 section 2.2.
            claims.names.require(["client_id".into()]);
        }
        Self {
            typ: TypRule::of_shape(shape),
            claims,
            own_issuer: true,
            realm: Some(shape.realm.clone()),
            ..Self::default()
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        self.clock.validate()?;
        if self.keys.are_none() && self.introspection.is_none() {
            return Err(ConfigError::new(
                "a verifier needs at least one key: the key set is empty, or keys that change are \
                 of no algorithm",
            ));
        }
        self.validate_rules()
    }

    /// Everything but the keys.
    pub(super) fn validate_rules(&self) -> Result<(), ConfigError> {
        if self.realm.as_ref().is_some_and(|realm| realm.is_empty()) {
            return Err(ConfigError::new(
                "the realm of the subjects must not be empty",
            ));
        }
        if self.claims.further.id_tokens.is_some() && self.typ == TypRule::AtJwt {
            return Err(ConfigError::new(
                "ID tokens are no access tokens of RFC 9068: choose one, or combine two verifiers",
            ));
        }
        if (self.realm.as_ref()).is_some_and(|realm| realm.starts_with(NO_REALM)) {
            return Err(ConfigError::new(
                "the realm of the subjects must not begin with a control character",
            ));
        }
        self.claims.validate()
    }

    /// The same issuer's log-out tokens: the same keys, issuer, client and
    /// subjects, and nothing else of what is asked of access tokens.
    pub(super) fn for_logout(self) -> Result<Self, ConfigError> {
        let (IssuerRule::Exactly(_), AudienceRule::OneOf(_)) =
            (&self.claims.issuer, &self.claims.audience)
        else {
            return Err(ConfigError::new(
                "log-out tokens need an issuer and an audience, which is the client's id",
            ));
        };
        if self.introspection.is_some() {
            return Err(ConfigError::new(
                "log-out tokens are signed: give their verifier the issuer's keys",
            ));
        }
        let mut names = ClaimNames::default();
        if let Some(name) = self.claims.names.own_name(Claim::Subject) {
            names.rename(Claim::Subject, name.into());
        }
        names.require(["iss", "aud", "iat", "exp", "jti", "events"].map(Box::from));
        Ok(Self {
            keys: self.keys,
            realm: self.realm,
            clock: self.clock,
            max_token: self.max_token,
            max_header: self.max_header,
            typ: TypRule::Logout,
            claims: ClaimRules {
                names,
                issuer: self.claims.issuer,
                keys_name_it: self.claims.keys_name_it,
                audience: self.claims.audience,
                leeway: self.claims.leeway,
                logout: true,
                ..ClaimRules::default()
            },
            ..Self::default()
        })
    }

    /// The profile as a verifier has it.
    pub(super) fn sealed(mut self) -> Self {
        let limits = Limits::for_signatures(self.keys.longest_signature());
        self.limits = Limits {
            token: self.max_token.unwrap_or(limits.token),
            header: self.max_header.unwrap_or(limits.header),
        };
        self.oversight = Some(Arc::new(Oversight {
            clock: self.clock.clone(),
            leeway: self.claims.leeway,
            max_age: self.claims.max_age,
            status: self.status.clone(),
        }));
        self
    }

    /// The same, without keeping whoever is asked for keys.
    pub(super) fn lent(&self) -> Self {
        Self {
            keys: self.keys.lent(),
            ..self.clone()
        }
    }

    /// The cache, if any of this issuer's tokens can be remembered.
    pub(super) fn worthwhile_cache(&self) -> Option<&TokenCache> {
        let is_remembered = self.keys.any(|algorithm| self.remembers(algorithm));
        self.cache.as_ref().filter(|_| is_remembered)
    }

    /// Whether tokens of this algorithm are remembered.
    pub(super) fn remembers(&self, algorithm: Algorithm) -> bool {
        let cache = self.cache.as_ref();
        cache.is_some_and(|cache| cache.shared_secrets || !algorithm.is_symmetric())
    }

    /// The application's own checks, which are asked about every request: a
    /// token was remembered together with one of them.
    pub(super) fn check_further(
        &self,
        token: &Verified,
        observer: &mut impl Observer,
    ) -> Result<(), VerifyError> {
        if self.claims.issuer.may_change() {
            let is_accepted = self.claims.issuer.accepts(token.issuer());
            observer.require(Check::Issuer, is_accepted, WrongIssuer, || {
                self.claims.seen_issuer(token.issuer())
            })?;
        }
        // The application is shown nothing that was refused, whoever looks on.
        observer.settle()?;
        if let BindingRule::CheckedBy(checks) = &self.claims.binding
            && token.confirmation_json().is_some()
        {
            let confirmation = Confirmation::of(token);
            let result = confirmation
                .ok_or(VerifyError::new(SenderConstrained))
                .and_then(|bound| checks.iter().try_for_each(|check| check(&bound)));
            observer.observe(Check::Binding, result, Seen::nothing)?;
            observer.settle()?;
        }
        if self.checks.is_empty() {
            return Ok(());
        }
        let result = self.checks.iter().try_for_each(|check| check(token));
        observer.observe(Check::Application, result, Seen::nothing)
    }

    /// What is asked about every request, once the token itself is good.
    // Inline: a token is large, and would be copied.
    #[inline]
    pub(super) fn conclude(
        &self,
        verified: Verified,
        observer: &mut impl Observer,
    ) -> Verification {
        if let Err(error) = self.check_further(&verified, observer) {
            return Verification::Done(Err(error));
        }
        if let Err(error) = observer.settle() {
            return Verification::Done(Err(error));
        }
        let Some(status) = &self.status else {
            return Verification::Done(Ok(verified));
        };
        match status.status(&verified) {
            Status::Pending(status) => {
                observer.unasked(Check::Revocation, Seen::nothing);
                Verification::Pending(PendingVerification::for_status(status, verified))
            }
            status => {
                let result = judge(&status);
                match observer.observe(Check::Revocation, result, Seen::nothing) {
                    Ok(()) => Verification::Done(Ok(verified)),
                    Err(error) => Verification::Done(Err(error)),
                }
            }
        }
    }

    /// Whether a token would be accepted at `now` if a key verified it, as far
    /// as that is checked before the application's own checks.
    pub(super) fn would_accept(
        &self,
        token: &CompactJws<'_>,
        json: &str,
        keys: &LiveKeys,
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let mut header = Vec::new();
        let header = token.decode_header(&mut header).map_err(of_jws)?;
        self.check_type(&header)?;
        let algorithm = Algorithm::from_name(&header.alg);
        if algorithm.is_none_or(|algorithm| !keys.algorithms().contains(&algorithm)) {
            return Err(self.unknown_key(&header));
        }
        let claims = RegisteredClaims::parse(json, &self.claims.names)
            .map_err(|detail| VerifyError::with_detail(Malformed, detail))?;
        self.claims
            .check(json, &claims, now, Expiry::Checked, &mut Unobserved)
    }

    /// Names the configured issuer in claims that name none.
    pub(super) fn name_issuer(&self, claims: &mut RegisteredClaims<'_>) {
        if let (IssuerRule::Exactly(issuer), None) = (&self.claims.issuer, &claims.issuer) {
            claims.issuer = Some(Name((**issuer).to_owned().into()));
        }
    }

    /// Keeps what the checked claims say at `now`.
    pub(super) fn keep(&self, json: &str, claims: &RegisteredClaims<'_>, now: Timestamp) -> Token {
        let realm = self.realm.clone().or_else(|| self.claims.issuer.realm());
        let realm = realm.unwrap_or_else(|| match &claims.issuer {
            Some(issuer) => Arc::from(&**issuer),
            None => Arc::default(),
        });
        let mut token = Token::new(json, realm, claims, now);
        token.own_issuer = self.own_issuer;
        token.oversight = self.oversight.clone().map(|oversight| oversight as _);
        token
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profile")
            .field("issuer", &self.claims.issuer)
            .field("audience", &self.claims.audience)
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

/// Which check it is that finds a token's form wrong.
pub(super) fn check_of(error: JwsError) -> Check {
    match error.kind() {
        JwsErrorKind::TooLarge => Check::Size,
        JwsErrorKind::NotCompact
        | JwsErrorKind::Character
        | JwsErrorKind::Encrypted
        | JwsErrorKind::Base64 => Check::Form,
        _ => Check::Header,
    }
}
