//! Settings of a [`VerifierBuilder`] for tokens that are not made for it: ID
//! tokens, and issuers with ways of their own.

use std::sync::Arc;

use super::{
    VerifierBuilder,
    further_rules::{ClaimValue, FurtherRules},
    typ::TypRule,
};

impl<K, I, A> VerifierBuilder<K, I, A> {
    /// Accepts ID tokens (OpenID Connect Core section 2) instead of access tokens,
    /// by the rules of section 3.1.3.7: for a service at which people sign on, and
    /// for those whose callers have nothing else, such as GitHub Actions.
    ///
    /// `typ` is `JWT` or none; `iss`, `sub`, `aud`, `exp` and `iat` are required.
    /// Everybody in `aud` is one of the configured audiences, which are client
    /// ids here; `azp` is one of them too, or of the
    /// [`authorized_parties`](Self::authorized_parties), and there if `aud` names
    /// several. `nonce` is for whoever sent one to compare. The access tokens of RFC
    /// 9068, log-out tokens and event tokens are refused.
    ///
    /// An ID token says who somebody is, to the client that asked. Where the issuer
    /// gives access tokens, APIs want these.
    ///
    /// ```
    /// # use portcullis::{jose::{Algorithm, VerifyingKey}, verify::Verifier};
    /// # let keys = VerifyingKey::from_secret(Algorithm::HS256, &[7; 32])?;
    /// let sign_on = Verifier::builder()
    ///     .keys(keys)
    ///     .issuer("https://login.example")
    ///     .audience("the client id of this service")
    ///     .id_tokens()
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn id_tokens(self) -> Self {
        self.set(|profile| {
            if profile.typ == TypRule::AnyAccessToken {
                profile.typ = TypRule::Jwt;
            }
        })
        .further(|rules| {
            rules.id_tokens.get_or_insert_default();
        })
        .require_claims(["sub", "iat"])
    }

    /// Further clients that may have asked for an ID token (`azp`) whose audience
    /// this service is: an app on a phone, say, that signs people on for it. Makes
    /// [`id_tokens`](Self::id_tokens) of what is accepted.
    pub fn authorized_parties<T>(self, clients: T) -> Self
    where
        T: IntoIterator,
        T::Item: Into<Arc<str>>,
    {
        let clients = clients.into_iter().map(Into::into);
        self.id_tokens().further(|rules| {
            let rule = rules.id_tokens.get_or_insert_default();
            rule.parties.extend(clients);
        })
    }

    /// The claim that stands for `aud`, where an issuer writes none: `client_id` in
    /// the access tokens of Amazon Cognito. It must name one of the configured
    /// audiences; an `aud` that is there all the same must do so too.
    pub fn audience_claim(self, name: impl Into<Box<str>>) -> Self {
        let name = name.into();
        self.further(|rules| rules.audience_claim = (*name != *"aud").then_some(name))
    }

    /// Claims of which every token must have one that says something: neither
    /// `null` nor empty. Several such lists add up.
    pub fn require_any_claim<T>(self, names: T) -> Self
    where
        T: IntoIterator,
        T::Item: Into<Box<str>>,
    {
        let names = names.into_iter().map(Into::into).collect();
        self.further(|rules| rules.one_of.push(names))
    }

    /// A claim that must be exactly this text. Several add up.
    ///
    /// ```
    /// # use portcullis::verify::Verifier;
    /// # let google = Verifier::builder();
    /// // Only the people of one organization.
    /// google.require_claim_value("hd", "example.com");
    /// ```
    pub fn require_claim_value(
        self,
        name: impl Into<Box<str>>,
        value: impl Into<Box<str>>,
    ) -> Self {
        self.require_any_value([(name, value)])
    }

    /// Claims of which one must be the text beside it. Several such lists add up.
    ///
    /// ```
    /// # use portcullis::verify::Verifier;
    /// # let github = Verifier::builder();
    /// github.require_any_value([
    ///     ("repository", "octo-org/weather"),
    ///     ("repository", "octo-org/stations"),
    /// ]);
    /// ```
    pub fn require_any_value<T, N, V>(self, values: T) -> Self
    where
        T: IntoIterator<Item = (N, V)>,
        N: Into<Box<str>>,
        V: Into<Box<str>>,
    {
        let values = values.into_iter().map(|(name, value)| ClaimValue {
            name: name.into(),
            value: value.into(),
        });
        let values = values.collect();
        self.further(|rules| rules.values.push(values))
    }

    /// Claims that no token may have, whatever their value: those by which an
    /// issuer's other tokens are known.
    pub fn refuse_claims<T>(self, names: T) -> Self
    where
        T: IntoIterator,
        T::Item: Into<Box<str>>,
    {
        let names = names.into_iter().map(Into::into);
        self.further(|rules| rules.refused.extend(names))
    }

    /// Accepts ID tokens that their subject asked for itself.
    pub(super) fn asked_by_subject(self) -> Self {
        self.id_tokens().further(|rules| {
            rules.id_tokens.get_or_insert_default().by_subject = true;
        })
    }

    fn further(self, change: impl FnOnce(&mut FurtherRules)) -> Self {
        self.set(|profile| change(&mut profile.claims.further))
    }
}
