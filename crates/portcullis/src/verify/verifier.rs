//! The verifier.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    Verification, Verified, VerifyError,
    introspecting::Introspecting,
    node::Node,
    observer::Unobserved,
    profile::Profile,
    trusted::{AtHand, Delegate, Others, Parts, Trusted},
};
use crate::ConfigError;

/// Checks access tokens. Cheap to clone; build it once.
///
/// See [`VerifierBuilder`](super::VerifierBuilder) for what it checks, and
/// [`TokenIssuer::verifier`](crate::issue::TokenIssuer::verifier) for a verifier of an own issuer's tokens.
#[derive(Clone)]
pub struct Verifier(Arc<Node>);

impl Verifier {
    pub(super) fn of_profile(profile: Profile) -> Self {
        let profile = profile.sealed();
        Self(Node::new(match profile.introspection.clone() {
            Some(source) => {
                let introspecting = Introspecting::new(profile, source);
                Parts::of_others(Others::Asked(Arc::new(introspecting)))
            }
            None => Parts {
                profiles: vec![profile],
                others: None,
            },
        }))
    }

    /// One that checks nothing itself.
    pub(super) fn delegating(others: impl Delegate + 'static) -> Self {
        let others = Others::Delegate(Arc::new(others));
        Self(Node::new(Parts::of_others(others)))
    }

    /// What it trusts now.
    pub(super) fn trusted(&self) -> Arc<Trusted> {
        self.0.trusted().clone()
    }

    /// The same for whoever asked for it by the name of its issuer.
    pub(super) fn at_hand(self) -> AtHand {
        AtHand::Known {
            trusted: self.trusted(),
            kept: self.0,
        }
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
        let members: Vec<_> = verifiers.into_iter().map(|verifier| verifier.0).collect();
        Node::combined(&members).map(Self)
    }

    /// Trusts what `new` does from now on, in place of what it trusted: keys, issuer,
    /// audience and all other rules. Every clone sees it, whoever has it, and every
    /// [combination](Self::combine) that it is part of: a configuration that is read
    /// again, say, while requests come.
    ///
    /// It is one step. Requests that are under way finish by the old rules, and none
    /// that begins after this returned does. What was [remembered](super::TokenCache)
    /// is gone; a source of keys that nobody else uses is let go. If `new` is a
    /// combination, this becomes one, and sees what is replaced in its members;
    /// what is replaced in `new` itself later is its own affair.
    ///
    /// A connection that is held open goes on to watch its token by what accepted
    /// it: its expiry and whether it was [revoked](super::Verified::ended_with). To
    /// close such connections is for the application.
    ///
    /// ```
    /// # use portcullis::{jose::{Algorithm, SigningKey}, verify::Verifier};
    /// # fn configured(issuer: &str) -> Result<Verifier, Box<dyn std::error::Error>> {
    /// #     let key = SigningKey::generate(Algorithm::ES256)?.verifying_key();
    /// #     Ok(Verifier::builder().keys(key).issuer(issuer).audience("api").build()?)
    /// # }
    /// let verifier = configured("https://login.example.com")?;
    /// let in_use = verifier.clone();
    /// // Later, after the configuration has changed:
    /// verifier.replace(configured("https://id.example.com")?)?;
    /// # assert!(format!("{in_use:?}").contains("https://id.example.com"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a combination that it is part of could not be combined with `new` in its
    /// place (see [`combine`](Self::combine)), or is part of `new`. Then nothing has
    /// changed.
    pub fn replace(&self, new: Verifier) -> Result<(), ConfigError> {
        self.0.replace(&new.0)
    }

    /// The longest time after its `exp` that a token may be taken.
    pub(crate) fn leeway(&self) -> Duration {
        let trusted = self.0.trusted();
        let profiles = trusted.profiles.iter();
        let leeways = profiles.map(|profile| profile.claims.leeway);
        leeways.max().unwrap_or_default()
    }

    /// Checks a token: one in the compact serialization (RFC 7515 section 7.1), or
    /// any at all where the [issuer is asked](super::VerifierBuilder::introspected_by).
    pub fn verify(&self, token: &[u8]) -> Verification {
        match self.0.never_replaced() {
            Some(trusted) => trusted.judge(token, &mut Unobserved),
            None => self.verify_replaced(token),
        }
    }

    // Apart, so that nobody else has something to let go of.
    #[inline(never)]
    fn verify_replaced(&self, token: &[u8]) -> Verification {
        self.0.trusted().judge(token, &mut Unobserved)
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
        self.0.trusted().verify_for_logout(token)
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
        f.debug_tuple("Verifier").field(&trusted.profiles).finish()
    }
}
