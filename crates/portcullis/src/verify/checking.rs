//! The way of a token through its checks.

use super::{
    Verified, VerifyError,
    VerifyErrorKind::{BadSignature, Malformed, TooLarge, WrongIssuer},
    addressed::{addressed_profile, addressee, seen_among, seen_profile},
    cache::Validity,
    claim_rules::Expiry,
    key_issuer::check_key_issuer,
    observer::{Check, Observer, Seen, Unobserved},
    payload::Payload,
    profile::{Profile, check_of, of_jws},
    signature::{Signed, check_signature},
    token::Token,
    trusted::Trusted,
    weak_key::check_weak_key,
};
use crate::{
    claims::RegisteredClaims,
    jose::{CompactJws, JwsError, Limits},
    time::Clock,
};

/// A token whose signature and claims are good.
pub(super) struct Passed<'v> {
    pub(super) index: usize,
    pub(super) profile: &'v Profile,
    pub(super) signed: Signed,
    pub(super) token: Token,
    pub(super) validity: Validity,
}

impl Trusted {
    /// Everything but expiry and revocation: enough to end a session with one
    /// of its tokens, and for nothing else.
    pub(super) fn verify_for_logout(&self, token: &[u8]) -> Result<Verified, VerifyError> {
        let passed = self.check(token, Expiry::Ignored, &mut Unobserved)?;
        let verified = Verified::own(passed.token);
        passed.profile.check_further(&verified, &mut Unobserved)?;
        Ok(verified)
    }

    /// Signature first, then claims.
    pub(super) fn check<O: Observer>(
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
        check_weak_key(&mut signed, now, observer)?;
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
    pub(super) fn read<'t>(
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
