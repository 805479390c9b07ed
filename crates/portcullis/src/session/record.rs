//! What a store keeps about a session.

use std::{
    fmt,
    num::NonZeroU32,
    sync::{Arc, Once},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{AttemptId, SessionData, SessionId, StoreError};
use crate::{claims::KeyConfirmation, crypto, subject::Subject, time::Timestamp};

/// A session that is about to begin: what [`SessionStore::create`] turns into a
/// row.
///
/// Exhaustive on purpose: stores keep it in full, and one that takes it apart
/// by a pattern does not compile when there is more to keep.
///
/// [`SessionStore::create`]: super::SessionStore::create
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSession {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub subject: Subject,
    /// The client that logged in, if it said who it is.
    pub client: Option<String>,
    /// How long a refresh token of the session may lie unused.
    pub idle_ttl: Duration,
    /// How long the session may last, however often it is refreshed.
    pub absolute_ttl: Duration,
    /// SHA-256 of the secret that its refresh tokens carry.
    pub secret_digest: SecretDigest,
    /// The id of the key that its refresh token is made with.
    pub refresh_key: Arc<str>,
    /// What was granted at login.
    pub grant: Grant,
    /// What it was opened from.
    pub device: Device,
    /// How many live sessions its subject may have, this one included; none for any
    /// number.
    pub limit: Option<NonZeroU32>,
}

impl NewSession {
    /// Whether `row` is what became of this session: it has the same id,
    /// subject, client and secret.
    pub fn is_of(&self, row: &SessionRecord) -> bool {
        self.id == row.id
            && self.subject == row.subject
            && self.client == row.client
            && self.secret_digest == row.secret_digest
    }

    /// The row as it is at `now`, its first moment.
    pub fn into_record(self, now: Timestamp) -> SessionRecord {
        let absolute_deadline = now.saturating_add(self.absolute_ttl);
        SessionRecord {
            id: self.id,
            subject: self.subject,
            client: self.client,
            generation: 0,
            created_at: now,
            rotated_at: now,
            idle_deadline: now.saturating_add(self.idle_ttl).min(absolute_deadline),
            absolute_deadline,
            secret_digest: self.secret_digest,
            refresh_key: self.refresh_key,
            grant: self.grant,
            device: self.device,
            rotated_by: None,
            rotated_from: 0,
            late_retry_by: None,
            revoked: None,
        }
    }
}

/// A session as a store keeps it: one row, whatever happens to its tokens.
///
/// Exhaustive on purpose: stores read it back in full, and one that drops
/// something shall not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    /// Its name, the `sid` of its tokens.
    pub id: SessionId,
    /// Whose it is.
    pub subject: Subject,
    /// The client it belongs to; only this client may refresh it.
    pub client: Option<String>,
    /// How often its refresh token has been exchanged for the next one.
    pub generation: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When its refresh token was last exchanged, or when it began. Never goes
    /// back.
    pub rotated_at: Timestamp,
    /// When its current refresh token expires.
    pub idle_deadline: Timestamp,
    /// When it ends, however often it is refreshed.
    pub absolute_deadline: Timestamp,
    /// SHA-256 of the secret that its refresh tokens carry.
    pub secret_digest: SecretDigest,
    /// The id of the key that its current refresh token is made with.
    pub refresh_key: Arc<str>,
    /// What was granted at login; opaque to stores.
    pub grant: Grant,
    /// What last refreshed it, or opened it.
    pub device: Device,
    /// The attempt that made the current generation.
    pub rotated_by: Option<AttemptId>,
    /// The generation before the current one; not the one right below it after
    /// the store lost writes.
    pub rotated_from: u64,
    /// The attempt that was given the current refresh token once more after the
    /// grace window, see [`RotationRules::until_used`].
    ///
    /// [`RotationRules::until_used`]: super::RotationRules::until_used
    pub late_retry_by: Option<AttemptId>,
    /// When and why it ended before its time.
    pub revoked: Option<Revoked>,
}

impl SessionRecord {
    /// Whether the session can still be used at `now`.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.idle_deadline && now < self.absolute_deadline
    }
}

