//! What a verifier trusts at one moment, and how it judges by that.

use std::sync::Arc;

use zeroize::Zeroizing;

use super::{
    KeySource, MissingKey, PendingVerification, Verification, Verified, VerifyError,
    VerifyErrorKind::{
        BadSignature, KeysUnavailable, Malformed, TooLarge, UnknownKey, WrongIssuer,
    },
    addressed::{addressed_profile, addressee, seen_among, seen_profile},
    cache::{Cache, Remembered, Validity},
    claim_rules::Expiry,
    introspecting::Introspecting,
    issuer_rule::advice,
    key_issuer::check_key_issuer,
    observer::{Check, Observer, Seen, Unobserved},
    payload::Payload,
    profile::{Profile, check_of, of_jws},
    shown::or_none,
    signature::{Signed, check_signature},
    token::Token,
    trusted_keys::TrustedKeys,
};
use crate::{
    claims::{Addressee, RegisteredClaims},
    jose::{CompactJws, JwsError, Limits},
    time::Clock,
};

/// All that decides about tokens: never changed, only replaced.
pub(super) struct Trusted {
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
pub(super) enum Others {
    Delegate(Arc<dyn Delegate>),
    /// Whoever issued them says what they are.
    Asked(Arc<Introspecting>),
}

/// Checks tokens of issuers that it knows.
pub(super) trait Delegate: Send + Sync {
    /// Checks a token that names this issuer, or none.
    fn verify(&self, issuer: Option<&str>, token: &[u8]) -> Verification;

    /// By what such a token would be checked, if that can be told without asking
    /// anybody.
    fn at_hand(&self, issuer: Option<&str>) -> AtHand;
}

/// What a [`Delegate`] knows of an issuer.
pub(super) enum AtHand {
    Known(Arc<Trusted>),
    Unknown(VerifyError),
    /// Somebody would have to be asked.
    Asked,
}

impl Trusted {
    pub(super) fn new(profiles: Vec<Profile>, others: Option<Others>) -> Self {
        let caches = profiles.iter().filter_map(Profile::worthwhile_cache);
        let max_bytes = caches
            .map(|cache| cache.max_bytes)
            .reduce(usize::saturating_add);
        let clock = profiles.first().map(|profile| profile.clock.clone());
        let cache = max_bytes
            .zip(clock)
            .and_then(|(max_bytes, clock)| Cache::new(max_bytes, clock));
        let looks_further = |own: &Profile| own.keys.change() || !own.claims.mistaken.is_empty();
        Self {
            looks_further: others.is_some() || profiles.iter().any(looks_further),
            profiles,
            cache,
            others,
        }
    }

    pub(super) fn profiles(&self) -> &[Profile] {
        &self.profiles
    }

    pub(super) fn others(&self) -> Option<&Others> {
        self.others.as_ref()
    }

    /// Checks a token, whether or not somebody looks on.
    pub(super) fn judge<O: Observer>(
        self: &Arc<Self>,
        token: &[u8],
        observer: &mut O,
    ) -> Verification {
        self.look_at(token, Look::First, observer)
    }

    fn look_at<O: Observer>(
        self: &Arc<Self>,
        token: &[u8],
        look: Look,
        observer: &mut O,
    ) -> Verification {
        if self.profiles.is_empty() {
            let refused = VerifyError::new(WrongIssuer);
            let elsewhere = self.elsewhere(token, &refused, observer);
            return elsewhere.unwrap_or(Verification::Done(Err(refused)));
        }
        let changes = self.changes();
        let checked = match &self.cache {
            Some(cache) if !O::LOOKS => self.recall(token, cache, changes),
            _ => {
                let passed = self.check(token, Expiry::Checked, observer);
                passed.map(|passed| (Verified::own(passed.token), passed.profile))
            }
        };
        let (verified, profile) = match checked {
            Ok(checked) => checked,
            Err(error) if self.looks_further => {
                return self.refuse(token, error, look, changes, observer);
            }
            Err(error) => return Verification::Done(Err(error)),
        };
        profile.conclude(verified, observer)
    }

    /// Asks for a key, where that may be what is missing.
    #[cold]
    fn refuse<O: Observer>(
        self: &Arc<Self>,
        token: &[u8],
        error: VerifyError,
        look: Look,
        changes: u64,
        observer: &mut O,
    ) -> Verification {
        if let Some(checked) = self.elsewhere(token, &error, observer) {
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
            observer.restart();
            return self.look_at(token, look, observer);
        }
        let Some(source) = source.filter(|_| look == Look::First) else {
            return Verification::Done(Err(error));
        };
        if O::LOOKS {
            let check = match error.kind() {
                BadSignature => Check::Signature,
                _ => Check::Key,
            };
            observer.unasked(check, Seen::nothing);
            return Verification::Done(Err(VerifyError::new(KeysUnavailable)));
        }
        match source.missing() {
            MissingKey::Absent => Verification::Done(Err(error)),
            MissingKey::Unavailable(unavailable) => {
                Verification::Done(Err(VerifyError::keys_unavailable(unavailable)))
            }
            MissingKey::Wait(keys) => {
                let (trusted, token) = (self.clone(), Zeroizing::new(Box::from(token)));
                let again = move || trusted.look_at(&token, Look::Last, &mut Unobserved);
                Verification::Pending(PendingVerification::for_keys(keys, again))
            }
        }
    }

