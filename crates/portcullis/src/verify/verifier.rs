//! The verifier.

use std::{fmt, sync::Arc, time::Duration};

use zeroize::Zeroizing;

use super::{
    KeySource, MissingKey, PendingVerification, Verification, Verified, VerifyError,
    VerifyErrorKind::{
        BadSignature, KeysUnavailable, Malformed, TooLarge, UnknownKey, WrongIssuer,
    },
    addressed::{addressed_profile, addressee, never_asked},
    cache::{Cache, Remembered, Validity},
    claim_rules::Expiry,
    introspecting::Introspecting,
    issuer_rule::{IssuerRule, advice},
    key_issuer::check_key_issuer,
    payload::Payload,
    profile::{Profile, of_jws},
    signature::{Signed, check_signature},
    token::Token,
    trusted_keys::TrustedKeys,
};
use crate::{
    ConfigError,
    claims::{Addressee, RegisteredClaims},
    jose::{CompactJws, Limits},
    metrics,
    time::Clock,
};

/// Checks access tokens. Cheap to clone; build it once.
///
/// See [`VerifierBuilder`](super::VerifierBuilder) for what it checks, and
/// [`TokenIssuer::verifier`](crate::issue::TokenIssuer::verifier) for a verifier of an own issuer's tokens.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    // Most services have one kind of token.
    profiles: Vec<Profile>,
    /// Whether a refusal may not be the last word: keys change, somebody else
    /// knows the issuer, or there is more to say.
    looks_further: bool,
    cache: Option<Cache>,
    /// Who checks all tokens of nobody in `profiles`.
    others: Option<Others>,
}

#[derive(Clone)]
enum Others {
    Delegate(Delegate),
    /// Whoever issued them says what they are.
    Asked(Arc<Introspecting>),
}

/// Checks a token that names this issuer, or none.
pub(super) type Delegate = Arc<dyn Fn(Option<&str>, &[u8]) -> Verification + Send + Sync>;

impl Verifier {
    pub(super) fn of_profile(profile: Profile) -> Self {
        let profile = profile.sealed();
        match profile.introspection.clone() {
            Some(source) => {
                let introspecting = Introspecting::new(profile, source);
                Self::of_profiles(Vec::new(), Some(Others::Asked(Arc::new(introspecting))))
            }
            None => Self::of_profiles(vec![profile], None),
        }
    }

    /// One that checks nothing itself.
    pub(super) fn delegating(others: Delegate) -> Self {
        Self::of_profiles(Vec::new(), Some(Others::Delegate(others)))
    }

    fn of_profiles(profiles: Vec<Profile>, others: Option<Others>) -> Self {
        let caches = profiles.iter().filter_map(Profile::worthwhile_cache);
        let max_bytes = caches
            .map(|cache| cache.max_bytes)
            .reduce(usize::saturating_add);
        let clock = profiles.first().map(|profile| profile.clock.clone());
        let cache = max_bytes
            .zip(clock)
            .and_then(|(max_bytes, clock)| Cache::new(max_bytes, clock));
        let looks_further = |own: &Profile| own.keys.change() || !own.claims.mistaken.is_empty();
        Self(Arc::new(Inner {
            looks_further: others.is_some() || profiles.iter().any(looks_further),
            profiles,
            cache,
            others,
        }))
    }

