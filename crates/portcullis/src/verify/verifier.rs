//! The verifier.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use super::{
    KeySource, MissingKey, PendingVerification, Verification, Verified, VerifyError,
    VerifyErrorKind::{BadSignature, KeysUnavailable, Malformed, TooLarge, UnknownKey},
    cache::{Cache, Remembered, Validity},
    claim_rules::{ClaimRules, Expiry, wrong_issuer},
    introspecting::Introspecting,
    profile::{Profile, of_jws},
    signature::{Signed, check_signature},
    token::Token,
    trusted_keys::TrustedKeys,
};
use crate::{
    ConfigError,
    claims::{Addressee, RegisteredClaims},
    jose::{CompactJws, Limits, Uninit, decode_front, decode_segment, uninit},
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
    /// Asked about all tokens that are of nobody in `profiles`.
    introspecting: Option<Arc<Introspecting>>,
    cache: Option<Cache>,
}

impl Verifier {
    pub(super) fn of_profile(profile: Profile) -> Self {
        match profile.introspection.clone() {
            Some(source) => {
                let introspecting = Introspecting::new(profile, source);
                Self::of_profiles(Vec::new(), Some(Arc::new(introspecting)))
            }
            None => Self::of_profiles(vec![profile], None),
        }
    }

    fn of_profiles(profiles: Vec<Profile>, introspecting: Option<Arc<Introspecting>>) -> Self {
        let caches = profiles.iter().filter_map(Profile::worthwhile_cache);
        let max_bytes = caches
            .map(|cache| cache.max_bytes)
            .reduce(usize::saturating_add);
        let clock = profiles.first().map(|profile| profile.clock.clone());
        let cache = max_bytes
            .zip(clock)
            .and_then(|(max_bytes, clock)| Cache::new(max_bytes, clock));
        Self(Arc::new(Inner {
            profiles,
            introspecting,
            cache,
        }))
    }