    /// That a token whose key is unknown is of an issuer that is often taken for the
    /// one configured.
    fn mistaken_issuer(&self, token: &[u8], error: &VerifyError) -> Option<VerifyError> {
        let [profile] = self.profiles.as_slice() else {
            // There, the issuer is looked at first.
            return None;
        };
        let rules = &profile.claims;
        if error.kind() != UnknownKey || rules.mistaken.is_empty() {
            return None;
        }
        let mut payload = Payload::new();
        let (.., json) = self.read(token, &mut payload, &mut Unobserved).ok()?;
        let issuer = Addressee::parse(json).ok()?.issuer;
        let issuer = issuer
            .as_deref()
            .filter(|it| !rules.issuer.accepts(Some(it)))?;
        advice(issuer, &rules.mistaken)?;
        Some(rules.seen_issuer(Some(issuer)).refuse(WrongIssuer))
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
        let (_, profile, jws, json) = self.read(token, &mut payload, &mut Unobserved)?;
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
    fn elsewhere<O: Observer>(
        &self,
        token: &[u8],
        error: &VerifyError,
        observer: &mut O,
    ) -> Option<Verification> {
        let others = self.others.as_ref()?;
        let mut payload = Payload::new();
        let addressee = CompactJws::parse_within(token, OTHERS)
            .map_err(of_jws)
            .and_then(|jws| payload.decode(&jws))
            .and_then(addressee);
        let mut own = self.profiles.iter();
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
            (Others::Asked(introspecting), _) => {
                observer.restart();
                Some(introspecting.verify(token, observer))
            }
            (Others::Delegate(_), Err(_)) if !self.profiles.is_empty() => None,
            (Others::Delegate(_), Err(error)) => {
                let error = observer.failed(Check::Verifier, error.clone(), Seen::nothing);
                Some(Verification::Done(Err(error)))
            }
            (Others::Delegate(delegate), Ok(_)) => {
                let checked = match O::LOOKS {
                    true => explain_by(&**delegate, issuer, token, observer),
                    false => delegate.verify(issuer, token),
                };
                match checked {
                    // It is not for others.
                    Verification::Done(Err(_)) if error.kind() == TooLarge => None,
                    checked => Some(checked),
                }
            }
        }
    }

    /// How often keys have changed.
    fn changes(&self) -> u64 {
        if !self.looks_further {
            return 0;
        }
        let profiles = self.profiles.iter();
        let changes = profiles.map(|profile| profile.keys.changes());
        changes.fold(0, u64::wrapping_add)
    }

