//! Which tokens a point in time reaches, and how long that matters.

use std::time::Duration;

use crate::{session::SessionId, time::Timestamp, verify::Verified};

/// How much longer than asked entries are kept: a verifier on another machine
/// accepts a token for its leeway after the token has expired, by a clock that
/// may be behind.
const MARGIN: Duration = Duration::from_secs(120);

/// How far the clock that stamps tokens may be ahead at least when it is only
/// about asking the store once more.
const DOUBT_SKEW: Duration = Duration::from_secs(60);

/// What is kept, and for how long.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    /// The longest lifetime of an access token.
    pub(super) longest: Duration,
    /// How far the clock that stamps tokens may be ahead of the one that stamps
    /// revocations, in whole seconds.
    pub(super) skew: Duration,
    /// How many revocations are kept one by one.
    pub(super) limit: usize,
}

impl Settings {
    pub(super) fn keep(&self) -> Duration {
        self.longest.saturating_add(self.margin())
    }

    pub(super) fn margin(&self) -> Duration {
        MARGIN.saturating_add(self.skew)
    }

    pub(super) fn doubt_skew(&self) -> Duration {
        self.skew.max(DOUBT_SKEW)
    }

    /// When a point in time that reaches tokens which are issued later by `skew` no
    /// longer matters.
    pub(super) fn forgotten(&self, at: Timestamp, skew: Duration) -> Timestamp {
        at.saturating_add(self.keep()).saturating_add(skew)
    }
}

/// The session of a token, if it is one of ours. Such as Keycloak's look the
/// same.
pub(in crate::session) fn own_session(token: &Verified) -> Option<SessionId> {
    let id = token.session_id().filter(|_| token.is_of_own_issuer());
    id.and_then(SessionId::parse)
}

/// Whether a token has a session of ours.
pub(super) fn has_own_session(token: &Verified) -> bool {
    token.is_of_own_issuer() && token.session_id().is_some_and(SessionId::is_name)
}

/// Whether a token may have been issued before the bound, by a clock that is
/// ahead. Tokens carry whole seconds, so the second of the bound counts.
pub(super) fn reaches(bound: Option<Timestamp>, token: &Verified, skew: Duration) -> bool {
    bound.is_some_and(|at| {
        let last = at.saturating_add(skew).as_secs();
        let issued_at = token.issued_at();
        issued_at.is_none_or(|issued_at| issued_at.as_secs() <= last)
    })
}

/// The earliest point in time that reaches a token.
pub(super) fn reached_since(token: &Verified, skew: Duration) -> Timestamp {
    match token.issued_at() {
        Some(issued_at) => issued_at.floor_to_second().saturating_sub(skew),
        None => Timestamp::from_millis(0),
    }
}
