//! The issuer.

use std::{fmt, sync::Arc, time::Duration};

use serde_json::Value;
use uuid::Uuid;

use super::{
    AccessToken, IssueError, IssueErrorKind, IssuedToken, KeyRing,
    claims::Claims,
    draft::Draft,
    signer::{Signer, SigningKeys},
};
use crate::{
    ConfigError,
    claims::{AudienceForm, TokenShape, Typ},
    jose::KeySet,
    random::{RandomError, random_uuid},
    secret::SecretString,
    time::{Clock, SharedClock, Timestamp},
    verify::{OwnTokens, Ready, VerifierBuilder},
};

/// Signs access tokens of one shape, with one key or with those of a
/// [`KeyRing`](super::KeyRing). Cheap to clone.
///
/// ```
/// use portcullis::{
///     issue::{AccessToken, TokenIssuer},
///     jose::{Algorithm, SigningKey},
///     subject::Subject,
/// };
///
/// let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256)?)
///     .issuer("https://issuer.example")
///     .audience("https://api.example")
///     .build()?;
/// let verifier = issuer.verifier().build()?;
///
/// let alice = Subject::new("users", "alice");
/// let issued = issuer.access(&AccessToken::new(&alice).client("mobile"))?;
/// let verified = verifier.verify_now(issued.token().expose().as_bytes())?;
/// assert_eq!(verified.subject(), Some(alice));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TokenIssuer(Arc<Inner>);

struct Inner {
    signer: Signer,
    claims: Claims,
    shape: TokenShape,
    issuer: Option<Arc<str>>,
    audience: Vec<Arc<str>>,
    access_ttl: Duration,
    clock: SharedClock,
}

impl TokenIssuer {
    /// An issuer that signs with `keys`, one [`SigningKey`](crate::jose::SigningKey)
    /// or a [`KeyRing`](super::KeyRing), in the shape of RFC 9068 unless told
    /// otherwise.
    pub fn builder(keys: impl Into<SigningKeys>) -> TokenIssuerBuilder {
        TokenIssuerBuilder {
            keys: keys.into(),
            older_keys: None,
            shape: TokenShape::rfc9068(),
            issuer: None,
            audience: Vec::new(),
            access_ttl: Duration::from_secs(15 * 60),
            clock: SharedClock::default(),
        }
    }

    /// Issues an access token that expires after the access lifetime, or at
    /// the end that `token` names, if that is sooner.
    ///
    /// # Errors
    ///
    /// If the subject is of another realm than the
    /// [shape's](TokenShape::subject_realm), a further claim is one that the
    /// issuer writes itself, the shape is that of RFC 9068 and no client is
    /// named, or signing fails.
    pub fn access(&self, token: &AccessToken<'_>) -> Result<IssuedToken, IssueError> {
        self.access_as(token, random_uuid)
    }

    /// As [`access`](Self::access), with a `jti` of the caller's choice.
    pub(crate) fn access_as(
        &self,
        token: &AccessToken<'_>,
        id: impl FnOnce() -> Result<Uuid, RandomError>,
    ) -> Result<IssuedToken, IssueError> {
        let draft = self.draft(token, id)?;
        match token.not_after {
            Some(not_after) => self.finish(draft, not_after),
            None => self.sign(draft),
        }
    }

