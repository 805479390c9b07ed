//! The issuer.

use std::{fmt, sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

use super::{AccessToken, AudienceForm, IssuedToken, TokenShape, Typ, shape::RESERVED};
use crate::{
    ConfigError,
    jose::{EncodedHeader, KeySet, MAX_KEY_ID, SigningKey},
    secret::SecretString,
    session::random_uuid,
    time::{Clock, SharedClock, Timestamp},
    verify::{Ready, Verifier, VerifierBuilder},
};

/// Signs access tokens of one shape with one key. Cheap to clone.
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
    key: SigningKey,
    older_keys: Option<KeySet>,
    header: EncodedHeader,
    shape: TokenShape,
    issuer: Option<Arc<str>>,
    audience: Vec<Arc<str>>,
    access_ttl: Duration,
    clock: SharedClock,
}

impl TokenIssuer {
    /// An issuer that signs with `key`, in the shape of RFC 9068 unless told
    /// otherwise.
    pub fn builder(key: SigningKey) -> TokenIssuerBuilder {
        TokenIssuerBuilder {
            key,
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
    /// If a further claim is one that the issuer writes itself, the shape is
    /// that of RFC 9068 and no client is named, or signing fails.
    pub fn access(&self, token: &AccessToken<'_>) -> Result<IssuedToken, IssueError> {
        let now = self.0.clock.now().floor_to_second();
        let mut end = now.saturating_add(self.0.access_ttl);
        if let Some(not_after) = token.not_after {
            end = end.min(not_after.floor_to_second());
        }
        self.sign(self.claims(token, now, Some(end))?)
    }

    /// An access token that lacks its signature only: whatever is wrong with
    /// what it shall say shows here.
    pub(crate) fn draft(&self, token: &AccessToken<'_>) -> Result<Draft, IssueError> {
        let now = self.0.clock.now().floor_to_second();
        let end = now.saturating_add(self.0.access_ttl);
        self.claims(token, now, Some(end))
    }

    /// Signs a draft, which expires at `not_after` at the latest.
    pub(crate) fn finish(
        &self,
        mut draft: Draft,
        not_after: Timestamp,
    ) -> Result<IssuedToken, IssueError> {
        let end = not_after.floor_to_second();
        if draft.end.is_none_or(|own| end < own) {
            draft.claims.insert("exp".to_owned(), end.as_secs().into());
            draft.end = Some(end);
        }
        self.sign(draft)
    }

    /// Issues an application token: an access token that never expires. It is
    /// worth nothing unless it is put on a live list, which
    /// [`Sessions`](crate::session::Sessions) does.
    ///
    /// # Errors
    ///
    /// As [`access`](Self::access).
    pub fn application(&self, token: &AccessToken<'_>) -> Result<IssuedToken, IssueError> {
        let now = self.0.clock.now().floor_to_second();
        self.sign(self.claims(token, now, None)?)
    }

    fn claims(
        &self,
        token: &AccessToken<'_>,
        now: Timestamp,
        end: Option<Timestamp>,
    ) -> Result<Draft, IssueError> {
        if self.0.shape.typ == Typ::AtJwt && token.client.is_none() {
            return Err(IssueError::new(IssueErrorKind::ClientMissing, ""));
        }
        let id = random_uuid()
            .map_err(|_| IssueError::new(IssueErrorKind::Random, ""))?
            .to_string();
        let mut claims = Map::new();
        let shape = &self.0.shape;
        claims.insert(
            shape.subject.as_ref().to_owned(),
            token.subject.name().into(),
        );
        if let Some(issuer) = &self.0.issuer {
            claims.insert("iss".to_owned(), issuer.as_ref().into());
        }
        if let Some(audience) = self.audience_claim() {
            claims.insert("aud".to_owned(), audience);
        }
        if let Some(kind) = &shape.kind {
            claims.insert(kind.name.as_ref().to_owned(), kind.access.as_ref().into());
        }
        if shape.fresh {
            claims.insert("fresh".to_owned(), token.fresh.into());
        }
        claims.insert("iat".to_owned(), now.as_secs().into());
        claims.insert("nbf".to_owned(), now.as_secs().into());
        if let Some(end) = end {
            claims.insert("exp".to_owned(), end.as_secs().into());
        }
        claims.insert("jti".to_owned(), id.clone().into());
        if let Some(session) = token.session {
            claims.insert("sid".to_owned(), session.into());
        }
        if let Some(client) = token.client {
            claims.insert("client_id".to_owned(), client.into());
        }
        if let Some(time) = token.auth_time {
            claims.insert("auth_time".to_owned(), time.as_secs().into());
        }
        if !token.scope.is_empty() {
            claims.insert("scope".to_owned(), token.scope.as_str().into());
        }
        for (name, value) in token.claims.into_iter().flatten() {
            if RESERVED.contains(&name.as_str()) || claims.contains_key(name) {
                return Err(IssueError::new(IssueErrorKind::ReservedClaim, name));
            }
            claims.insert(name.clone(), value.clone());
        }
        Ok(Draft {
            claims,
            id,
            now,
            end,
        })
    }

    fn sign(&self, draft: Draft) -> Result<IssuedToken, IssueError> {
        let payload = serde_json::to_vec(&draft.claims)
            .map_err(|_| IssueError::new(IssueErrorKind::Signing, ""))?;
        let token = self.0.header.sign(&payload, &self.0.key);
        let token = token.map_err(|_| IssueError::new(IssueErrorKind::Signing, ""))?;
        Ok(IssuedToken {
            token: SecretString::from(token),
            id: draft.id,
            issued_at: draft.now,
            expires_at: draft.end,
        })
    }

    /// The `aud` claim in this issuer's form.
    pub(crate) fn audience_claim(&self) -> Option<Value> {
        let audience = &self.0.audience;
        match (self.0.shape.audience_form, audience.as_slice()) {
            (_, []) => None,
            (AudienceForm::Text, [one]) => Some(one.as_ref().into()),
            (_, many) => Some(many.iter().map(AsRef::as_ref).collect::<Value>()),
        }
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

    /// The keys that verify its tokens: its own and the older ones.
    pub fn keys(&self) -> KeySet {
        let older = self.0.older_keys.iter().flat_map(KeySet::iter).cloned();
        KeySet::new(std::iter::once(self.0.key.verifying_key()).chain(older))
    }

    /// A verifier of exactly what this issuer writes.
    pub fn verifier(&self) -> VerifierBuilder<Ready, Ready, Ready> {
        Verifier::of_issuer(self)
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

/// A token before it is signed.
pub(crate) struct Draft {
    claims: Map<String, Value>,
    id: String,
    now: Timestamp,
    end: Option<Timestamp>,
}

/// Builds a [`TokenIssuer`].
#[derive(Debug)]
#[must_use = "does nothing until built"]
pub struct TokenIssuerBuilder {
    key: SigningKey,
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

    /// Keys that signed before, and still verify.
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
    /// or the key's id longer than [`MAX_KEY_ID`].
    pub fn build(self) -> Result<TokenIssuer, ConfigError> {
        self.shape.check()?;
        if self.key.key_id().is_some_and(|kid| kid.len() > MAX_KEY_ID) {
            return Err(ConfigError::new(
                "the signing key's id is longer than any token may name: use a shorter one",
            ));
        }
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
        let mut header = Map::new();
        header.insert("typ".to_owned(), json!(self.shape.typ.as_str()));
        header.insert("alg".to_owned(), json!(self.key.header_name()));
        if let Some(kid) = self.key.key_id() {
            header.insert("kid".to_owned(), json!(kid));
        }
        let header = Value::Object(header).to_string();
        let header = EncodedHeader::new(header.as_bytes(), &self.key).map_err(|_| {
            ConfigError::new("the signing key's id is too long for a token's header")
        })?;
        Ok(TokenIssuer(Arc::new(Inner {
            header,
            key: self.key,
            older_keys: self.older_keys,
            shape: self.shape,
            issuer: self.issuer,
            audience: self.audience,
            access_ttl: self.access_ttl,
            clock: self.clock,
        })))
    }
}

/// A token that could not be issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueError {
    kind: IssueErrorKind,
    claim: String,
}

/// The kinds of [`IssueError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssueErrorKind {
    /// A further claim is one that the issuer writes itself.
    ReservedClaim,
    /// The shape of RFC 9068 demands a client (section 2.2), and none is named.
    ClientMissing,
    /// The operating system has no random numbers.
    Random,
    /// The token could not be signed.
    Signing,
}

impl IssueError {
    fn new(kind: IssueErrorKind, claim: &str) -> Self {
        Self {
            kind,
            claim: claim.to_owned(),
        }
    }

    /// What went wrong.
    pub fn kind(&self) -> IssueErrorKind {
        self.kind
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            IssueErrorKind::ReservedClaim => write!(
                f,
                "the claim `{}` is written by the issuer itself: name it otherwise",
                self.claim
            ),
            IssueErrorKind::ClientMissing => f.write_str(
                "RFC 9068 tokens name the client that gets them: say which, or choose another shape",
            ),
            IssueErrorKind::Random => f.write_str("the operating system has no random numbers"),
            IssueErrorKind::Signing => f.write_str("the token could not be signed"),
        }
    }
}

impl std::error::Error for IssueError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{jose::Algorithm, subject::Subject};

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
