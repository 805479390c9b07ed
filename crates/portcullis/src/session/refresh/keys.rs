//! The keys of refresh tokens.

use std::{fmt, sync::Arc};

use crate::{
    ConfigError,
    jose::{Algorithm, CompactJws, EncodedHeader, KeyError, KeySet, SigningKey, VerifyingKey},
};

/// The keys that refresh tokens are made with: HS256, random, independent of
/// every other key, never published.
///
/// New tokens are made with the current key; those made with an older one stay
/// good. To change keys on several nodes, first give every node the new key as
/// an older one, then make it current. A key may go when the longest time that a
/// refresh token can lie unused has passed since it was current.
///
/// Keys that change while nodes run are those of a
/// [ring](crate::issue::KeyRing::of_refresh_keys).
#[derive(Clone)]
pub struct RefreshKeys {
    /// The first is the current one; those of a ring are in no order, and may be
    /// none.
    keys: Arc<[RefreshKey]>,
}

/// A key, prepared for making and reading tokens.
pub(super) struct RefreshKey {
    id: Arc<str>,
    pub(super) signing: SigningKey,
    pub(super) verifying: VerifyingKey,
    /// `None` if the key's id is longer than any token may name.
    pub(super) header: Option<EncodedHeader>,
}

impl RefreshKeys {
    /// A new random key. Tokens made with it are good for as long as it is
    /// kept: see [`current`](Self::current) and [`SigningKey::to_jwk`].
    ///
    /// # Errors
    ///
    /// When the operating system has no random numbers.
    pub fn generate() -> Result<Self, KeyError> {
        SigningKey::generate(Algorithm::HS256).map(|key| Self {
            keys: Arc::new([key.into()]),
        })
    }

    /// Keys that were kept: the current one, and older ones.
    ///
    /// # Errors
    ///
    /// When one is not for HS256, has no key id, or two share theirs.
    pub fn new(
        current: SigningKey,
        older: impl IntoIterator<Item = SigningKey>,
    ) -> Result<Self, ConfigError> {
        let keys = std::iter::once(current).chain(older).map(RefreshKey::from);
        let keys: Arc<[RefreshKey]> = keys.collect();
        for (index, key) in keys.iter().enumerate() {
            if key.signing.algorithm() != Algorithm::HS256 {
                return Err(ConfigError::new("a refresh key must be for HS256"));
            }
            let Some(id) = key.signing.key_id() else {
                return Err(ConfigError::new(
                    "a refresh key must have a key id: set one with `with_key_id`",
                ));
            };
            if keys[..index].iter().any(|key| *key.id == *id) {
                return Err(ConfigError::new("two refresh keys have the same key id"));
            }
        }
        Ok(Self { keys })
    }

    /// The keys of a ring, and the ids of those that are left out because they
    /// are among `access`.
    pub(super) fn of_ring(
        keys: impl Iterator<Item = SigningKey>,
        access: &KeySet,
    ) -> (Self, Vec<Arc<str>>) {
        let keys = keys.map(RefreshKey::from);
        let (shared, own): (Vec<_>, Vec<_>) = keys.partition(|key| key.is_among(access));
        let shared = shared.into_iter().map(|key| key.id).collect();
        (Self { keys: own.into() }, shared)
    }

    /// No keys: a ring's before it is read.
    pub(super) fn none() -> Self {
        Self { keys: Arc::new([]) }
    }

    /// The key that new tokens are made with.
    pub fn current(&self) -> &SigningKey {
        &self.keys[0].signing
    }

    /// The id of that key.
    pub(crate) fn current_id(&self) -> &Arc<str> {
        &self.keys[0].id
    }

    /// The key with this id.
    pub fn get(&self, id: &str) -> Option<&SigningKey> {
        self.named(id).map(|key| &key.signing)
    }

    pub(super) fn named(&self, id: &str) -> Option<&RefreshKey> {
        self.keys.iter().find(|key| *key.id == *id)
    }

    /// The key whose tokens have this token's header.
    pub(super) fn of_header(&self, token: &CompactJws<'_>) -> Option<&RefreshKey> {
        let mut keys = self.keys.iter();
        keys.find(|key| {
            key.header
                .as_ref()
                .is_some_and(|header| header.is_of(token))
        })
    }

    /// Whether one of the keys is among `keys`: the same secret, whatever its
    /// name.
    pub(crate) fn overlap(&self, keys: &KeySet) -> bool {
        self.keys.iter().any(|key| key.is_among(keys))
    }
}

impl RefreshKey {
    fn is_among(&self, keys: &KeySet) -> bool {
        const PROBE: &[u8] = b"is this the same key?";
        let mac = self.signing.sign(PROBE);
        mac.is_ok_and(|mac| keys.iter().any(|other| other.verify(PROBE, &mac).is_ok()))
    }
}

impl fmt::Debug for RefreshKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.keys.iter().map(|key| &key.id))
            .finish()
    }
}

impl From<SigningKey> for RefreshKey {
    fn from(key: SigningKey) -> Self {
        let header = key.header_json(Some("JWT"));
        Self {
            id: key.key_id().unwrap_or_default().into(),
            header: EncodedHeader::new(header.as_bytes(), &key).ok(),
            verifying: key.verifying_key(),
            signing: key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: &str) -> SigningKey {
        SigningKey::generate(Algorithm::HS256)
            .unwrap()
            .with_key_id(id)
    }

    #[test]
    fn keys_are_found_by_their_id() {
        let keys = RefreshKeys::new(key("new"), [key("old")]).unwrap();
        assert_eq!(keys.current().key_id(), Some("new"));
        assert!(keys.get("old").is_some());
        assert!(keys.get("other").is_none());
    }

    #[test]
    fn keys_that_cannot_be_told_apart_are_refused() {
        assert!(RefreshKeys::new(key("a"), [key("a")]).is_err());
        let unnamed = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
        assert!(RefreshKeys::new(unnamed, []).is_err());
        let longer = SigningKey::generate(Algorithm::HS512).unwrap();
        assert!(RefreshKeys::new(longer, []).is_err());
    }

    #[test]
    fn the_same_secret_under_another_name_is_noticed() {
        let keys = RefreshKeys::new(key("a"), []).unwrap();
        let alias = keys.current().verifying_key().with_key_id("b");
        assert!(keys.overlap(&alias.into()));
        assert!(!keys.overlap(&key("a").verifying_key().into()));
    }
}