    /// Accepts what any one of `verifiers` accepts. A token is checked by the
    /// first whose issuer and audience it names, and only by that one: each
    /// issuer's tokens need that issuer's keys (RFC 8725 section 3.8). One that
    /// takes [any issuer](super::Dangerous::any_issuer) or
    /// [any audience](super::Dangerous::any_audience) goes behind those that name
    /// theirs. One that finds its verifier [by issuer](Self::by_issuer) is asked
    /// about tokens whose issuer none of the others names.
    ///
    /// One of them may [ask its issuer](super::VerifierBuilder::introspected_by).
    /// Wherever it stands, it is asked about every token that is not a signed one
    /// whose `iss` another of them names; those are never sent anywhere.
    ///
    /// # Errors
    ///
    /// If there are none, or one of them would never be asked about tokens that
    /// are meant for it, because an earlier one takes them: both name the same
    /// issuer and the same audience, or the earlier takes any. Or if there are
    /// several that find theirs by issuer, or ask: nobody could tell whose an opaque
    /// token is.
    pub fn combine(verifiers: impl IntoIterator<Item = Verifier>) -> Result<Self, ConfigError> {
        let mut profiles = Vec::<(usize, Profile)>::new();
        let mut others = None;
        for (number, verifier) in (1..).zip(verifiers) {
            if let Some(own) = &verifier.0.others
                && others.replace(own.clone()).is_some()
            {
                return Err(ConfigError::new(
                    "of the combined verifiers, several find theirs by issuer or ask an issuer: \
                     nobody can tell whose a token is that none of the others knows, so give each \
                     its own part of the service",
                ));
            }
            for later in &verifier.0.profiles {
                let mut earlier = profiles.iter();
                if let Some((first, rules)) =
                    earlier.find(|(_, own)| own.claims.take_from(&later.claims))
                {
                    return Err(never_asked(*first, rules, number, later));
                }
                profiles.push((number, later.clone()));
            }
        }
        let takes_any = |(_, own): &(usize, Profile)| own.claims.issuer == IssuerRule::Any;
        if matches!(others, Some(Others::Delegate(_))) && profiles.iter().any(takes_any) {
            return Err(ConfigError::new(
                "of the combined verifiers, one takes tokens of any issuer, so that none is left \
                 for the one that finds its verifier by issuer",
            ));
        }
        if profiles.is_empty() && others.is_none() {
            return Err(ConfigError::new("a combined verifier needs at least one"));
        }
        let profiles = profiles.into_iter().map(|(_, profile)| profile).collect();
        Ok(Self::of_profiles(profiles, others))
    }

    /// The longest time after its `exp` that a token may be taken.
    pub(crate) fn leeway(&self) -> Duration {
        let leeways = self.0.profiles.iter().map(|profile| profile.claims.leeway);
        leeways.max().unwrap_or_default()
    }

    /// Checks a token: one in the compact serialization (RFC 7515 section 7.1), or
    /// any at all where the [issuer is asked](super::VerifierBuilder::introspected_by).
    pub fn verify(&self, token: &[u8]) -> Verification {
        self.look_at(token, Look::First)
    }

    fn look_at(&self, token: &[u8], look: Look) -> Verification {
        if self.0.profiles.is_empty() {
            let refused = VerifyError::new(WrongIssuer);
            let elsewhere = self.elsewhere(token, &refused);
            return elsewhere.unwrap_or(Verification::Done(Err(refused)));
        }
        let changes = self.changes();
        let checked = match &self.0.cache {
            Some(cache) => self.recall(token, cache, changes),
            None => {
                let passed = self.check(token, Expiry::Checked);
                passed.map(|passed| (Verified::own(passed.token), passed.profile))
            }
        };
        let (verified, profile) = match checked {
            Ok(checked) => checked,
            Err(error) if self.0.looks_further => {
                return self.refuse(token, error, look, changes);
            }
            Err(error) => return Verification::Done(Err(error)),
        };
        profile.conclude(verified)
    }

    /// Asks for a key, where that may be what is missing.
    #[cold]
    fn refuse(&self, token: &[u8], error: VerifyError, look: Look, changes: u64) -> Verification {
        if let Some(checked) = self.elsewhere(token, &error) {
            return checked;
        }
        if let Some(error) = self.mistaken_issuer(token, &error) {
            return Verification::Done(Err(error));
        }
        let source = match self.source_of_key(token, &error) {
            Ok(source) => source,
            Err(error) => return Verification::Done(Err(error)),
        };
        if self.changes() != changes {
            // They came while the token was being looked at.
            return self.look_at(token, look);
        }
        let Some(source) = source.filter(|_| look == Look::First) else {
            return Verification::Done(Err(error));
        };
        match source.missing() {
            MissingKey::Absent => Verification::Done(Err(error)),
            MissingKey::Unavailable(unavailable) => {
                Verification::Done(Err(VerifyError::keys_unavailable(unavailable)))
            }
            MissingKey::Wait(keys) => {
                let (verifier, token) = (self.clone(), Zeroizing::new(Box::from(token)));
                let again = move || verifier.look_at(&token, Look::Last);
                Verification::Pending(PendingVerification::for_keys(keys, again))
            }
        }
    }

    /// That a token whose key is unknown is of an issuer that is often taken for the
    /// one configured.
    fn mistaken_issuer(&self, token: &[u8], error: &VerifyError) -> Option<VerifyError> {
        let [profile] = self.0.profiles.as_slice() else {
            // There, the issuer is looked at first.
            return None;
        };
        let rules = &profile.claims;
        if error.kind() != UnknownKey || rules.mistaken.is_empty() {
            return None;
        }
        let mut payload = Payload::new();
        let (.., json) = self.read(token, &mut payload).ok()?;
        let issuer = Addressee::parse(json).ok()?.issuer;
        let issuer = issuer
            .as_deref()
            .filter(|it| !rules.issuer.accepts(Some(it)))?;
        advice(issuer, &rules.mistaken)?;
        Some(rules.wrong_issuer(Some(issuer)))
    }

