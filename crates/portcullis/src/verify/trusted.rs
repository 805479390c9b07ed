//! What a verifier trusts at one moment, and how it judges by that.

use std::{
    any::Any,
    sync::{Arc, Weak},
};

use zeroize::Zeroizing;

use super::{
    KeySource, MissingKey, PendingVerification, Verification, Verified, VerifyError,
    VerifyErrorKind::{BadSignature, KeysUnavailable, TooLarge, UnknownKey, WrongIssuer},
    addressed::addressee,
    cache::{Cache, Remembered},
    claim_rules::Expiry,
    introspecting::Introspecting,
    issuer_rule::advice,
    observer::{Check, Observer, Seen, Unobserved},
    payload::Payload,
    profile::{Profile, of_jws},
    shown::or_none,
    trusted_keys::TrustedKeys,
};
use crate::{
    claims::Addressee,
    jose::{CompactJws, Limits},
    metrics,
    time::Clock,
};

/// All that decides about tokens: never changed, only replaced. It keeps nobody alive
/// who has something to do as long as there is a verifier, such as to fetch keys:
/// [`Parts`] do.
pub(super) struct Trusted {
    pub(super) profiles: Vec<Profile>,
    pub(super) others: Option<Lent>,
    /// Whether a refusal may not be the last word: keys change, somebody else
    /// knows the issuer, or there is more to say.
    looks_further: bool,
    cache: Option<Cache>,
}

/// Of what a verifier is made.
#[derive(Clone)]
pub(super) struct Parts {
    // Most services have one kind of token.
    pub(super) profiles: Vec<Profile>,
    /// Who checks all tokens of nobody in `profiles`.
    pub(super) others: Option<Others>,
}

#[derive(Clone)]
pub(super) enum Others {
    Delegate(Arc<dyn Delegate>),
    /// Whoever issued them says what they are.
    Asked(Arc<Introspecting>),
}

/// [`Others`], as long as somebody keeps them.
pub(super) enum Lent {
    Delegate(Weak<dyn Delegate>),
    Asked(Weak<Introspecting>),
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
    Known {
        trusted: Arc<Trusted>,
        /// Whoever keeps alive what that needs.
        kept: Arc<dyn Any + Send + Sync>,
    },
    Unknown(VerifyError),
    /// Somebody would have to be asked.
    Asked,
}

impl Parts {
    /// Checks nothing itself.
    pub(super) fn of_others(others: Others) -> Self {
        Self {
            profiles: Vec::new(),
            others: Some(others),
        }
    }
}

impl Others {
    fn lent(&self) -> Lent {
        match self {
            Self::Delegate(delegate) => Lent::Delegate(Arc::downgrade(delegate)),
            Self::Asked(introspecting) => Lent::Asked(Arc::downgrade(introspecting)),
        }
    }
}

impl Lent {
    /// Nobody, once they were let go.
    fn get(&self) -> Option<Others> {
        Some(match self {
            Self::Delegate(delegate) => Others::Delegate(delegate.upgrade()?),
            Self::Asked(introspecting) => Others::Asked(introspecting.upgrade()?),
        })
    }
}

impl Trusted {
    pub(super) fn new(parts: &Parts) -> Self {
        let profiles: Vec<_> = parts.profiles.iter().map(Profile::lent).collect();
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
            looks_further: parts.others.is_some() || profiles.iter().any(looks_further),
            profiles,
            others: parts.others.as_ref().map(Others::lent),
            cache,
        }
    }

    /// Forgets what is remembered, for good: requests that are still under way
    /// remember nothing, either.
    pub(super) fn forget(&self) {
        if let Some(cache) = &self.cache {
            cache.close();
        }
    }

    /// Checks a token, whether or not somebody looks on.
    #[inline]
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
            return Verification::Pending(PendingVerification::unasked(KeysUnavailable));
        }
        match source.missing() {
            MissingKey::Absent => Verification::Done(Err(error)),
            MissingKey::Unavailable(unavailable) => {
                Verification::Done(Err(VerifyError::keys_unavailable(unavailable)))
            }
            MissingKey::Wait(keys) => {
                let (trusted, token) = (self.clone(), Zeroizing::new(Box::from(token)));
                // It is finished by these, whatever becomes of the verifier meanwhile.
                let kept = (source, self.others.as_ref().and_then(Lent::get));
                let again = move || {
                    let checked = trusted.look_at(&token, Look::Last, &mut Unobserved);
                    drop(kept);
                    checked
                };
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
    ) -> Result<Option<Arc<dyn KeySource>>, VerifyError> {
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
            // One that was let go in this moment says nothing.
            Ok(()) => match source.get() {
                Some(source) => Ok(Some(source)),
                None => Err(VerifyError::new(KeysUnavailable)),
            },
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
        let Some(others) = self.others.as_ref()?.get() else {
            return Some(Verification::Done(Err(VerifyError::new(KeysUnavailable))));
        };
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
        match (&others, &addressee) {
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
                    Verification::Done(Err(_)) if error.kind() == TooLarge => {
                        if O::LOOKS {
                            // So what counts is what was seen before they were asked.
                            observer.restart();
                            let _ = self.check(token, Expiry::Checked, observer);
                        }
                        None
                    }
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
        AtHand::Known {
            trusted,
            kept: _kept,
        } => {
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
            Verification::Pending(PendingVerification::unasked(KeysUnavailable))
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

/// What is looked at of tokens that others check, who have their own limits.
const OTHERS: Limits = Limits {
    token: 64 * 1024,
    header: 64 * 1024,
};
