//! Refresh tokens as JWTs.

use std::{fmt, sync::Arc};

use super::{
    RefreshClaims, RefreshError, RefreshErrorKind, RefreshFamily, RefreshKeys, keys::RefreshKey,
    shape::Shape, source::RefreshSource,
};
use crate::{
    issue::{KeyRing, TokenIssuer},
    jose::{CompactJws, JwsError, uninit},
    secret::{SecretBytes, SecretString},
    session::{Successor, rules::MAX_GENERATION},
    time::Timestamp,
};

/// The longest refresh token that is looked at, in bytes.
const MAX_LENGTH: usize = 8192;

/// Makes and reads the refresh tokens of one API. Cheap to clone.
#[derive(Clone)]
pub struct RefreshTokens {
    keys: RefreshSource,
    shape: Arc<Shape>,
}

impl RefreshTokens {
    /// Refresh tokens that go with the access tokens of `issuer`, made with
    /// these keys. Those of another shape, issuer, audience or realm are
    /// refused.
    pub fn new(keys: RefreshKeys, issuer: &TokenIssuer) -> Self {
        Self::from_source(RefreshSource::Fixed(keys), issuer)
    }

    /// As [`new`](Self::new), with the keys that `ring` has at each moment. Keys
    /// that are also among the issuer's are not used.
    pub fn with_ring(ring: KeyRing, issuer: &TokenIssuer) -> Self {
        Self::from_source(RefreshSource::of_ring(ring, issuer.clone()), issuer)
    }

    fn from_source(keys: RefreshSource, issuer: &TokenIssuer) -> Self {
        Self {
            keys,
            shape: Arc::new(Shape::new(issuer)),
        }
    }

    /// The id of the key that new tokens are made with.
    ///
    /// # Errors
    ///
    /// [`RefreshErrorKind::KeysUnavailable`] when no key of the ring makes tokens
    /// now.
    pub fn current_key(&self) -> Result<Arc<str>, RefreshError> {
        Ok(self.keys.current_id()?)
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
        let keys = self.keys.load();
        let key = keys
            .named(&token.refresh_key)
            .ok_or(RefreshErrorKind::UnknownKey)?;
        let header = key.header.as_ref().ok_or(RefreshErrorKind::Sign)?;
        let claims = self.shape.write(family, token);
        let claims = claims.map_err(|_| RefreshErrorKind::Sign)?;
        header
            .sign(&claims, &key.signing)
            .map(SecretString::from)
            .map_err(|_| RefreshErrorKind::Sign.into())
    }

    /// Checks that no token of the session will be longer than `limit` bytes, nor than
    /// any token may be, whatever its generation.
    ///
    /// # Errors
    ///
    /// [`RefreshErrorKind::TooLong`]; [`RefreshErrorKind::KeysUnavailable`] when the key is
    /// gone, and otherwise as [`encode`](Self::encode).
    pub(in crate::session) fn check_length(
        &self,
        family: &RefreshFamily,
        refresh_key: Arc<str>,
        limit: usize,
    ) -> Result<(), RefreshError> {
        let end_of_time = Timestamp::from_millis(i64::MAX);
        let longest = Successor {
            generation: MAX_GENERATION,
            rotated_at: end_of_time,
            idle_deadline: end_of_time,
            absolute_deadline: end_of_time,
            refresh_key,
        };
        let token = self.encode(family, &longest).map_err(|error| {
            match error.kind() {
                // It was there a moment ago.
                RefreshErrorKind::UnknownKey => RefreshErrorKind::KeysUnavailable.into(),
                _ => error,
            }
        })?;
        match token.expose().len() > limit.min(MAX_LENGTH) {
            true => Err(RefreshErrorKind::TooLong.into()),
            false => Ok(()),
        }
    }

    /// Reads a token that is presented at `now`.
    ///
    /// # Errors
    ///
    /// When it is not a token of ours, of this shape, or has expired; with
    /// [`RefreshErrorKind::KeysUnavailable`] when it may be a good one of a key
    /// that the ring has not loaded yet, and with [`RefreshErrorKind::Newer`] when it is
    /// a good one of a version that lets tokens say more.
    pub fn decode(&self, token: &[u8], now: Timestamp) -> Result<RefreshClaims, RefreshError> {
        let claims = self.decode_expired(token)?;
        if claims.expires_at <= now {
            return Err(RefreshErrorKind::Expired.into());
        }
        // Its successor would lack something, perhaps what it is bound to.
        if claims.is_newer {
            return Err(RefreshErrorKind::Newer.into());
        }
        Ok(claims)
    }

    /// Reads a token that may have expired: enough to log out with.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode), whatever else the token may say.
    pub fn decode_expired(&self, token: &[u8]) -> Result<RefreshClaims, RefreshError> {
        let jws = CompactJws::parse(token, MAX_LENGTH).map_err(malformed)?;
        self.keys.check()?;
        let keys = self.keys.load();
        match keys.of_header(&jws) {
            Some(key) => verify(key, &jws)?,
            None => self.verify_unusual(&jws, &keys)?,
        }
        let mut claims = Vec::new();
        jws.decode_payload(&mut claims).map_err(malformed)?;
        let claims = SecretBytes::from(claims);
        Ok(self.shape.read(claims.expose())?)
    }

    /// Verifies a token whose header is not as we write it.
    fn verify_unusual(&self, jws: &CompactJws<'_>, keys: &RefreshKeys) -> Result<(), RefreshError> {
        let mut buffer = Vec::new();
        let header = jws.decode_header(&mut buffer).map_err(malformed)?;
        let key = header
            .kid
            .as_deref()
            .and_then(|id| keys.named(id))
            .filter(|key| header.alg == key.signing.header_name())
            .ok_or_else(|| self.keys.unknown())?;
        verify(key, jws)?;
        if !header.typ_is("JWT") {
            return Err(RefreshErrorKind::WrongKind.into());
        }
        Ok(())
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

fn verify(key: &RefreshKey, jws: &CompactJws<'_>) -> Result<(), RefreshError> {
    let mut buffer = uninit();
    let longest = || key.verifying.algorithm().longest_signature();
    let signature = jws
        .signature_into(&mut buffer, longest)
        .map_err(malformed)?;
    key.verifying
        .verify(jws.signing_input(), &signature)
        .map_err(|_| RefreshErrorKind::Signature.into())
}

fn malformed(_: JwsError) -> RefreshError {
    RefreshErrorKind::Malformed.into()
}

#[cfg(test)]
mod tests;
