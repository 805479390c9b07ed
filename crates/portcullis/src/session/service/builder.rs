//! Setting up an API's sessions.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use super::{Inner, Sessions};
use crate::{
    ConfigError,
    issue::{KeyRing, TokenIssuer},
    jose::Algorithm,
    session::{
        Revocations, RotationMode, RotationRules,
        refresh::{RefreshKeys, RefreshTokens},
    },
};

/// How many live sessions a subject may have where refresh tokens are given out.
const DEFAULT_SESSION_LIMIT: u32 = 100;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Builds [`Sessions`].
#[derive(Debug)]
#[must_use = "does nothing until built"]
pub struct SessionsBuilder {
    revocations: Revocations,
    issuer: TokenIssuer,
    refresh_keys: Option<RefreshKeys>,
    refresh_ring: Option<KeyRing>,
    refresh_ttl: Duration,
    session_ttl: Duration,
    mode: RotationMode,
    rules: RotationRules,
    application_tokens: u32,
    session_limit: Option<u32>,
    device_retention: Option<Duration>,
    revoke_replaced: bool,
}

impl Sessions {
    /// Sessions whose access tokens `issuer` signs, kept in the store of
    /// `revocations`.
    pub fn builder(revocations: Revocations, issuer: TokenIssuer) -> SessionsBuilder {
        SessionsBuilder::new(revocations, issuer)
    }
}

impl SessionsBuilder {
    fn new(revocations: Revocations, issuer: TokenIssuer) -> Self {
        Self {
            revocations,
            issuer,
            refresh_keys: None,
            refresh_ring: None,
            refresh_ttl: 30 * DAY,
            session_ttl: 90 * DAY,
            mode: RotationMode::Rotate,
            rules: RotationRules::default(),
            application_tokens: 10,
            session_limit: None,
            device_retention: None,
            revoke_replaced: false,
        }
    }

    /// Gives out refresh tokens, made with these keys. Without, a session lasts
    /// as long as its one access token, but no longer than
    /// [`session_ttl`](Self::session_ttl).
    pub fn refresh_keys(mut self, keys: RefreshKeys) -> Self {
        self.refresh_keys = Some(keys);
        self
    }

    /// As [`refresh_keys`](Self::refresh_keys), with keys that roll over:
    /// [`KeyRing::of_refresh_keys`].
    pub fn refresh_ring(mut self, ring: KeyRing) -> Self {
        self.refresh_ring = Some(ring);
        self
    }

    /// How long a refresh token may lie unused; 30 days unless set.
    pub fn refresh_ttl(mut self, ttl: Duration) -> Self {
        self.refresh_ttl = ttl;
        self
    }

    /// How long a session may last, however often it is refreshed; 90 days
    /// unless set. No access token outlives it, so that without refresh tokens
    /// it is the upper bound of their lifetime.
    pub fn session_ttl(mut self, ttl: Duration) -> Self {
        self.session_ttl = ttl;
        self
    }

    /// Whether refresh tokens are exchanged when used; they are unless set.
    pub fn mode(mut self, mode: RotationMode) -> Self {
        self.mode = mode;
        self
    }

    /// What is forgiven when a refresh token is presented again.
    pub fn rules(mut self, rules: RotationRules) -> Self {
        self.rules = rules;
        self
    }

    /// How many application tokens a subject may have; 10 unless set.
    pub fn application_token_limit(mut self, limit: u32) -> Self {
        self.application_tokens = limit;
        self
    }

    /// How many live sessions a subject may have, whatever their API; 0 for any number.
    /// A login too many ends the session that was refreshed longest ago. Logins that come
    /// at once may each leave one too many, until the next one.
    ///
    /// Unless set, 100 where refresh tokens are given out, and any number where they are
    /// not: there every login is a session until its access token expires, and a program
    /// that logs in often must not lose live tokens. The log warns about a limit in such a
    /// place.
    ///
    /// All live sessions of the subject count, those of APIs without refresh tokens, too: a
    /// login here may end them. Where programs log in often by such an API, give it a realm
    /// of its own, or this one a limit that has room for all that live at once.
    pub fn session_limit(mut self, limit: u32) -> Self {
        self.session_limit = Some(limit);
        self
    }

    /// How long the device of a session is kept after it was last used: the user agent and
    /// the address, which are somebody's personal data. They are kept as long as the session
    /// unless set, and go with the next [`purge`](Sessions::purge), or while the task of
    /// [`Sessions::maintenance`] runs. Either is once per store: of several APIs the one that
    /// forgets decides. A [`Maintenance`](crate::session::Maintenance) that is made by itself
    /// does not know of this.
    ///
    /// A device that was forgotten counts as another one where a refresh token is presented
    /// [again](crate::session::ReplayPolicy), so this is days rather than minutes.
    pub fn device_retention(mut self, keep: Duration) -> Self {
        self.device_retention = Some(keep);
        self
    }