    /// Everything but expiry and revocation: enough to end a session with one
    /// of its tokens, and for nothing else.
    pub(super) fn verify_for_logout(&self, token: &[u8]) -> Result<Verified, VerifyError> {
        let passed = self.check(token, Expiry::Ignored, &mut Unobserved)?;
        let verified = Verified::own(passed.token);
        passed.profile.check_further(&verified, &mut Unobserved)?;
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
            && let Some(profile) = self.profiles.get(remembered.profile)
        {
            if remembered.holds(profile.clock.now()) {
                return Ok((Verified::shared(remembered), profile));
            }
            // Checked anew, it is refused for the right reason.
            cache.forget(presented);
        }
        if cache.is_forged(presented, changes) {
            return Err(VerifyError::new(BadSignature));
        }
        let passed = self
            .check(token, Expiry::Checked, &mut Unobserved)
            .inspect_err(|error| {
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
    fn check<O: Observer>(
        &self,
        token: &[u8],
        expiry: Expiry,
        observer: &mut O,
    ) -> Result<Passed<'_>, VerifyError> {
        let mut payload = Payload::new();
        let (index, profile, signed, json) = match self.profiles.as_slice() {
            [profile] if self.others.is_none() => {
                observer.plan(|| profile.plan());
                let jws = CompactJws::cut(token, profile.limits);
                let jws = was_cut(jws, token, profile.limits, observer)?;
                let signed = check_signature(&jws, profile, observer);
                let signed = observer.go_on(signed)?;
                (0, profile, signed, decode(&mut payload, &jws, observer)?)
            }
            _ => {
                let (index, profile, jws, json) = self.read(token, &mut payload, observer)?;
                observer.plan(|| profile.plan());
                let signed = check_signature(&jws, profile, observer);
                (index, profile, observer.go_on(signed)?, json)
            }
        };
        let rules = &profile.claims;
        let claims = RegisteredClaims::parse(json, &rules.names).map_err(|detail| {
            let error = VerifyError::with_detail(Malformed, detail);
            observer.failed(Check::Claims, error, Seen::nothing)
        })?;
        observer.observe(Check::Claims, Ok(()), Seen::nothing)?;
        let now = profile.clock.now();
        rules.check(json, &claims, now, expiry, observer)?;
        // There is one, unless somebody looks on and has seen an error.
        let Some(mut signed) = signed else {
            observer.settle()?;
            return Err(VerifyError::new(BadSignature));
        };
        check_key_issuer(&mut signed, claims.issuer.as_deref(), profile, observer)?;
        observer.settle()?;
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
        observer: &mut impl Observer,
    ) -> Result<(usize, &Profile, CompactJws<'t>, &'t str), VerifyError> {
        let profiles = self.profiles.as_slice();
        let limits = profiles.iter().map(|profile| profile.limits);
        let limits = limits.reduce(Limits::max).unwrap_or(Limits::NOTHING);
        observer.plan(|| vec![Check::Size, Check::Form, Check::Verifier]);
        let jws = CompactJws::parse_within(token, limits);
        let jws = was_cut(jws, token, limits, observer)?;
        let json = decode(payload, &jws, observer)?;
        let (index, profile) = match profiles {
            [profile] if self.others.is_none() => (0, profile),
            profiles => {
                let addressee = addressee(json)
                    .map_err(|error| observer.failed(Check::Claims, error, Seen::nothing))?;
                let found = addressed_profile(profiles, &addressee, json);
                let issuer = addressee.issuer.as_deref();
                let (index, profile) = found.ok_or_else(|| {
                    let seen = || seen_among(profiles, issuer);
                    observer.failed(Check::Issuer, seen().refuse(WrongIssuer), seen)
                })?;
                observer.observe(Check::Verifier, Ok(()), || {
                    seen_profile(&addressee, index + 1, profile)
                })?;
                (index, profile)
            }
        };
        if !profile.limits.allow(&jws) {
            let seen = || seen_size(token, profile.limits);
            return Err(observer.failed(Check::Size, VerifyError::new(TooLarge), seen));
        }
        Ok((index, profile, jws, json))
    }
}

/// What came of cutting a token.
#[inline]
fn was_cut<'t>(
    jws: Result<CompactJws<'t>, JwsError>,
    token: &[u8],
    limits: Limits,
    observer: &mut impl Observer,
) -> Result<CompactJws<'t>, VerifyError> {
    let jws = jws.map_err(|error| {
        let seen = || seen_size(token, limits);
        observer.failed(check_of(error), of_jws(error), seen)
    })?;
    observer.observe(Check::Size, Ok(()), || seen_size(token, limits))?;
    observer.observe(Check::Form, Ok(()), Seen::nothing)?;
    Ok(jws)
}

/// How long a token and its header are, and may be.
fn seen_size(token: &[u8], limits: Limits) -> Seen {
    let header = memchr::memchr(b'.', token).unwrap_or(token.len());
    Seen::of(
        format!("{} bytes, the header {header}", token.len()),
        format!("at most {}, the header {}", limits.token, limits.header),
    )
}

#[inline]
fn decode<'p>(
    payload: &'p mut Payload,
    jws: &CompactJws<'_>,
    observer: &mut impl Observer,
) -> Result<&'p str, VerifyError> {
    let json = payload.decode(jws);
    json.map_err(|error| observer.failed(Check::Claims, error, Seen::nothing))
}

/// By whatever verifier is at hand for an issuer.
fn explain_by(
    delegate: &dyn Delegate,
    issuer: Option<&str>,
    token: &[u8],
    observer: &mut impl Observer,
) -> Verification {
    observer.restart();
    let seen = || Seen::found(format!("`iss` is {}", or_none(issuer)));
    match delegate.at_hand(issuer) {
        AtHand::Known(trusted) => {
            let told = observer.observe(Check::Verifier, Ok(()), seen);
            match told {
                Ok(()) => trusted.judge(token, observer),
                Err(error) => Verification::Done(Err(error)),
            }
        }
        AtHand::Unknown(error) => {
            Verification::Done(Err(observer.failed(Check::Verifier, error, seen)))
        }
        AtHand::Asked => {
            observer.unasked(Check::Verifier, seen);
            Verification::Done(Err(VerifyError::new(KeysUnavailable)))
        }
    }
}

/// Whether keys may still be asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    First,
    Last,
}

#[cfg(test)]
impl Trusted {
    /// How many tokens are remembered, and what they weigh.
    pub(super) fn cache_len_and_bytes(&self) -> (usize, u64) {
        let cache = self.cache.as_ref();
        cache.map(Cache::len_and_bytes).unwrap_or_default()
    }

    pub(super) fn knows_header(&self, token: &str) -> bool {
        let header = token.split('.').next().unwrap_or_default();
        self.profiles.iter().any(|profile| {
            let keys = profile.keys.current(|| profile.clock.now());
            keys.is_some_and(|keys| keys.find(header.as_bytes(), profile.typ).is_some())
        })
    }

    pub(super) fn remember_forged(&self, token: &str) {
        if let Some(cache) = &self.cache {
            cache.remember_forged(cache.look_up(token.as_bytes()), self.changes());
        }
    }

    pub(super) fn has_forged(&self, token: &str) -> bool {
        let cache = self.cache.as_ref();
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
