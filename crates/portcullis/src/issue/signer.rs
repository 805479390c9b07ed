//! What an issuer signs with.

use std::{iter, time::Duration};

use super::{IssueError, IssueErrorKind, KeyRing};
use crate::{
    ConfigError,
    claims::Typ,
    jose::{EncodedHeader, KeySet, MAX_KEY_ID, SigningKey},
    time::Clock,
};

/// What a [`TokenIssuer`](super::TokenIssuer) signs with: one key or a ring.
#[derive(Debug)]
pub struct SigningKeys(Kind);

#[derive(Debug)]
enum Kind {
    One(SigningKey),
    Ring(KeyRing),
}

impl From<SigningKey> for SigningKeys {
    fn from(key: SigningKey) -> Self {
        Self(Kind::One(key))
    }
}

impl From<KeyRing> for SigningKeys {
    fn from(ring: KeyRing) -> Self {
        Self(Kind::Ring(ring))
    }
}

/// Signs the claims of tokens of one `typ`.
pub(super) enum Signer {
    One {
        key: SigningKey,
        header: EncodedHeader,
        /// Its own and the older ones.
        verifying: KeySet,
    },
    Ring {
        ring: KeyRing,
        typ: Typ,
    },
}

impl Signer {
    pub(super) fn new(
        keys: SigningKeys,
        older: Option<KeySet>,
        typ: Typ,
    ) -> Result<Self, ConfigError> {
        let key = match keys.0 {
            Kind::One(key) => key,
            Kind::Ring(_) if older.is_some() => {
                return Err(ConfigError::new(
                    "a key ring has its own older keys: put their files into its directory",
                ));
            }
            Kind::Ring(ring) => return Ok(Self::Ring { ring, typ }),
        };
        if key.key_id().is_some_and(|kid| kid.len() > MAX_KEY_ID) {
            return Err(ConfigError::new(
                "the signing key's id is longer than any token may name: use a shorter one",
            ));
        }
        let header = key.header_json(Some(typ.as_str()));
        let header = EncodedHeader::new(header.as_bytes(), &key).map_err(|_| {
            ConfigError::new("the signing key's id is too long for a token's header")
        })?;
        let older = older.iter().flat_map(KeySet::iter).cloned();
        let verifying = iter::once(key.verifying_key()).chain(older).collect();
        Ok(Self::One {
            key,
            header,
            verifying,
        })
    }

    /// Signs claims, which have unique names.
    pub(super) fn sign(&self, claims: &[u8]) -> Result<String, IssueError> {
        let signed = match self {
            Self::One { key, header, .. } => header.sign(claims, key),
            Self::Ring { ring, typ } => {
                let now = ring.current();
                let key = now
                    .signing(ring.clock().now())
                    .ok_or_else(|| IssueError::new(IssueErrorKind::NoKey, ""))?;
                key.header(*typ).sign(claims, &key.key)
            }
        };
        signed.map_err(|_| IssueError::new(IssueErrorKind::Signing, ""))
    }

    /// Whether there is a key to sign with now.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::One { .. } => true,
            Self::Ring { ring, .. } => ring.current().signing(ring.clock().now()).is_some(),
        }
    }

    /// Whether tokens that never expire can be signed.
    pub(super) fn lasts_for_ever(&self) -> bool {
        match self {
            Self::One { .. } => true,
            Self::Ring { ring, .. } => ring.never_retires(),
        }
    }

    /// Lets the keys verify for as long as tokens live.
    pub(super) fn cover(&self, ttl: Duration) {
        if let Self::Ring { ring, .. } = self {
            ring.cover(ttl);
        }
    }

    pub(super) fn ring(&self) -> Option<&KeyRing> {
        match self {
            Self::One { .. } => None,
            Self::Ring { ring, .. } => Some(ring),
        }
    }

    /// The keys that verify.
    pub(super) fn keys(&self) -> KeySet {
        match self {
            Self::One { verifying, .. } => verifying.clone(),
            Self::Ring { ring, .. } => ring.public_keys(),
        }
    }
}
