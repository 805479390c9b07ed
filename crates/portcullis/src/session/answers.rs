//! What stores answer, and what is listed in them beside sessions.

use super::{RevocationReason, SessionId, SessionRecord};
use crate::{subject::Subject, time::Timestamp};

/// How the creation of a session ended. More ways may come, which stores that
/// do not know them never take.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Created {
    /// The session exists.
    Session {
        /// The session.
        session: Box<SessionRecord>,
        /// Those of its subject that had to make room for it.
        evicted: Vec<SessionId>,
    },
    /// The subject was logged out everywhere while its credentials were
    /// checked; nothing was created.
    LoggedOutMeanwhile,
}

impl Created {
    /// The session, for which no other had to make room.
    pub fn session(session: SessionRecord) -> Self {
        Self::Session {
            session: Box::new(session),
            evicted: Vec::new(),
        }
    }
}

/// What logging a subject out everywhere ended.
///
/// Exhaustive on purpose: stores make it, and one that leaves something out
/// shall not compile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RevokedAll {
    /// The sessions, those past their deadline included.
    pub sessions: Vec<SessionId>,
    /// The `jti` of the application tokens.
    pub application_tokens: Vec<String>,
}

/// A token without expiry, good only while it is on the live list.
///
/// Exhaustive on purpose: stores keep it in full, and one that takes it apart
/// by a pattern does not compile when there is more to keep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationToken {
    /// Its `jti`.
    pub id: String,
    /// Whose it is.
    pub subject: Subject,
    /// When it was issued.
    pub created_at: Timestamp,
}

/// What a store keeps of a [`KeyRing`](crate::issue::KeyRing), when it was asked.
///
/// Exhaustive on purpose: stores make it in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRing {
    /// How often it was replaced; 0 if there is nothing.
    pub version: u64,
    /// The record; empty if there is none.
    pub record: String,
    /// The store's time.
    pub now: Timestamp,
}

/// How the addition of an application token ended. More ways may come, which
/// stores that do not know them never take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenAdded {
    /// It is on the live list.
    Added,
    /// Its subject has as many as it may have.
    LimitReached,
    /// Its subject was logged out everywhere meanwhile, or it was removed.
    LoggedOutMeanwhile,
}

/// Something that was revoked, as the snapshot of each node learns it.
///
/// More kinds may come. What each says is exhaustive on purpose: stores tell all
/// of it, and one that drops something shall not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Revocation {
    /// A session, and with it every access token that names it.
    Session {
        /// Its name.
        id: SessionId,
        /// Whose it was.
        subject: Subject,
        /// When it was revoked.
        at: Timestamp,
        /// Why.
        reason: RevocationReason,
    },
    /// One access token.
    Token {
        /// Its `jti`.
        id: String,
        /// Whose it was; the `jti` is unique within the realm only.
        subject: Subject,
        /// When it was revoked.
        at: Timestamp,
        /// When it will have expired; the latest that was named.
        until: Timestamp,
    },
    /// Every access token of a subject, but for those of own sessions, which
    /// are told one by one.
    Subject {
        /// Whose tokens.
        subject: Subject,
        /// When; later ones are good.
        at: Timestamp,
    },
    /// Every access token of a realm, those of sessions and of the live list included.
    Realm {
        /// The realm.
        realm: String,
        /// When; later ones are good.
        at: Timestamp,
    },
    /// An application token was taken off the live list.
    ApplicationToken {
        /// Its `jti`.
        id: String,
        /// When.
        at: Timestamp,
    },
}