    /// An access token that is yet to be written and signed: whatever is wrong
    /// with what it shall say shows here.
    pub(crate) fn draft<'a>(
        &self,
        token: &'a AccessToken<'a>,
        id: impl FnOnce() -> Result<Uuid, RandomError>,
    ) -> Result<Draft<'a>, IssueError> {
        let draft = self.endless(token, id)?;
        Ok(Draft {
            end: Some(draft.now.saturating_add(self.0.access_ttl)),
            ..draft
        })
    }

    /// Signs a draft, which expires at `not_after` at the latest.
    pub(crate) fn finish(
        &self,
        draft: Draft<'_>,
        not_after: Timestamp,
    ) -> Result<IssuedToken, IssueError> {
        let not_after = not_after.floor_to_second();
        let end = draft.end.map_or(not_after, |end| end.min(not_after));
        self.sign(Draft {
            end: Some(end),
            ..draft
        })
    }

    /// Issues an application token: an access token that never expires. It is
    /// worth nothing unless it is put on a live list, which
    /// [`Sessions`](crate::session::Sessions) does.
    ///
    /// # Errors
    ///
    /// As [`access`](Self::access); also if the issuer's ring
    /// [retires](super::KeyRingBuilder::never_retire) its keys.
    pub fn application(&self, token: &AccessToken<'_>) -> Result<IssuedToken, IssueError> {
        if !self.0.signer.lasts_for_ever() {
            return Err(IssueError::new(IssueErrorKind::KeyRetires, ""));
        }
        self.sign(self.endless(token, random_uuid)?)
    }

    /// A draft that does not expire.
    fn endless<'a>(
        &self,
        token: &'a AccessToken<'a>,
        id: impl FnOnce() -> Result<Uuid, RandomError>,
    ) -> Result<Draft<'a>, IssueError> {
        let now = self.0.clock.now().floor_to_second();
        // The token carries the name only: it would speak for a namesake.
        if token.subject.realm() != self.0.shape.realm() {
            return Err(IssueError::new(IssueErrorKind::Realm, ""));
        }
        if self.0.shape.names_client() && token.client.is_none() {
            return Err(IssueError::new(IssueErrorKind::ClientMissing, ""));
        }
        if !self.0.signer.is_ready() {
            return Err(IssueError::new(IssueErrorKind::NoKey, ""));
        }
        let id = id().map_err(|_| IssueError::new(IssueErrorKind::Random, ""))?;
        if let Some(name) = self.0.claims.conflict(token) {
            return Err(IssueError::new(IssueErrorKind::ReservedClaim, name));
        }
        Ok(Draft {
            token,
            id: id.to_string(),
            now,
            end: None,
        })
    }

    fn sign(&self, draft: Draft<'_>) -> Result<IssuedToken, IssueError> {
        let claims = self.0.claims.write(&draft);
        let claims = claims.map_err(|_| IssueError::new(IssueErrorKind::Signing, ""))?;
        let token = self.0.signer.sign(&claims)?;
        Ok(IssuedToken {
            token: SecretString::from(token),
            id: draft.id,
            issued_at: draft.now,
            expires_at: draft.end,
        })
    }

    /// The `aud` claim in this issuer's form.
    pub(crate) fn audience_claim(&self) -> Option<Value> {
        audience_claim(self.0.shape.audience_form, &self.0.audience)
    }

    /// The shape of its tokens.
    pub fn shape(&self) -> &TokenShape {
        &self.0.shape
    }

    /// The `iss` that it writes.
    pub fn issuer(&self) -> Option<&str> {
        self.0.issuer.as_deref()
    }

    /// The audiences that it writes.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.0.audience.iter().map(AsRef::as_ref)
    }

    /// How long its access tokens live.
    pub fn access_ttl(&self) -> Duration {
        self.0.access_ttl
    }

    /// Its clock.
    pub fn clock(&self) -> &SharedClock {
        &self.0.clock
    }

    /// The keys that verify its tokens: its own and the older ones; of a ring
    /// those of now.
    pub fn keys(&self) -> KeySet {
        self.0.signer.keys()
    }

    /// The ring that its keys are of.
    pub(crate) fn ring(&self) -> Option<&KeyRing> {
        self.0.signer.ring()
    }

    /// Whether both are clones of one issuer.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A verifier of exactly what this issuer writes, which does **not** see
    /// log-outs: it accepts revoked tokens until they expire. Where there are
    /// sessions, take [`Sessions::verifier`](crate::session::Sessions::verifier),
    /// or set a [`status`](VerifierBuilder::status).
    ///
    /// It follows the issuer's ring, if there is one: until that was
    /// [read](crate::issue::KeyRing::sync), and while a key of it is missing here,
    /// tokens that no key verifies are answered 503.
    pub fn verifier(&self) -> VerifierBuilder<Ready, Ready, Ready> {
        let verifier = VerifierBuilder::of_own_tokens(OwnTokens {
            keys: self.keys(),
            issuer: self.issuer(),
            audience: &self.0.audience,
            shape: self.shape(),
            clock: self.clock().clone(),
        });
        match self.ring() {
            None => verifier,
            Some(ring) => verifier.following(ring.clone()),
        }
    }
}

impl fmt::Debug for TokenIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenIssuer")
            .field("issuer", &self.0.issuer)
            .field("audience", &self.0.audience)
            .field("shape", &self.0.shape)
            .finish_non_exhaustive()
    }
}

fn audience_claim(form: AudienceForm, audience: &[Arc<str>]) -> Option<Value> {
    match (form, audience) {
        (_, []) => None,
        (AudienceForm::Text, [one]) => Some(one.as_ref().into()),
        (_, many) => Some(many.iter().map(AsRef::as_ref).collect::<Value>()),
    }
}