/// How a session ended before its time.
///
/// Exhaustive on purpose, as [`SessionRecord`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
    /// The attempt that ended it, where an attempt did.
    pub by: Option<AttemptId>,
}

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationReason {
    /// It was logged out, or ended by the application.
    Logout,
    /// Its subject was logged out everywhere.
    LogoutEverywhere,
    /// A refresh token was presented that had been used up before.
    Reuse,
    /// A reason that this version does not know: of a newer one, or of somebody who
    /// wrote to the store by hand. The session is over all the same.
    Other,
    /// Everybody of its realm was logged out.
    LogoutEverybody,
    /// Its subject had as many sessions as it may have, and began another one.
    Evicted,
}

impl RevocationReason {
    /// A stable name, for stores and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutEverywhere => "logout_everywhere",
            Self::LogoutEverybody => "logout_everybody",
            Self::Reuse => "reuse",
            Self::Evicted => "evicted",
            Self::Other => "other",
        }
    }

    /// The reason with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            Self::Logout,
            Self::LogoutEverywhere,
            Self::LogoutEverybody,
            Self::Reuse,
            Self::Evicted,
            Self::Other,
        ]
        .into_iter()
        .find(|reason| reason.as_str() == name)
    }

    /// The reason that a store kept of a session that has ended. Whatever it says,
    /// or if it says nothing, the session has: [`Other`](Self::Other), and a line in
    /// the log, once.
    pub fn from_stored(name: Option<&str>) -> Self {
        let reason = name.and_then(Self::from_name);
        reason.unwrap_or_else(|| {
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                tracing::warn!(
                    "the store has a session that ended for a reason which this version does not \
                     know"
                );
            });
            Self::Other
        })
    }
}

/// SHA-256 of a secret that cannot be guessed, such as a session's. Compared in
/// constant time.
#[derive(Clone, Copy)]
pub struct SecretDigest([u8; 32]);

impl SecretDigest {
    /// The digest of `secret`.
    pub fn of(secret: &[u8]) -> Self {
        Self(crypto::sha256(secret))
    }

    /// The digest with these bytes, as a store kept it.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretDigest {
    fn eq(&self, other: &Self) -> bool {
        crypto::is_equal(&self.0, &other.0)
    }
}

impl Eq for SecretDigest {}

impl fmt::Debug for SecretDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretDigest(..)")
    }
}

/// What a login granted. Stores keep it as text and never look inside.
///
/// A refresh does not read it. Its answer is signed before the store is asked,
/// so that nothing can fail after the token is used up; what was granted comes
/// from the refresh token, which says the same under a key that no store and no
/// verifier has. The row's copy is for the application: to show what a session
/// may do, and to find the sessions that a change of rights concerns.
///
/// It may grow: stores keep the text, whatever is in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Grant {
    /// The scope, separated by spaces (RFC 6749 section 3.3); empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// When the subject proved who it is, in seconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<i64>,
    /// How strong that proof was, by a name on which issuer and services agree
    /// (OpenID Connect Core section 2, RFC 9470).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// How it was given (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The key that the session's tokens are bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cnf: Option<KeyConfirmation>,
    /// What the application keeps with the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<SessionData>,
}

impl Grant {
    /// A grant of nothing in particular.
    pub fn new() -> Self {
        Self::default()
    }

    /// The text that a store keeps.
    ///
    /// # Errors
    ///
    /// Never in practice: every grant has a text form.
    pub fn to_json(&self) -> Result<String, StoreError> {
        serde_json::to_string(self).map_err(StoreError::corrupt)
    }

    /// Reads the text that a store kept.
    ///
    /// # Errors
    ///
    /// [`StoreErrorKind::Corrupt`](super::StoreErrorKind::Corrupt) when it is
    /// not a grant.
    pub fn from_json(text: &str) -> Result<Self, StoreError> {
        serde_json::from_str(text).map_err(StoreError::corrupt)
    }
}

