//! The verifier.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use super::{
    Status, Verified, VerifyError,
    VerifyErrorKind::{BadSignature, Malformed, Revoked, StatusUnknown, TooLarge},
    cache::{Cache, Remembered, Validity},
    claim_rules::{ClaimRules, Expiry, wrong_issuer},
    known::KnownHeaders,
    profile::{Profile, of_jws},
    token::Token,
};
use crate::{
    ConfigError,
    claims::{Addressee, RegisteredClaims},
    jose::{Algorithm, CompactJws, Limits, Uninit, decode_front, decode_segment, uninit},
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
    known: KnownHeaders,
    cache: Option<Cache>,
}

impl Verifier {
    pub(super) fn of_profile(profile: Profile) -> Self {
        Self::of_profiles(vec![profile])
    }

    fn of_profiles(profiles: Vec<Profile>) -> Self {
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
            known: KnownHeaders::default(),
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
    /// # Errors
    ///
    /// If there are none, or one of them would never be asked about tokens that
    /// are meant for it, because an earlier one takes them: both name the same
    /// issuer and the same audience, or the earlier takes any.
    pub fn combine(verifiers: impl IntoIterator<Item = Verifier>) -> Result<Self, ConfigError> {
        let mut profiles = Vec::<(usize, Profile)>::new();
        for (number, verifier) in (1..).zip(verifiers) {
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
        if profiles.is_empty() {
            return Err(ConfigError::new("a combined verifier needs at least one"));
        }
        let profiles = profiles.into_iter().map(|(_, profile)| profile).collect();
        Ok(Self::of_profiles(profiles))
    }

    /// The longest time after its `exp` that a token may be taken.
    pub(crate) fn leeway(&self) -> Duration {
        let leeways = self.0.profiles.iter().map(|profile| profile.claims.leeway);
        leeways.max().unwrap_or_default()
    }

    /// Checks a token in the compact serialization (RFC 7515 section 7.1).
    pub fn verify(&self, token: &[u8]) -> Verification {
        let checked = match &self.0.cache {
            Some(cache) => self.recall(token, cache),
            None => {
                let passed = self.check(token, Expiry::Checked);
                passed.map(|passed| (Verified::own(passed.token), passed.profile))
            }
        };
        let (verified, profile) = match checked {
            Ok(checked) => checked,
            Err(error) => return Verification::Done(Err(error)),
        };
        if let Err(error) = profile.check_further(&verified) {
            return Verification::Done(Err(error));
        }
        let Some(status) = &profile.status else {
            return Verification::Done(Ok(verified));
        };
        match status.status(&verified) {
            Status::Pending(status) => Verification::Pending(PendingVerification {
                status,
                verified: Some(Box::new(verified)),
            }),
            status => Verification::Done(judge(&status, verified)),
        }
    }

    /// As [`verify`](Self::verify), where waiting is not possible.
    ///
    /// # Errors
    ///
    /// Why the token is refused; also if somebody else would have to be asked.
    pub fn verify_now(&self, token: &[u8]) -> Result<Verified, VerifyError> {
        match self.verify(token) {
            Verification::Done(result) => result,
            Verification::Pending(_) => Err(VerifyError::new(StatusUnknown)),
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
    fn recall(&self, token: &[u8], cache: &Cache) -> Result<(Verified, &Profile), VerifyError> {
        let presented = cache.look_up(token);
        if let Some(remembered) = cache.verified(presented)
            && let Some(profile) = self.0.profiles.get(remembered.profile)
        {
            if remembered.validity.contains(profile.clock.now()) {
                return Ok((Verified::shared(remembered), profile));
            }
            // Checked anew, it is refused for the right reason.
            cache.forget(presented);
        }
        if cache.is_forged(presented) {
            return Err(VerifyError::new(BadSignature));
        }
        let passed = self.check(token, Expiry::Checked).inspect_err(|error| {
            if error.kind() == BadSignature {
                cache.remember_forged(presented);
            }
        })?;
        let profile = passed.profile;
        if !profile.remembers(passed.algorithm) {
            return Ok((Verified::own(passed.token), profile));
        }
        let remembered = Remembered::new(passed.token, passed.index, passed.validity);
        let remembered = Arc::new(remembered);
        cache.remember(presented, remembered.clone());
        Ok((Verified::shared(remembered), profile))
    }

    /// Signature first, then claims.
    fn check(&self, token: &[u8], expiry: Expiry) -> Result<Passed<'_>, VerifyError> {
        let mut payload = Payload::new();
        let (index, profile, algorithm, json) = match self.0.profiles.as_slice() {
            [profile] => {
                let token = CompactJws::cut(token, profile.limits).map_err(of_jws)?;
                let algorithm = self.check_signature(&token, 0, profile)?;
                (0, profile, algorithm, payload.decode(&token)?)
            }
            profiles => {
                let limits = profiles.iter().map(|profile| profile.limits);
                let limits = limits.reduce(Limits::max).unwrap_or(Limits::NOTHING);
                // It is peeked into before header and signature are decoded.
                let jws = CompactJws::parse_within(token, limits).map_err(of_jws)?;
                let json = payload.decode(&jws)?;
                let (index, profile) = addressed_profile(profiles, json)?;
                if !profile.limits.allow(&jws) {
                    return Err(VerifyError::new(TooLarge));
                }
                let algorithm = self.check_signature(&jws, index, profile)?;
                (index, profile, algorithm, json)
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
            algorithm,
            token: profile.keep(json, &claims, now),
            validity: rules.validity(&claims, now),
        })
    }

    /// The signature, by a key of `profile`, whose algorithm comes back; quickly
    /// if the header was seen before.
    fn check_signature(
        &self,
        token: &CompactJws<'_>,
        index: usize,
        profile: &Profile,
    ) -> Result<Algorithm, VerifyError> {
        let mut buffer = uninit();
        let signature = token.signature_into(&mut buffer).map_err(of_jws)?;
        if let Some(known) = self.0.known.find(token.header_segment(), index) {
            if known.key.verify(token.signing_input(), signature).is_ok() {
                return Ok(known.key.algorithm());
            }
            if known.is_sole {
                return Err(VerifyError::new(BadSignature));
            }
        }
        let mut header = Vec::new();
        let header = token.decode_header(&mut header).map_err(of_jws)?;
        if !profile.typ.accepts(&header) {
            return Err(profile.wrong_type(&header));
        }
        let mut candidates = profile.keys.candidates(header.kid.as_deref(), &header.alg);
        let mut tried = 0;
        while let Some(key) = candidates.next() {
            tried += 1;
            if key.verify(token.signing_input(), signature).is_ok() {
                let is_sole = tried == 1 && candidates.next().is_none();
                self.0
                    .known
                    .remember(token.header_segment(), index, key, is_sole);
                return Ok(key.algorithm());
            }
        }
        Err(match tried {
            0 => profile.unknown_key(&header),
            _ => VerifyError::new(BadSignature),
        })
    }
}

#[cfg(test)]
impl Verifier {
    /// How many tokens are remembered, and what they weigh.
    pub(super) fn cache_len_and_bytes(&self) -> (usize, u64) {
        let cache = self.0.cache.as_ref();
        cache.map(Cache::len_and_bytes).unwrap_or_default()
    }

    pub(super) fn remember_forged(&self, token: &str) {
        if let Some(cache) = &self.0.cache {
            cache.remember_forged(cache.look_up(token.as_bytes()));
        }
    }

    pub(super) fn has_forged(&self, token: &str) -> bool {
        let cache = self.0.cache.as_ref();
        cache.is_some_and(|cache| cache.is_forged(cache.look_up(token.as_bytes())))
    }
}

/// A token whose signature and claims are good.
struct Passed<'v> {
    index: usize,
    profile: &'v Profile,
    algorithm: Algorithm,
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

fn judge(status: &Status, verified: Verified) -> Result<Verified, VerifyError> {
    match status {
        Status::Clear => Ok(verified),
        Status::Revoked => Err(VerifyError::new(Revoked)),
        Status::Unknown | Status::Pending(_) => Err(VerifyError::new(StatusUnknown)),
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verifier").field(&self.0.profiles).finish()
    }
}

/// The answer of [`Verifier::verify`].
///
/// There is no third answer, and nobody may overlook one: whoever matches on it
/// has to say what becomes of both.
#[derive(Debug)]
pub enum Verification {
    /// Decided, without waiting for anything: the hot path.
    Done(Result<Verified, VerifyError>),
    /// Good but for its status, about which somebody else is asked.
    Pending(PendingVerification),
}

/// A token whose status is being asked for.
#[must_use = "futures do nothing unless polled"]
pub struct PendingVerification {
    status: Pin<Box<dyn Future<Output = Status> + Send>>,
    // Boxed, or the future of every request would be as large.
    verified: Option<Box<Verified>>,
}

impl PendingVerification {
    /// The token, which is good but for its status; until that is known.
    pub(crate) fn token(&self) -> Option<&Verified> {
        self.verified.as_deref()
    }
}

impl Future for PendingVerification {
    type Output = Result<Verified, VerifyError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match ready!(self.status.as_mut().poll(cx)) {
                Status::Pending(next) => self.status = next,
                status => {
                    let verified = self.verified.take();
                    return Poll::Ready(match verified {
                        Some(verified) => judge(&status, *verified),
                        None => Err(VerifyError::new(StatusUnknown)),
                    });
                }
            }
        }
    }
}

impl fmt::Debug for PendingVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingVerification")
            .finish_non_exhaustive()
    }
}