    /// Lets a refresh revoke the access token that it replaces, which otherwise stays
    /// good until it expires: when a refresh token is exchanged, the access tokens that
    /// were handed out with it are refused from then on, on other nodes as soon as they
    /// hear of it.
    ///
    /// All tabs of a browser have to go on with the new one. A call that is on its way
    /// with the old one gets a 401, and its client a new token by refreshing: within the
    /// grace window that is forgiven as always, and what it is given then is not revoked.
    /// A token that was given for a refresh token that [rests](crate::session::rules)
    /// goes with the next but one exchange. If the revocation fails, the log says so,
    /// and the old token stays good.
    ///
    /// Each refresh costs a write more, and an entry in the snapshot of each node for as
    /// long as an access token lives. Where there are more of them in that time than the
    /// [limit](Revocations::with_limit), the store is asked about some tokens.
    ///
    /// Access tokens that take each other's place in races share their `jti`.
    ///
    /// ```
    /// # use portcullis::{ConfigError, session::{Sessions, SessionsBuilder}};
    /// # fn example(builder: SessionsBuilder) -> Result<Sessions, ConfigError> {
    /// builder.revoke_replaced_access_tokens().build()
    /// # }
    /// ```
    pub fn revoke_replaced_access_tokens(mut self) -> Self {
        self.revoke_replaced = true;
        self
    }

    /// Builds the sessions.
    ///
    /// # Errors
    ///
    /// When a lifetime is less than a second, when revocations are forgotten
    /// before the access tokens expire, or when a refresh key is also an access
    /// key: whoever verifies access tokens could then make refresh tokens. When
    /// there are both refresh keys and a ring of them, or the ring has keys for
    /// other algorithms than HS256. When refreshes are to revoke access tokens, and
    /// refresh tokens are not exchanged.
    pub fn build(self) -> Result<Sessions, ConfigError> {
        let second = Duration::from_secs(1);
        if self.refresh_ttl < second || self.session_ttl < second {
            return Err(ConfigError::new(
                "refresh tokens and sessions must live for at least one second",
            ));
        }
        let exchanges = self.mode == RotationMode::Rotate
            && (self.refresh_keys.is_some() || self.refresh_ring.is_some());
        if self.revoke_replaced && !exchanges {
            return Err(ConfigError::new(
                "a refresh can revoke the access token that it replaces only where refresh \
                 tokens are exchanged: set refresh keys, and `RotationMode::Rotate`",
            ));
        }
        if self.revocations.longest() < self.issuer.access_ttl() {
            return Err(ConfigError::new(
                "revocations must be kept for as long as access tokens live",
            ));
        }
        if let Some(keys) = &self.refresh_keys
            && keys.overlap(&self.issuer.keys())
        {
            return Err(ConfigError::new(
                "a refresh key is also an access key: refresh keys must be independent",
            ));
        }
        let refreshes = self.refresh_keys.is_some() || self.refresh_ring.is_some();
        let session_limit = match self.session_limit {
            None if refreshes => NonZeroU32::new(DEFAULT_SESSION_LIMIT),
            None => None,
            Some(limit) => NonZeroU32::new(limit),
        };
        if let Some(limit) = session_limit.filter(|_| !refreshes) {
            tracing::warn!(
                event = "session_limit",
                limit,
                "sessions without refresh tokens are limited: whoever logs in more often loses \
                 access tokens that have not expired"
            );
        }
        let refresh = match (self.refresh_keys, self.refresh_ring) {
            (None, None) => None,
            (Some(keys), None) => Some(RefreshTokens::new(keys, &self.issuer)),
            (None, Some(ring)) if ring.algorithms() == [Algorithm::HS256] => {
                ring.cover(self.refresh_ttl);
                Some(RefreshTokens::with_ring(ring, &self.issuer))
            }
            (None, Some(_)) => {
                return Err(ConfigError::new(
                    "a ring of refresh keys has keys for HS256 only: make it with `KeyRing::of_refresh_keys`",
                ));
            }
            (Some(_), Some(_)) => {
                return Err(ConfigError::new(
                    "refresh keys come from a ring or stay: set one of both",
                ));
            }
        };
        Ok(Sessions(Arc::new(Inner {
            revocations: self.revocations,
            issuer: self.issuer,
            refresh,
            refresh_ttl: self.refresh_ttl,
            session_ttl: self.session_ttl,
            mode: self.mode,
            rules: self.rules,
            application_tokens: self.application_tokens,
            session_limit,
            device_retention: self.device_retention,
            revoke_replaced: self.revoke_replaced,
        })))
    }
}