/// Builds a [`TokenIssuer`].
#[derive(Debug)]
#[must_use = "does nothing until built"]
pub struct TokenIssuerBuilder {
    keys: SigningKeys,
    older_keys: Option<KeySet>,
    shape: TokenShape,
    issuer: Option<Arc<str>>,
    audience: Vec<Arc<str>>,
    access_ttl: Duration,
    clock: SharedClock,
}

impl TokenIssuerBuilder {
    /// The shape of the tokens; [`TokenShape::rfc9068`] unless set.
    pub fn shape(mut self, shape: TokenShape) -> Self {
        self.shape = shape;
        self
    }

    /// The `iss` claim. The RFC 9068 shape demands one.
    pub fn issuer(mut self, issuer: impl Into<Arc<str>>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Adds an audience to the `aud` claim. The RFC 9068 shape demands one.
    pub fn audience(mut self, audience: impl Into<Arc<str>>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// How long access tokens live, in whole seconds; 15 minutes unless set.
    pub fn access_ttl(mut self, ttl: Duration) -> Self {
        self.access_ttl = ttl;
        self
    }

    /// Keys that signed before, and still verify. Not for a ring, which has its
    /// own.
    pub fn older_keys(mut self, keys: impl Into<KeySet>) -> Self {
        self.older_keys = Some(keys.into());
        self
    }

    /// The clock; the system's unless set.
    pub fn clock(mut self, clock: SharedClock) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the issuer.
    ///
    /// # Errors
    ///
    /// If the shape demands an issuer and an audience that are not set, or
    /// gives a claim two meanings; if the access lifetime is less than a second,
    /// or the key's id longer than [`MAX_KEY_ID`](crate::jose::MAX_KEY_ID); if
    /// there are older keys beside a ring.
    pub fn build(self) -> Result<TokenIssuer, ConfigError> {
        self.clock.validate()?;
        self.shape.check()?;
        if self.access_ttl < Duration::from_secs(1) {
            return Err(ConfigError::new(
                "access tokens must live for at least one second",
            ));
        }
        if self.shape.typ == Typ::AtJwt && (self.issuer.is_none() || self.audience.is_empty()) {
            return Err(ConfigError::new(
                "RFC 9068 tokens have an issuer and an audience: set both, or choose another shape",
            ));
        }
        let signer = Signer::new(self.keys, self.older_keys, self.shape.typ)?;
        signer.cover(self.access_ttl);
        let audience = audience_claim(self.shape.audience_form, &self.audience);
        let claims = Claims::new(&self.shape, self.issuer.as_deref(), audience.as_ref());
        Ok(TokenIssuer(Arc::new(Inner {
            signer,
            claims,
            shape: self.shape,
            issuer: self.issuer,
            audience: self.audience,
            access_ttl: self.access_ttl,
            clock: self.clock,
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        jose::{Algorithm, SigningKey},
        subject::Subject,
    };

    /// Verified, it would speak for the namesake among the issuer's own.
    #[test]
    fn nothing_is_issued_for_a_subject_of_another_realm() {
        let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
            .shape(TokenShape::session())
            .build()
            .unwrap();
        let [user, api] = ["users", "apis"].map(|realm| Subject::new(realm, "alice"));
        let token = AccessToken::new(&api);
        for result in [issuer.access(&token), issuer.application(&token)] {
            assert_eq!(result.unwrap_err().kind(), IssueErrorKind::Realm);
        }
        assert!(issuer.access(&AccessToken::new(&user)).is_ok());
    }

    #[test]
    fn an_rfc_9068_token_names_its_client() {
        let issuer = TokenIssuer::builder(SigningKey::generate(Algorithm::HS256).unwrap())
            .issuer("https://issuer.example")
            .audience("https://api.example")
            .build()
            .unwrap();
        let alice = Subject::new("users", "alice");
        let error = issuer.access(&AccessToken::new(&alice)).unwrap_err();
        assert_eq!(error.kind(), IssueErrorKind::ClientMissing);
        let issued = issuer
            .access(&AccessToken::new(&alice).client("mobile"))
            .unwrap();
        let verifier = issuer.verifier().rfc9068().build().unwrap();
        assert!(
            verifier
                .verify_now(issued.token().expose().as_bytes())
                .is_ok()
        );
    }
}
