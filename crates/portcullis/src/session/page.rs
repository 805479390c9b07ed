//! Lists that are read page by page, and what is forgotten batch by batch.

use std::time::Duration;

use super::{Revocation, SessionId, SessionRecord};
use crate::time::Timestamp;

/// A place in the list of a subject's live sessions: behind this one.
///
/// Exhaustive on purpose: it is the order of the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionCursor {
    /// When the session began.
    pub created_at: Timestamp,
    /// Its name.
    pub id: SessionId,
}

impl SessionCursor {
    /// The place behind this session.
    pub fn behind(session: &SessionRecord) -> Self {
        Self {
            created_at: session.created_at,
            id: session.id.clone(),
        }
    }
}

/// Some of the live sessions of a subject.
///
/// Exhaustive on purpose: stores make it in full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionPage {
    /// The sessions, in order.
    pub sessions: Vec<SessionRecord>,
    /// Where the list goes on, if there may be more.
    pub next: Option<SessionCursor>,
}

/// Which part of what was revoked is to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevocationQuery {
    /// From when on, by the store's clock.
    pub since: Timestamp,
    /// Where the last page ended; none for the first one.
    pub after: Option<RevocationCursor>,
    /// How many at most, as nearly as the store can.
    pub limit: u32,
}

impl RevocationQuery {
    /// How many are read at once.
    pub const DEFAULT_LIMIT: u32 = 4096;

    /// The first page of what was revoked at or after `since`.
    pub const fn since(since: Timestamp) -> Self {
        Self {
            since,
            after: None,
            limit: Self::DEFAULT_LIMIT,
        }
    }
}

/// Where a page ended: text that means something to the store that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationCursor(Box<str>);

impl RevocationCursor {
    /// The place that the store calls so.
    pub fn new(place: impl Into<Box<str>>) -> Self {
        Self(place.into())
    }

    /// What the store called it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Some of what was revoked.
///
/// Exhaustive on purpose: stores make it in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationPage {
    /// What was revoked.
    pub revocations: Vec<Revocation>,
    /// Where to go on, if there may be more.
    pub next: Option<RevocationCursor>,
    /// The store's time before it was read: what is revoked later is seen by asking
    /// from then on, but for what took [long](super::SessionStore) to be written.
    pub now: Timestamp,
}

/// What is to be forgotten, and how much at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PurgeRules {
    /// How long what is over is kept; no less than the longest lifetime of an access
    /// token.
    pub keep: Duration,
    /// How long the device of a session is kept, its address and user agent, since it
    /// was last used; for as long as the session unless set.
    pub devices: Option<Duration>,
    /// How many rows go at once, at most.
    pub limit: u32,
}

impl PurgeRules {
    /// How many rows go at once unless set.
    pub const DEFAULT_LIMIT: u32 = 1000;

    /// What has been over for longer than `keep`.
    pub const fn new(keep: Duration) -> Self {
        Self {
            keep,
            devices: None,
            limit: Self::DEFAULT_LIMIT,
        }
    }
}
