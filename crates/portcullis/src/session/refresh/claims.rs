//! What a refresh token says.

use std::fmt;

use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::{Grant, SecretDigest, SessionData, SessionId, Successor};
use crate::{
    claims::{KeyConfirmation, ScopeSet},
    crypto::sha256,
    random::{RandomError, random},
    subject::Subject,
    time::Timestamp,
};

/// The secret of a session: 32 random bytes, made at login, carried by its
/// refresh tokens and nowhere else. Stores keep its digest.
#[derive(Clone)]
pub struct SessionSecret(Zeroizing<[u8; 32]>);

impl SessionSecret {
    /// A new secret.
    ///
    /// # Errors
    ///
    /// When the operating system has no random numbers.
    pub fn random() -> Result<Self, RandomError> {
        random().map(|bytes| Self(Zeroizing::new(bytes)))
    }

    /// What a store may know of it.
    pub fn digest(&self) -> SecretDigest {
        SecretDigest::of(&self.0[..])
    }

    pub(in crate::session) fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(..)")
    }
}

/// What all refresh tokens of a session have in common. It is known before the
/// store is asked, so that the new access token can be signed first.
///
/// Exhaustive on purpose: a token carries all of it, and whoever makes one shall
/// leave nothing out.
#[derive(Clone, Debug)]
pub struct RefreshFamily {
    /// Whom they speak for.
    pub subject: Subject,
    /// Their session.
    pub session: SessionId,
    /// The session's secret.
    pub secret: SessionSecret,
    /// The client that logged in, if it said who it is.
    pub client: Option<String>,
    /// The scope granted at login.
    pub scope: ScopeSet,
    /// When the subject proved who it is.
    pub auth_time: Option<Timestamp>,
    /// How strong the login was.
    pub acr: Option<String>,
    /// How it was made.
    pub amr: Vec<String>,
    /// The key that they are bound to.
    pub confirmation: Option<KeyConfirmation>,
    /// What the application keeps with the session.
    pub data: Option<SessionData>,
}

/// A refresh token whose signature and kind are good.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RefreshClaims {
    /// What it shares with the session's other refresh tokens.
    pub family: RefreshFamily,
    /// Which of them it is.
    pub generation: u64,
    /// When it was made, to the second.
    pub issued_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// When its session ends, to the second before; no access token may
    /// outlive that.
    pub session_ends_at: Timestamp,
    /// Whether it says what this version does not know.
    pub(super) is_newer: bool,
}

impl RefreshClaims {
    /// What the application keeps with the session.
    pub fn data(&self) -> Option<&SessionData> {
        self.family.data.as_ref()
    }
}

/// What the digest of a token's id begins with, so that it is no other digest.
const TOKEN_ID: &[u8; 23] = b"portcullis refresh jti\0";

/// The same of an access token.
const ACCESS_TOKEN_ID: &[u8; 23] = b"portcullis access jti\0\0";

impl RefreshFamily {
    /// What the session's row says of it.
    pub(in crate::session) fn grant(&self) -> Grant {
        Grant {
            scope: self.scope.to_string(),
            auth_time: self.auth_time.map(Timestamp::as_secs),
            acr: self.acr.clone(),
            amr: self.amr.clone(),
            cnf: self.confirmation.clone(),
            data: self.data.clone(),
        }
    }

    /// The `jti` of a member: shaped as a UUID of version 4 (RFC 9562 section
    /// 5.4), as clients expect of every token, the same whenever it is made.
    pub(super) fn token_id(&self, token: &Successor) -> Uuid {
        let rotated_at = token.rotated_at.as_millis();
        self.secret.id(TOKEN_ID, token.generation, rotated_at)
    }
}

impl SessionSecret {
    /// The `jti` of the access tokens that are handed out for the refresh token before
    /// this generation, or at login for the first one: where a refresh revokes them,
    /// they are one. Nobody can guess it who does not have the secret.
    pub(in crate::session) fn access_token_id(&self, generation: u64) -> Uuid {
        self.id(ACCESS_TOKEN_ID, generation, 0)
    }

    fn id(&self, kind: &[u8; 23], generation: u64, time: i64) -> Uuid {
        let generation = generation.to_be_bytes();
        let time = time.to_be_bytes();
        let parts: [&[u8]; 4] = [kind, self.expose(), &generation, &time];
        let mut message = Zeroizing::new([0; TOKEN_ID.len() + 32 + 8 + 8]);
        let mut rest = &mut message[..];
        for part in parts {
            let (place, behind) = rest.split_at_mut(part.len());
            place.copy_from_slice(part);
            rest = behind;
        }
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&sha256(&message[..])[..16]);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }
}