    /// Accepts what any one of `verifiers` accepts. A token is checked by the
    /// first whose issuer and audience it names, and only by that one: each
    /// issuer's tokens need that issuer's keys (RFC 8725 section 3.8). One that
    /// takes [any issuer](super::Dangerous::any_issuer) or
    /// [any audience](super::Dangerous::any_audience) goes behind those that name
    /// theirs.
    ///
    /// One of them may [ask its issuer](super::VerifierBuilder::introspected_by).
    /// Wherever it stands, it is asked about every token that is not a signed one
    /// whose `iss` another of them names; those are never sent anywhere.
    ///
    /// # Errors
    ///
    /// If there are none, or two that ask, or one of them would never be asked about tokens that
    /// are meant for it, because an earlier one takes them: both name the same
    /// issuer and the same audience, or the earlier takes any.
    pub fn combine(verifiers: impl IntoIterator<Item = Verifier>) -> Result<Self, ConfigError> {
        let mut profiles = Vec::<(usize, Profile)>::new();
        let mut introspecting = None;
        for (number, verifier) in (1..).zip(verifiers) {
            if let Some(asks) = &verifier.0.introspecting
                && introspecting.replace(Arc::clone(asks)).is_some()
            {
                return Err(ConfigError::new(
                    "two of the combined verifiers ask an issuer about tokens: nobody can tell \
                     whose an opaque token is, so give each its own part of the service",
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
        if profiles.is_empty() && introspecting.is_none() {
            return Err(ConfigError::new("a combined verifier needs at least one"));
        }
        let profiles = profiles.into_iter().map(|(_, profile)| profile).collect();
        Ok(Self::of_profiles(profiles, introspecting))
    }

    /// Checks a token: one in the compact serialization (RFC 7515 section 7.1), or
    /// any at all where the [issuer is asked](super::VerifierBuilder::introspected_by).
    pub fn verify(&self, token: &[u8]) -> Verification {
        self.look_at(token, Look::First)
    }

    fn look_at(&self, token: &[u8], look: Look) -> Verification {
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
            Err(error) => return self.refuse(token, error, look, changes),
        };
        profile.conclude(verified)
    }

    /// Asks for a key, where that may be what is missing.
    #[cold]
    fn refuse(&self, token: &[u8], error: VerifyError, look: Look, changes: u64) -> Verification {
        if let Some(introspecting) = &self.0.introspecting
            && !self.names_issuer(token)
        {
            return introspecting.verify(token);
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

    /// Whether it is a signed token that names one of the issuers whose keys are
    /// here. One that was accepted does; so this need not be asked before.
    fn names_issuer(&self, token: &[u8]) -> bool {
        let limits = Limits {
            token: token.len(),
            header: token.len(),
        };
        let mut payload = Payload::new();
        let jws = CompactJws::parse_within(token, limits).map_err(of_jws);
        let json = jws.and_then(|jws| payload.decode(&jws));
        let Ok(addressee) = json.map(Addressee::parse) else {
            return false;
        };
        let Ok(addressee) = addressee else {
            return false;
        };
        let issuer = addressee.issuer.as_deref();
        let mut profiles = self.0.profiles.iter();
        profiles.any(|profile| profile.claims.issuer.accepts(issuer))
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

    /// How often keys have changed.
    fn changes(&self) -> u64 {
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
                return Ok((Verified::shared(remembered), profile));
            }
            // Checked anew, it is refused for the right reason.
            cache.forget(presented);
        }
        if cache.is_forged(presented, changes) {
            return Err(VerifyError::new(BadSignature));
        }
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
        let (index, profile, signed, json) = match self.0.profiles.as_slice() {
            [profile] => {
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
        rules.check(&claims, now, expiry)?;
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
            [profile] => (0, profile),
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

/// Room for the claims: on the stack, unless there are unusually many.
struct Payload {
    near: Uninit<NEAR>,
    far: Vec<u8>,
}

const NEAR: usize = 2048;

impl Payload {
    fn new() -> Self {
        Self {
            near: uninit(),
            far: Vec::new(),
        }
    }

    fn decode(&mut self, token: &CompactJws<'_>) -> Result<&str, VerifyError> {
        let segment = token.payload_segment();
        // Four characters for three bytes.
        let json = if segment.len() / 4 * 3 + 2 <= NEAR {
            decode_front(segment, &mut self.near).map_err(of_jws)?
        } else {
            decode_segment(segment, &mut self.far).map_err(of_jws)?;
            &self.far
        };
        str::from_utf8(json)
            .map_err(|_| VerifyError::with_detail(Malformed, "the claims are not UTF-8"))
    }
}

/// The profile whose issuer and audience a token names. Nothing is believed
/// yet: both are checked again once the signature is.
fn addressed_profile<'p>(
    profiles: &'p [Profile],
    json: &str,
) -> Result<(usize, &'p Profile), VerifyError> {
    let addressee =
        Addressee::parse(json).map_err(|detail| VerifyError::with_detail(Malformed, detail))?;
    let issuer = addressee.issuer.as_deref();
    let audience = addressee.audience.as_ref();
    let of_issuer = || {
        let profiles = profiles.iter().enumerate();
        profiles.filter(|(_, profile)| profile.claims.issuer.accepts(issuer))
    };
    of_issuer()
        .find(|(_, profile)| profile.claims.audience.accepts(audience))
        .or_else(|| of_issuer().next())
        .ok_or_else(|| wrong_issuer(issuer, profiles.iter().map(|own| &own.claims.issuer)))
}

fn never_asked(first: usize, own: &Profile, second: usize, other: &Profile) -> ConfigError {
    let shown = |rules: &ClaimRules| {
        let (issuer, audience) = (rules.issuer.shown(), rules.audience.shown());
        format!("issuer {issuer}, audience {audience}")
    };
    ConfigError::new(format!(
        "of the combined verifiers, number {second} ({}) would never be asked about tokens that \
         number {first} ({}) takes: give them different issuers or audiences, or one verifier the \
         keys of both",
        shown(&other.claims),
        shown(&own.claims)
    ))
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let introspecting = self.0.introspecting.as_ref();
        f.debug_struct("Verifier")
            .field("issuers", &self.0.profiles)
            .field("introspecting", &introspecting.map(|it| &it.profile))
            .finish()
    }
}