/// What a request came from, for the list of sessions and for events. Data that
/// the other side chose: shown to its owner, never trusted.
///
/// Exhaustive on purpose: stores keep it in full, and one that takes it apart
/// by a pattern does not compile when there is more to keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The `User-Agent`, at most [`Device::USER_AGENT_LIMIT`] bytes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// The address of the peer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<std::net::IpAddr>,
}

impl Device {
    /// How much of a `User-Agent` is kept, in bytes.
    pub const USER_AGENT_LIMIT: usize = 256;

    /// The device with this user agent, cut to the limit, at this address.
    pub fn new(user_agent: Option<&str>, address: Option<std::net::IpAddr>) -> Self {
        Self {
            user_agent: user_agent.map(cut),
            address,
        }
    }

    /// The device that a store kept. An address that is none is left out, with a line
    /// in the log, once: it is shown to people, and decides nothing.
    pub fn from_stored(user_agent: Option<String>, address: Option<&str>) -> Self {
        let parsed = address.and_then(|text| text.parse().ok());
        if address.is_some() && parsed.is_none() {
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                tracing::warn!("the store has a session whose device has no address, but a text");
            });
        }
        Self {
            user_agent,
            address: parsed,
        }
    }

    /// Whether `other` is another program. An address changes whenever a phone
    /// leaves the house, so only the user agent counts.
    pub fn differs_from(&self, other: &Self) -> bool {
        self.user_agent != other.user_agent
    }
}

fn cut(user_agent: &str) -> String {
    let mut end = user_agent.len().min(Device::USER_AGENT_LIMIT);
    while !user_agent.is_char_boundary(end) {
        end -= 1;
    }
    user_agent[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_in_a_store_is_no_fault() {
        for reason in [
            RevocationReason::Logout,
            RevocationReason::LogoutEverywhere,
            RevocationReason::LogoutEverybody,
            RevocationReason::Reuse,
            RevocationReason::Evicted,
            RevocationReason::Other,
        ] {
            let stored = RevocationReason::from_stored(Some(reason.as_str()));
            assert_eq!(stored, reason);
        }
        for name in [None, Some(""), Some("Logout"), Some("stolen laptop")] {
            let reason = RevocationReason::from_stored(name);
            assert_eq!(reason, RevocationReason::Other);
        }
        let device = |address| Device::from_stored(Some("curl".to_owned()), address);
        assert_eq!(device(Some("::1")).address, "::1".parse().ok());
        for odd in [None, Some(""), Some("10.0.0.0/8"), Some("home")] {
            assert_eq!(device(odd).address, None);
            assert_eq!(device(odd).user_agent.as_deref(), Some("curl"));
        }
    }

    #[test]
    fn a_digest_is_sha_256_and_never_shown() {
        // FIPS 180-4: the digest of "abc".
        let digest = SecretDigest::of(b"abc");
        assert_eq!(digest.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(format!("{digest:?}"), "SecretDigest(..)");
        assert_ne!(digest, SecretDigest::of(b"abd"));
    }

    #[test]
    fn a_user_agent_is_cut_between_characters() {
        let long = "é".repeat(200);
        let device = Device::new(Some(&long), None);
        assert_eq!(device.user_agent.unwrap().len(), 256);
    }

    #[test]
    fn a_grant_comes_back_as_it_was() {
        let text = r#"{"scope":"a b","auth_time":7,"acr":"mfa","amr":["pwd","otp"],"#.to_owned()
            + r#""cnf":{"jkt":"x"},"data":{"tenant":"acme","share":0.1}}"#;
        let grant = Grant::from_json(&text).unwrap();
        assert_eq!(grant.acr.as_deref(), Some("mfa"));
        assert_eq!(grant.amr, ["pwd", "otp"]);
        assert_eq!(grant.cnf, Some(KeyConfirmation::jkt("x")));
        assert_eq!(grant.to_json().unwrap(), text);
        assert_eq!(Grant::new().to_json().unwrap(), "{}");
    }

    #[test]
    fn what_later_versions_add_to_a_grant_does_not_hurt() {
        let grant = Grant::from_json(r#"{"scope":"a b","later":{"x":[1]}}"#).unwrap();
        assert_eq!(grant.scope, "a b");
        assert!(Grant::from_json("[").is_err());
    }
}
