//! Log-out tokens (OpenID Connect Back-Channel Logout 1.0).

use std::fmt;

use serde_json::{Map, Value};

use super::{
    Verification, Verified, Verifier, VerifyError,
    VerifyErrorKind::{Malformed, MissingClaim, WrongKind},
};
use crate::{ConfigError, subject::Subject, time::Timestamp};

/// Checks log-out tokens: what an OpenID provider sends to a service when a user
/// logs out there (OpenID Connect Back-Channel Logout 1.0 section 2.6).
///
/// Made by [`VerifierBuilder::build_for_logout`](super::VerifierBuilder::build_for_logout).
/// A log-out token is no access token and the other way round, though both are
/// of one issuer and signed by the same keys: neither verifier takes what the
/// other does.
#[derive(Clone)]
pub struct LogoutVerifier {
    verifier: Verifier,
    ends_all: bool,
}

/// The member of `events` that makes a token one for logging out.
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// The longest name of a session or subject that is kept, in bytes. Nobody has
/// such long ones (OpenID Connect Core section 2: `sub` has at most 255), and
/// databases do not index them.
const MAX_NAME: usize = 1024;

impl LogoutVerifier {
    pub(super) fn new(verifier: Verifier) -> Self {
        Self {
            verifier,
            ends_all: false,
        }
    }

    /// Ends everything of a subject even where a token names one session, for
    /// providers whose access tokens have no `sid` by which they would be known.
    /// Tokens that name no subject end the session only.
    #[must_use = "returns the changed verifier"]
    pub fn ends_all_sessions(mut self) -> Self {
        self.ends_all = true;
        self
    }

    /// Checks a log-out token: signature, `typ`, `iss`, `aud`, `exp`, `iat`, that
    /// there is a `jti`, that `events` is of a log-out, that `sub` or `sid` is
    /// there, and no `nonce` (section 2.6).
    ///
    /// The `typ` may be `logout+jwt`, `JWT` or none: providers that are older than
    /// the first send one of the others, and what it is for, telling log-out tokens
    /// from all others, `events` and `nonce` do as well (section 2.4).
    ///
    /// # Errors
    ///
    /// Why it is refused; also if nobody can say, since the provider's keys are
    /// not [available](super::VerifyErrorKind::is_unavailable).
    pub async fn verify(&self, token: &[u8]) -> Result<LogoutToken, VerifyError> {
        let verified = match self.verifier.verify(token) {
            Verification::Done(result) => result?,
            Verification::Pending(pending) => pending.await?,
        };
        self.read(verified)
    }

    fn read(&self, token: Verified) -> Result<LogoutToken, VerifyError> {
        let refuse = |kind, detail| Err(VerifyError::with_detail(kind, detail));
        // They were read before: an object of unique names.
        let Ok(claims) = serde_json::from_str::<Map<String, Value>>(token.claims_json()) else {
            return refuse(Malformed, "the claims are no object");
        };
        let events = claims.get("events").and_then(Value::as_object);
        let event = events.and_then(|events| events.get(LOGOUT_EVENT));
        if !event.is_some_and(Value::is_object) {
            return refuse(WrongKind, "`events` is not of a back-channel log-out");
        }
        // Whatever it says: an ID token must not pass for this (section 2.4).
        if claims.contains_key("nonce") {
            return refuse(WrongKind, "a log-out token has no `nonce`");
        }
        let token = LogoutToken {
            token,
            ends_all: self.ends_all,
        };
        let names = [token.token.subject_name(), token.session_id()];
        if names
            .into_iter()
            .flatten()
            .any(|name| name.is_empty() || name.len() > MAX_NAME || name.contains('\0'))
        {
            return refuse(Malformed, "`sub` or `sid` is empty, too long or no text");
        }
        if token.subject().is_none() && token.session_id().is_none() {
            return refuse(MissingClaim, "`sub` or `sid`");
        }
        Ok(token)
    }
}

impl LogoutVerifier {
    /// Takes what any one of `verifiers` takes, each from its own issuer.
    ///
    /// # Errors
    ///
    /// As [`Verifier::combine`]; or if some of them
    /// [end all](Self::ends_all_sessions) and others do not.
    pub fn combine(verifiers: impl IntoIterator<Item = Self>) -> Result<Self, ConfigError> {
        let mut ends_all = None;
        let mut all = Vec::new();
        for it in verifiers {
            if *ends_all.get_or_insert(it.ends_all) != it.ends_all {
                return Err(ConfigError::new(
                    "some of the combined log-out verifiers end all sessions, and some do not: \
                     give those an endpoint each",
                ));
            }
            all.push(it.verifier);
        }
        Ok(Self {
            verifier: Verifier::combine(all)?,
            ends_all: ends_all.unwrap_or_default(),
        })
    }
}

impl fmt::Debug for LogoutVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutVerifier")
            .field("verifier", &self.verifier)
            .field("ends_all", &self.ends_all)
            .finish()
    }
}

/// A log-out token that passed every check.
///
/// One that comes twice does no more than one that comes once: what has ended
/// stays ended, so its [`id`](Self::id) need not be remembered. Who was logged out
/// by subject and has logged in again since is logged out again by a second one,
/// as long as that has not expired.
#[derive(Clone)]
pub struct LogoutToken {
    token: Verified,
    ends_all: bool,
}

impl LogoutToken {
    /// The provider.
    pub fn issuer(&self) -> &str {
        self.token.issuer().unwrap_or_default()
    }

    /// Who has logged out: the claim that the verifier reads subjects from.
    pub fn subject(&self) -> Option<Subject> {
        self.token.subject()
    }

    /// The `sid`: the provider's session that has ended. Without one, all of the
    /// subject's have.
    pub fn session_id(&self) -> Option<&str> {
        self.token.session_id()
    }

    /// Whose tokens have all ended; nobody's, where it is one session.
    pub fn ends_all_of(&self) -> Option<Subject> {
        self.subject()
            .filter(|_| self.ends_all || self.session_id().is_none())
    }

    /// The `jti`.
    pub fn id(&self) -> &str {
        self.token.token_id().unwrap_or_default()
    }

    /// The `iat`.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.token.issued_at()
    }

    /// All claims: a JSON object.
    pub fn claims_json(&self) -> &str {
        self.token.claims_json()
    }
}

impl fmt::Debug for LogoutToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogoutToken")
            .field("issuer", &self.issuer())
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