    /// Who may have the key that was missing when a token was refused with
    /// `error`; nobody, if the token would be refused in any case, or the issuer
    /// has just said what keys it has.
    fn source_of_key(
        &self,
        token: &[u8],
        error: &VerifyError,
    ) -> Result<Option<&dyn KeySource>, VerifyError> {
        let kind = error.kind();
        if !matches!(kind, UnknownKey | BadSignature | KeysUnavailable) {
            return Ok(None);
        }
        let mut payload = Payload::new();
        let (_, profile, jws, json) = self.read(token, &mut payload)?;
        let TrustedKeys::Live { keys, source } = &profile.keys else {
            return Ok(None);
        };
        let now = profile.clock.now();
        if kind != KeysUnavailable && keys.is_settled(now) {
            return Ok(None);
        }
        match profile.would_accept(&jws, json, keys, now) {
            Ok(()) => Ok(Some(&**source)),
            Err(worse) if kind == KeysUnavailable => Err(worse),
            Err(_) => Ok(None),
        }
    }

    /// Has a token that was refused with `error` checked by whoever else may know
    /// it; not one that names an issuer of ours.
    fn elsewhere(&self, token: &[u8], error: &VerifyError) -> Option<Verification> {
        let others = self.0.others.as_ref()?;
        let mut payload = Payload::new();
        let addressee = CompactJws::parse_within(token, OTHERS)
            .map_err(of_jws)
            .and_then(|jws| payload.decode(&jws))
            .and_then(addressee);
        let mut own = self.0.profiles.iter();
        let issuer = match &addressee {
            Ok(addressee) => addressee.issuer.as_deref(),
            Err(_) => None,
        };
        if addressee.is_ok() && own.any(|profile| profile.claims.issuer.accepts(issuer)) {
            return None;
        }
        match (others, &addressee) {
            // Whose it is was not looked at.
            (Others::Asked(_), Err(error)) if error.kind() == TooLarge => None,
            (Others::Asked(introspecting), _) => Some(introspecting.verify(token)),
            (Others::Delegate(_), Err(_)) if !self.0.profiles.is_empty() => None,
            (Others::Delegate(_), Err(error)) => Some(Verification::Done(Err(error.clone()))),
            (Others::Delegate(delegate), Ok(_)) => match delegate(issuer, token) {
                // It is not for others.
                Verification::Done(Err(_)) if error.kind() == TooLarge => None,
                checked => Some(checked),
            },
        }
    }

    /// How often keys have changed.
    fn changes(&self) -> u64 {
        if !self.0.looks_further {
            return 0;
        }
        let profiles = self.0.profiles.iter();
        let changes = profiles.map(|profile| profile.keys.changes());
        changes.fold(0, u64::wrapping_add)
    }

    /// As [`verify`](Self::verify), where waiting is not possible.
    ///
    /// # Errors
    ///
    /// Why the token is refused; also if somebody else would have to be asked.
    pub fn verify_now(&self, token: &[u8]) -> Result<Verified, VerifyError> {
        match self.verify(token) {
            Verification::Done(result) => result,
            Verification::Pending(pending) => Err(VerifyError::new(pending.what_is_unknown())),
        }
    }

    /// Everything but expiry and revocation: enough to end a session with one
    /// of its tokens, and for nothing else.
    pub(crate) fn verify_for_logout(&self, token: &[u8]) -> Result<Verified, VerifyError> {
        let passed = self.check(token, Expiry::Ignored)?;
        let verified = Verified::own(passed.token);
        passed.profile.check_further(&verified)?;
        Ok(verified)
    }

