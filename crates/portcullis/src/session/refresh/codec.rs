//! Refresh tokens as JWTs.

use std::{fmt, sync::Arc};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::{
    RefreshClaims, RefreshError, RefreshErrorKind, RefreshFamily, RefreshKeys, SessionSecret,
};
use crate::{
    issue::TokenIssuer,
    jose::{
        CompactJws, MAX_SIGNATURE, SigningKey, decode_array, encode_compact, encode_segment,
        strict_json,
    },
    secret::SecretString,
    session::{SessionId, Successor, rules::MAX_GENERATION},
    subject::Subject,
    time::Timestamp,
};

/// The longest refresh token that is looked at, in bytes.
const MAX_LENGTH: usize = 8192;

/// Makes and reads the refresh tokens of one API. Cheap to clone.
#[derive(Clone)]
pub struct RefreshTokens {
    keys: RefreshKeys,
    shape: Arc<Shape>,
}

/// The names under which an API's refresh tokens say what they say: those of
/// its access tokens.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    realm: Arc<str>,
    subject_claim: Arc<str>,
    /// The name and the value of the claim that marks a refresh token.
    kind: (Arc<str>, Arc<str>),
    issuer: Option<String>,
    audience: Option<Value>,
    fresh: bool,
}

impl RefreshTokens {
    /// Refresh tokens that go with the access tokens of `issuer`, made with
    /// these keys. Those of another shape, issuer, audience or realm are
    /// refused.
    pub fn new(keys: RefreshKeys, issuer: &TokenIssuer) -> Self {
        let shape = issuer.shape();
        let kind = match &shape.kind {
            Some(kind) => (kind.name.clone(), kind.refresh.clone()),
            None => ("type".into(), "refresh".into()),
        };
        Self {
            keys,
            shape: Arc::new(Shape {
                realm: shape.realm.clone(),
                subject_claim: shape.subject.clone(),
                kind,
                issuer: issuer.issuer().map(str::to_owned),
                audience: issuer.audience_claim(),
                fresh: shape.fresh,
            }),
        }
    }

    /// The keys.
    pub fn keys(&self) -> &RefreshKeys {
        &self.keys
    }

    /// Makes a token. The same arguments give the same token, byte for byte.
    ///
    /// # Errors
    ///
    /// [`RefreshErrorKind::UnknownKey`] when the key that the store names is
    /// not among ours; [`RefreshErrorKind::Sign`] when the cryptographic
    /// library fails.
    pub fn encode(
        &self,
        family: &RefreshFamily,
        token: &Successor,
    ) -> Result<SecretString, RefreshError> {
        let key = self
            .keys
            .get(&token.refresh_key)
            .ok_or(RefreshErrorKind::UnknownKey)?;
        let payload = Payload {
            shape: &self.shape,
            family,
            token,
        };
        let payload = serde_json::to_vec(&payload)
            .map(Zeroizing::new)
            .map_err(|_| RefreshErrorKind::Sign)?;
        let header = key.header_json(Some("JWT"));
        encode_compact(header.as_bytes(), &payload, key)
            .map(SecretString::from)
            .map_err(|_| RefreshErrorKind::Sign.into())
    }

    /// Reads a token that is presented at `now`.
    ///
    /// # Errors
    ///
    /// When it is not a token of ours, of this shape, or has expired.
    pub fn decode(&self, token: &[u8], now: Timestamp) -> Result<RefreshClaims, RefreshError> {
        let claims = self.decode_expired(token)?;
        if claims.expires_at <= now {
            return Err(RefreshErrorKind::Expired.into());
        }
        Ok(claims)
    }

    /// Reads a token that may have expired: enough to log out with.
    ///
    /// # Errors
    ///
    /// When it is not a token of ours and of this shape.
    pub fn decode_expired(&self, token: &[u8]) -> Result<RefreshClaims, RefreshError> {
        let malformed = |_| RefreshError::from(RefreshErrorKind::Malformed);
        let jws = CompactJws::parse(token, MAX_LENGTH).map_err(malformed)?;
        let (mut buffer, mut signature) = (Vec::new(), [0; MAX_SIGNATURE]);
        let header = jws.decode_header(&mut buffer).map_err(malformed)?;
        let key = header
            .kid
            .as_deref()
            .and_then(|id| self.keys.get(id))
            .filter(|key| header.alg == key.header_name())
            .ok_or(RefreshErrorKind::UnknownKey)?;
        verify(
            key,
            &jws,
            jws.decode_signature(&mut signature).map_err(malformed)?,
        )?;
        if !header.typ_is("JWT") {
            return Err(RefreshErrorKind::WrongKind.into());
        }
        let mut payload = Zeroizing::new(Vec::new());
        jws.decode_payload(&mut payload).map_err(malformed)?;
        if strict_json::check_unique(&payload).is_err() {
            return Err(RefreshErrorKind::Claims.into());
        }
        let claims: Map<String, Value> =
            serde_json::from_slice(&payload).map_err(|_| RefreshErrorKind::Claims)?;
        if !self.is_own(&claims) {
            return Err(RefreshErrorKind::WrongKind.into());
        }
        self.read(&claims).ok_or(RefreshErrorKind::Claims.into())
    }

