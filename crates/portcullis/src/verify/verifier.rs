//! The verifier.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    Verification, Verified, VerifyError,
    addressed::never_asked,
    introspecting::Introspecting,
    issuer_rule::IssuerRule,
    observer::Unobserved,
    profile::Profile,
    trusted::{Delegate, Others, Trusted},
};
use crate::ConfigError;

/// Checks access tokens. Cheap to clone; build it once.
///
/// See [`VerifierBuilder`](super::VerifierBuilder) for what it checks, and
/// [`TokenIssuer::verifier`](crate::issue::TokenIssuer::verifier) for a verifier of an own issuer's tokens.
#[derive(Clone)]
pub struct Verifier(Arc<Trusted>);

impl Verifier {
    pub(super) fn of_profile(profile: Profile) -> Self {
        let profile = profile.sealed();
        Self::of(match profile.introspection.clone() {
            Some(source) => {
                let introspecting = Introspecting::new(profile, source);
                Trusted::new(Vec::new(), Some(Others::Asked(Arc::new(introspecting))))
            }
            None => Trusted::new(vec![profile], None),
        })
    }

    /// One that checks nothing itself.
    pub(super) fn delegating(others: impl Delegate + 'static) -> Self {
        let others = Others::Delegate(Arc::new(others));
        Self::of(Trusted::new(Vec::new(), Some(others)))
    }

    fn of(trusted: Trusted) -> Self {
        Self(Arc::new(trusted))
    }

    /// What it trusts now.
    pub(super) fn trusted(&self) -> Arc<Trusted> {
        self.0.clone()
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
        let mut others = None::<Others>;
        for (number, verifier) in (1..).zip(verifiers) {
            if let Some(own) = verifier.0.others()
                && others.replace(own.clone()).is_some()
            {
                return Err(ConfigError::new(
                    "of the combined verifiers, several find theirs by issuer or ask an issuer: \
                     nobody can tell whose a token is that none of the others knows, so give each \
                     its own part of the service",
                ));
            }
            for later in verifier.0.profiles() {
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
        Ok(Self::of(Trusted::new(profiles, others)))
    }

    /// The longest time after its `exp` that a token may be taken.
    pub(crate) fn leeway(&self) -> Duration {
        let profiles = self.0.profiles().iter();
        let leeways = profiles.map(|profile| profile.claims.leeway);
        leeways.max().unwrap_or_default()
    }

    /// Checks a token: one in the compact serialization (RFC 7515 section 7.1), or
    /// any at all where the [issuer is asked](super::VerifierBuilder::introspected_by).
    pub fn verify(&self, token: &[u8]) -> Verification {
        self.0.judge(token, &mut Unobserved)
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
        self.0.verify_for_logout(token)
    }
}

#[cfg(test)]
impl Verifier {
    /// How many tokens are remembered, and what they weigh.
    pub(super) fn cache_len_and_bytes(&self) -> (usize, u64) {
        self.trusted().cache_len_and_bytes()
    }

    pub(super) fn knows_header(&self, token: &str) -> bool {
        self.trusted().knows_header(token)
    }

    pub(super) fn remember_forged(&self, token: &str) {
        self.trusted().remember_forged(token);
    }

    pub(super) fn has_forged(&self, token: &str) -> bool {
        self.trusted().has_forged(token)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let trusted = self.trusted();
        f.debug_tuple("Verifier")
            .field(&trusted.profiles())
            .finish()
    }
}