    /// Finds the token among those that were checked before, or checks it and
    /// remembers what comes of it.
    fn recall(
        &self,
        token: &[u8],
        cache: &Cache,
        changes: u64,
    ) -> Result<(Verified, &Profile), VerifyError> {
        let presented = cache.look_up(token);
        if let Some(remembered) = cache.verified(presented)
            && let Some(profile) = self.0.profiles.get(remembered.profile)
        {
            if remembered.holds(profile.clock.now()) {
                metrics::cache_hit();
                return Ok((Verified::shared(remembered), profile));
            }
            // Checked anew, it is refused for the right reason.
            cache.forget(presented);
        }
        if cache.is_forged(presented, changes) {
            metrics::CACHE_LOOKUPS.count(["forged"]);
            return Err(VerifyError::new(BadSignature));
        }
        metrics::CACHE_LOOKUPS.count(["miss"]);
        let passed = self.check(token, Expiry::Checked).inspect_err(|error| {
            if error.kind() == BadSignature {
                cache.remember_forged(presented, changes);
            }
        })?;
        let profile = passed.profile;
        if !profile.remembers(passed.signed.algorithm) {
            return Ok((Verified::own(passed.token), profile));
        }
        let remembered = Remembered::new(
            passed.token,
            passed.index,
            passed.validity,
            passed.signed.lease,
        );
        let remembered = Arc::new(remembered);
        cache.remember(presented, remembered.clone());
        Ok((Verified::shared(remembered), profile))
    }

    /// Signature first, then claims.
    fn check(&self, token: &[u8], expiry: Expiry) -> Result<Passed<'_>, VerifyError> {
        let mut payload = Payload::new();
        let (index, profile, mut signed, json) = match self.0.profiles.as_slice() {
            [profile] if self.0.others.is_none() => {
                let token = CompactJws::cut(token, profile.limits).map_err(of_jws)?;
                let signed = check_signature(&token, profile)?;
                (0, profile, signed, payload.decode(&token)?)
            }
            _ => {
                let (index, profile, jws, json) = self.read(token, &mut payload)?;
                let signed = check_signature(&jws, profile)?;
                (index, profile, signed, json)
            }
        };
        let rules = &profile.claims;
        let claims = RegisteredClaims::parse(json, &rules.names)
            .map_err(|detail| VerifyError::with_detail(Malformed, detail))?;
        let now = profile.clock.now();
        rules.check(json, &claims, now, expiry)?;
        check_key_issuer(&mut signed, claims.issuer.as_deref(), profile)?;
        Ok(Passed {
            index,
            profile,
            signed,
            token: profile.keep(json, &claims, now),
            validity: rules.validity(&claims, now),
        })
    }

    /// Cuts a token and finds whose it is, before anything about it is checked.
    fn read<'t>(
        &self,
        token: &'t [u8],
        payload: &'t mut Payload,
    ) -> Result<(usize, &Profile, CompactJws<'t>, &'t str), VerifyError> {
        let profiles = self.0.profiles.as_slice();
        let limits = profiles.iter().map(|profile| profile.limits);
        let limits = limits.reduce(Limits::max).unwrap_or(Limits::NOTHING);
        let jws = CompactJws::parse_within(token, limits).map_err(of_jws)?;
        let json = payload.decode(&jws)?;
        let (index, profile) = match profiles {
            [profile] if self.0.others.is_none() => (0, profile),
            profiles => addressed_profile(profiles, json)?,
        };
        if !profile.limits.allow(&jws) {
            return Err(VerifyError::new(TooLarge));
        }
        Ok((index, profile, jws, json))
    }
}

/// Whether keys may still be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    First,
    Last,
}

#[cfg(test)]
impl Verifier {
    /// How many tokens are remembered, and what they weigh.
    pub(super) fn cache_len_and_bytes(&self) -> (usize, u64) {
        let cache = self.0.cache.as_ref();
        cache.map(Cache::len_and_bytes).unwrap_or_default()
    }

    pub(super) fn knows_header(&self, token: &str) -> bool {
        let header = token.split('.').next().unwrap_or_default();
        self.0.profiles.iter().any(|profile| {
            let keys = profile.keys.current(|| profile.clock.now());
            keys.is_some_and(|keys| keys.find(header.as_bytes(), profile.typ).is_some())
        })
    }

    pub(super) fn remember_forged(&self, token: &str) {
        if let Some(cache) = &self.0.cache {
            cache.remember_forged(cache.look_up(token.as_bytes()), self.changes());
        }
    }

    pub(super) fn has_forged(&self, token: &str) -> bool {
        let cache = self.0.cache.as_ref();
        cache.is_some_and(|cache| cache.is_forged(cache.look_up(token.as_bytes()), self.changes()))
    }
}

/// A token whose signature and claims are good.
struct Passed<'v> {
    index: usize,
    profile: &'v Profile,
    signed: Signed,
    token: Token,
    validity: Validity,
}

/// What is looked at of tokens that others check, who have their own limits.
const OTHERS: Limits = Limits {
    token: 64 * 1024,
    header: 64 * 1024,
};

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verifier").field(&self.0.profiles).finish()
    }
}