    fn is_own(&self, claims: &Map<String, Value>) -> bool {
        let shape = &*self.shape;
        text(claims, &shape.kind.0) == Some(&*shape.kind.1)
            && text(claims, "realm") == Some(&*shape.realm)
            && claims.get("iss").and_then(Value::as_str) == shape.issuer.as_deref()
            && claims.get("aud") == shape.audience.as_ref()
            && claims.contains_key(&*shape.subject_claim)
    }

    fn read(&self, claims: &Map<String, Value>) -> Option<RefreshClaims> {
        let name = text(claims, &self.shape.subject_claim)?;
        let secret = decode_array(text(claims, "sec")?.as_bytes()).ok()?;
        Some(RefreshClaims {
            family: RefreshFamily {
                subject: Subject::new(text(claims, "realm")?, name),
                session: SessionId::parse(text(claims, "sid")?)?,
                secret: SessionSecret::from_bytes(secret),
                client: text(claims, "client_id").map(str::to_owned),
                scope: text(claims, "scope").unwrap_or_default().to_owned(),
                auth_time: seconds(claims, "auth_time"),
            },
            generation: claims
                .get("gen")?
                .as_u64()
                .filter(|generation| *generation <= MAX_GENERATION)?,
            issued_at: seconds(claims, "iat")?,
            expires_at: seconds(claims, "exp")?,
            session_ends_at: seconds(claims, "session_exp")?,
        })
    }
}

impl fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshTokens")
            .field("keys", &self.keys)
            .field("shape", &self.shape)
            .finish()
    }
}

/// The claims in their one order: a map type's order may change with the
/// features of a dependency, and with it the token.
struct Payload<'a> {
    shape: &'a Shape,
    family: &'a RefreshFamily,
    token: &'a Successor,
}

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self {
            shape,
            family,
            token,
        } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(&*shape.kind.0, &*shape.kind.1)?;
        if let Some(issuer) = &shape.issuer {
            map.serialize_entry("iss", issuer)?;
        }
        if let Some(audience) = &shape.audience {
            map.serialize_entry("aud", audience)?;
        }
        if shape.fresh {
            map.serialize_entry("fresh", &false)?;
        }
        map.serialize_entry("realm", family.subject.realm())?;
        map.serialize_entry(&*shape.subject_claim, family.subject.name())?;
        map.serialize_entry("sid", family.session.as_str())?;
        map.serialize_entry("gen", &token.generation)?;
        map.serialize_entry("sec", &encode_segment(family.secret.expose()))?;
        if let Some(client) = &family.client {
            map.serialize_entry("client_id", client)?;
        }
        if !family.scope.is_empty() {
            map.serialize_entry("scope", &family.scope)?;
        }
        if let Some(auth_time) = family.auth_time {
            map.serialize_entry("auth_time", &auth_time.as_secs())?;
        }
        map.serialize_entry("iat", &token.rotated_at.as_secs())?;
        map.serialize_entry("nbf", &token.rotated_at.as_secs())?;
        map.serialize_entry("exp", &token.idle_deadline.as_secs())?;
        map.serialize_entry("session_exp", &token.absolute_deadline.as_secs())?;
        map.serialize_entry("jti", &family.token_id(token))?;
        map.end()
    }
}

fn verify(key: &SigningKey, jws: &CompactJws<'_>, signature: &[u8]) -> Result<(), RefreshError> {
    key.verifying_key()
        .verify(jws.signing_input(), signature)
        .map_err(|_| RefreshErrorKind::Signature.into())
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str)
}

fn seconds(claims: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    claims.get(name)?.as_i64().map(Timestamp::from_secs)
}

#[cfg(test)]
mod tests;
